package main

import (
	"strings"
	"testing"

	"github.com/codeant-sdk/codeant/codeanttest"
	"github.com/codeant-sdk/codeant/examples/internal/pipelinetest"
)

// shot runs the program on a terminal of 80 columns, or in a log of GitHub Actions.
func shot(t *testing.T, title string, onTerminal bool, prepare func(w pipelinetest.World), args ...string) (s pipelinetest.Shot) {
	inBubble(t, []codeanttest.Option{codeanttest.PendingPolls(1)}, func(t *testing.T, w pipelinetest.World) {
		prepare(w)
		s = pipelinetest.Shot{Title: title, Command: "quality-gates " + strings.Join(args, " ")}
		args = append(with(), args...)
		if !onTerminal {
			w.Env = map[string]string{"GITHUB_ACTIONS": "true"}
			got := w.Run(t, run, args...)
			s.Text = got.Stdout + got.Stderr
			return
		}
		w.Screen = pipelinetest.Terminal(80)
		s.Text = pipelinetest.OnTerminal(w.Run(t, run, args...).Stdout, 80)
	})
	return s
}

func TestScreens(t *testing.T) {
	t.Parallel()
	gates := func(all map[string]string) func(pipelinetest.World) {
		return func(w pipelinetest.World) { w.Server.SetGates(revision, all) }
	}
	passed := gates(map[string]string{"secret": "PASSED", "sast": "PASSED"})
	failed := gates(map[string]string{"secret": "FAILED", "duplicate": "PASSED"})
	unclear := gates(map[string]string{"secret": "PASSED", "sast": "SKIPPED"})
	gateway := func(w pipelinetest.World) { w.Server.Inject("gates.start", codeanttest.Fault{Status: 504}) }
	pipelinetest.Screens(t, "quality-gates", []pipelinetest.Shot{
		shot(t, "In a terminal of 80 columns, passed", true, passed, "-o", "run"),
		shot(t, "In a terminal of 80 columns, failed", true, failed, "-o", "run"),
		shot(t, "In a terminal of 80 columns, undecided", true, unclear, "-o", "run"),
		shot(t, "In a terminal of 80 columns, a start that is not confirmed", true, gateway, "-o", "start"),
		shot(t, "In a log of GitHub Actions, passed", false, passed, "-o", "run"),
		shot(t, "In a log of GitHub Actions, failed", false, failed, "-o", "run"),
	})
}
