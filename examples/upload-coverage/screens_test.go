package main

import (
	"strings"
	"testing"

	"github.com/codeant-sdk/codeant/codeanttest"
	"github.com/codeant-sdk/codeant/examples/internal/pipelinetest"
)

// shot runs the program on a terminal of 80 columns, or in a log of GitHub Actions.
func shot(t *testing.T, title string, onTerminal bool, faults []codeanttest.Fault, args ...string) (s pipelinetest.Shot) {
	inBubble(t, func(t *testing.T, w pipelinetest.World) {
		w.Server.Inject("coverage.put", faults...)
		s = pipelinetest.Shot{Title: title, Command: "upload-coverage " + strings.Join(args, " ")}
		if !onTerminal {
			w.Env = map[string]string{"GITHUB_ACTIONS": "true"}
			got := w.Run(t, run, with(args...)...)
			s.Text = got.Stdout + got.Stderr
			return
		}
		w.Screen = pipelinetest.Terminal(80)
		s.Text = pipelinetest.OnTerminal(w.Run(t, run, with(args...)...).Stdout, 80)
	})
	return s
}

func TestScreens(t *testing.T) {
	two := []string{"-f", "web.info", "-m", "web", "-f", "api.info", "-m", "api"}
	refused, down := []codeanttest.Fault{{Status: 403}}, []codeanttest.Fault{{Status: 503}}
	var shots []pipelinetest.Shot
	t.Run("runs", func(t *testing.T) {
		t.Chdir(folder(t, map[string]string{"web.info": lcov, "api.info": lcov}))
		shots = []pipelinetest.Shot{
			shot(t, "In a terminal of 80 columns, success", true, nil, two...),
			shot(t, "In a terminal of 80 columns, the storage refuses one report", true, refused, two...),
			shot(t, "In a terminal of 80 columns, two reports of one module", true, nil, "-f", "web.info", "-f", "api.info"),
			shot(t, "In a log of GitHub Actions, the storage is down once", false, down, two...),
			shot(t, "In a log of GitHub Actions, the storage refuses one report", false, refused, two...),
		}
	})
	pipelinetest.Screens(t, "upload-coverage", shots)
}
