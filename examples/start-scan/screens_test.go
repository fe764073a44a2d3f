package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/codeanttest"
	"github.com/codeant-sdk/codeant/examples/internal/pipelinetest"
)

const (
	inCode = `{"file_path":"services/payment/internal/checkout/handlers/create_order_with_discount.go","line_number":1412,"severity":"critical","check_id":"sql-injection","message":"A query is built from user input, which lets anyone read and change every order of the shop"},` +
		`{"file_path":"web/cart.js","line_number":5,"severity":"medium","check_id":"unsafe-reduce","message":"Prices are not checked"},` +
		`{"file_path":"日本語/設定.go","line_number":9,"severity":"low","check_id":"weak-hash","message":"MD5 is used for a cache key"}`
	inDependencies = `[{"package_name":"lodash","version":"4.17.20","severity":"high","vulnerability_id":"CVE-2021-23337","fix_version":"4.17.21"}]`
)

func findings(w pipelinetest.World, more int) {
	code := "[" + inCode
	for i := range more {
		code += fmt.Sprintf(`,{"file_path":"web/pages/page%02d.js","line_number":%d,"severity":"low","check_id":"no-var","message":"var is used"}`, i, i+1)
	}
	w.Server.SetFindings(revision, codeant.SAST, json.RawMessage(code+"]"))
	w.Server.SetFindings(revision, codeant.SCA, json.RawMessage(inDependencies))
}

// shot runs the program on a terminal of so many columns, or in a log of GitHub Actions.
func shot(t *testing.T, title string, columns int, prepare func(w pipelinetest.World), args ...string) (s pipelinetest.Shot) {
	inBubble(t, []codeanttest.Option{codeanttest.PendingPolls(1)}, func(t *testing.T, w pipelinetest.World) {
		if prepare != nil {
			prepare(w)
		}
		s = pipelinetest.Shot{Title: title, Command: "start-scan " + strings.Join(args, " ")}
		args = append(with(), args...)
		if columns == 0 {
			w.Env = map[string]string{"GITHUB_ACTIONS": "true"}
			got := w.Run(t, run, args...)
			s.Text = got.Stdout + got.Stderr
			return
		}
		w.Screen = pipelinetest.Terminal(columns)
		s.Text = pipelinetest.OnTerminal(w.Run(t, run, args...).Stdout, columns)
	})
	return s
}

func TestScreens(t *testing.T) {
	t.Parallel()
	some := func(w pipelinetest.World) { findings(w, 20) }
	down := func(w pipelinetest.World) {
		for range 200 {
			w.Server.Inject("scans.results.sca", codeanttest.Fault{Status: 500})
		}
	}
	pipelinetest.Screens(t, "start-scan", []pipelinetest.Shot{
		shot(t, "In a terminal of 80 columns, nothing found", 80, nil),
		shot(t, "In a terminal of 80 columns, with findings", 80, some, "-fail-on", "high"),
		shot(t, "In a terminal of 200 columns, with findings", 200, func(w pipelinetest.World) { findings(w, 0) }),
		shot(t, "In a terminal of 80 columns, an analysis is down", 80, down, "-scanners", "sca"),
		shot(t, "In a log of GitHub Actions, nothing found", 0, nil, "-scanners", "sca"),
		shot(t, "In a log of GitHub Actions, with findings", 0, func(w pipelinetest.World) { findings(w, 0) }, "-scanners", "sast", "-fail-on", "high"),
	})
}

func TestNoLineIsWiderThanTheTerminalButErrors(t *testing.T) {
	t.Parallel()
	for _, columns := range []int{80, 200} {
		inBubble(t, nil, func(t *testing.T, w pipelinetest.World) {
			findings(w, 40)
			w.Screen = pipelinetest.Terminal(columns)
			got := w.Run(t, run, line...)
			for line := range strings.Lines(pipelinetest.OnTerminal(got.Stdout, 1000)) {
				assert.LessOrEqual(t, len([]rune(strings.TrimSpace(line))), columns)
			}
			assert.Contains(t, got.Stdout, "\x1b[1;31mcritical\x1b[0m  ")
			w.Screen.Color = false
			assert.NotContains(t, w.Run(t, run, line...).Stdout, "\x1b[1;31m")
		})
	}
}
