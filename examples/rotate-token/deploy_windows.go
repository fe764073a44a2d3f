package main

import (
	"context"
	"os/exec"
	"syscall"
)

const (
	shell    = "cmd /C"
	onSignal = "Windows cannot pass a signal on: the command is ended at once."
)

// shellCommand runs a command in the shell of Windows, which parses the line itself. Windows has no signals to pass on,
// so the command is killed.
func shellCommand(ctx context.Context, command string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "cmd")
	cmd.SysProcAttr = &syscall.SysProcAttr{CmdLine: `cmd /S /C "` + command + `"`}
	return cmd
}

func killAll(*exec.Cmd) {}
