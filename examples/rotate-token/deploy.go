package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"github.com/codeant-sdk/codeant"
)

// grace is how long the command may run on after a signal, and how long a process that it left behind may keep its
// output open.
const grace = 2 * time.Second

// maxOutput is how many bytes of the command's output are kept.
const maxOutput = 64 << 10

// runDeploy passes the value on standard input, where no other process can see it. The command's output is shown only
// if it fails, and Rotate masks the value in it. After a failure no process of the command is left running.
func runDeploy(ctx context.Context, command string, token codeant.Token) error {
	// shellCommand stops the command in two steps; the context alone would kill it at once.
	cmd := shellCommand(ctx, command)
	var output limited
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(token.Reveal()), &output, &output
	cmd.WaitDelay = grace
	err := cmd.Run()
	if ctx.Err() != nil { // even if the command has succeeded: the rotation must not go on
		killAll(cmd)
		return fmt.Errorf("the command was stopped: %w", context.Cause(ctx))
	}
	if err == nil {
		return nil
	}
	killAll(cmd)
	if errors.Is(err, exec.ErrWaitDelay) {
		return errors.New("the command has ended, but a process that it left behind still holds its output, so it may not be done: " +
			"let the command wait for it")
	}
	if printed := strings.TrimSpace(output.String()); printed != "" {
		return fmt.Errorf("the command failed: %w: %s", err, printed)
	}
	return fmt.Errorf("the command failed: %w", err)
}

// limited keeps the first maxOutput bytes that are written to it.
type limited struct{ strings.Builder }

func (l *limited) Write(p []byte) (int, error) {
	l.Builder.Write(p[:min(len(p), maxOutput-l.Len())])
	return len(p), nil
}
