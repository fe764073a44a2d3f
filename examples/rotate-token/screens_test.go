//go:build !windows

package main

import (
	"strings"
	"testing"

	"github.com/codeant-sdk/codeant/examples/internal/pipelinetest"
)

// shot runs the program on a terminal of 80 columns, or in a log of GitHub Actions.
func shot(t *testing.T, title string, onTerminal bool, args ...string) pipelinetest.Shot {
	t.Helper()
	w := world(t)
	var typed []string // as in a shell, where the command of -deploy is one word
	for _, arg := range args {
		if strings.Contains(arg, " ") {
			arg = "'" + arg + "'"
		}
		typed = append(typed, arg)
	}
	s := pipelinetest.Shot{Title: title, Command: "rotate-token " + strings.Join(typed, " ")}
	if !onTerminal {
		w.Env = map[string]string{"GITHUB_ACTIONS": "true"}
		got := w.Run(t, run, args...)
		s.Text = got.Stdout + got.Stderr
		return s
	}
	w.Screen = pipelinetest.Terminal(80)
	s.Text = pipelinetest.OnTerminal(w.Run(t, run, args...).Stdout, 80)
	return s
}

func TestScreens(t *testing.T) {
	t.Parallel()
	rotate := []string{"-id", "tok_1", "-name", "ci", "-deploy"}
	good, bad := append(rotate, "cat > /dev/null"), append(rotate[:len(rotate):len(rotate)], "echo no access >&2; exit 3")
	pipelinetest.Screens(t, "rotate-token", []pipelinetest.Shot{
		shot(t, "In a terminal of 80 columns, the list of tokens", true),
		shot(t, "In a terminal of 80 columns, success", true, good...),
		shot(t, "In a terminal of 80 columns, the command fails", true, bad...),
		shot(t, "In a terminal of 80 columns, a dry run", true, append(good, "-dry-run")...),
		shot(t, "In a log of GitHub Actions, success", false, good...),
		shot(t, "In a log of GitHub Actions, the command fails", false, bad...),
	})
}
