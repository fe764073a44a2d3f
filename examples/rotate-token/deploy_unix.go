//go:build unix

package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"syscall"

	"github.com/codeant-sdk/codeant/examples/internal/pipeline"
)

const (
	shell    = "sh -c"
	onSignal = "It gets the signal too, with all that it started, and 2 seconds to end."
)

// shellCommand runs a command in a process group of its own, so that a signal reaches all of it.
func shellCommand(ctx context.Context, command string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "sh", "-c", command)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error {
		sent := syscall.SIGTERM
		var stopped pipeline.Interrupted
		if errors.As(context.Cause(ctx), &stopped) && stopped.Signal == os.Interrupt {
			sent = syscall.SIGINT
		}
		err := syscall.Kill(-cmd.Process.Pid, sent)
		if errors.Is(err, syscall.ESRCH) {
			return os.ErrProcessDone
		}
		return err
	}
	return cmd
}

// killAll kills the rest of the command's process group, if any.
func killAll(cmd *exec.Cmd) {
	if cmd.Process != nil {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	}
}
