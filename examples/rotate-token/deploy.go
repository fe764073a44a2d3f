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

// grace is how long the command may go on after a signal, and how long what it left behind may hold its output.
const grace = 2 * time.Second

// maxOutput is how much of what the command prints is kept.
const maxOutput = 64 << 10

// runDeploy hands the value over on standard input, where no other process sees it. What the command prints is shown
// only if it fails; Rotate masks the value in it. Nothing of the command goes on after a failure.
func runDeploy(ctx context.Context, command string, token codeant.Token) error {
	// The command ends by way of stop, which has two steps; the context alone would kill at once.
	cmd := shellCommand(ctx, command)
	var output limited
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(token.Reveal()), &output, &output
	cmd.WaitDelay = grace
	err := cmd.Run()
	if ctx.Err() != nil { // even if the command succeeded meanwhile: the rotation is not to go on
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

// limited keeps the beginning of what is written to it.
type limited struct{ strings.Builder }

func (l *limited) Write(p []byte) (int, error) {
	l.Builder.Write(p[:min(len(p), maxOutput-l.Len())])
	return len(p), nil
}
