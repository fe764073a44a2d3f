package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/codeanttest"
)

// scenario configures how the server behaves.
type scenario struct {
	name, help string
	options    []codeanttest.Option
	prepare    func(*codeanttest.Server)
}

func scenarios() []scenario {
	return []scenario{
		{"healthy", "scans find a little, gates pass", []codeanttest.Option{codeanttest.PendingPolls(1)}, findings},
		{
			"slow", "each answer takes a second, scans and gates 30 seconds",
			[]codeanttest.Option{codeanttest.ReadyAfter(30 * time.Second), codeanttest.Faults(slow)},
			findings,
		},
		{"gates-fail", "the gate for secrets fails", []codeanttest.Option{codeanttest.PendingPolls(1)}, failingGates},
		{"scan-fails", "scans and gates end with an error", []codeanttest.Option{codeanttest.PendingPolls(1)}, failingScans},
		{"flaky", "every second request meets a fault that passes", []codeanttest.Option{codeanttest.Faults(flaky)}, findings},
		{"down", "every request is 503", []codeanttest.Option{codeanttest.Faults(down)}, findings},
	}
}

func scenarioOf(name string) (scenario, error) {
	var names []string
	for _, s := range scenarios() {
		if s.name == name {
			return s, nil
		}
		names = append(names, s.name)
	}
	return scenario{}, fmt.Errorf("unknown scenario %q; -scenario takes %s", name, strings.Join(names, ", "))
}

func scenarioHelp() string {
	var b strings.Builder
	for _, s := range scenarios() {
		fmt.Fprintf(&b, "      %-11s %s\n", s.name, s.help)
	}
	return b.String()
}

// findings makes the scans of every commit find something.
func findings(server *codeanttest.Server) {
	for analysis, found := range map[codeant.Analysis]string{
		codeant.SAST: `[{"file_path":"src/cart.js","line_number":5,"check_id":"unsafe-reduce","severity":"medium",` +
			`"message":"Prices are not checked"}]`,
		codeant.SCA: `[{"package_name":"left-pad","version":"1.0.0","vulnerability_id":"CVE-2026-0001","severity":"low",` +
			`"fix_version":"1.0.1","file_path":"package-lock.json"}]`,
	} {
		server.SetFindings(codeant.Revision{}, analysis, json.RawMessage(found))
	}
}

func failingGates(server *codeanttest.Server) {
	findings(server)
	server.SetGates(codeant.Revision{}, map[string]string{"secret": "FAILED", "duplicate": "PASSED", "sast": "PASSED"})
}

func failingScans(server *codeanttest.Server) {
	server.FailScan(codeant.Revision{}, "the repository could not be cloned")
	server.SetGates(codeant.Revision{}, map[string]string{"secret": "ERROR"})
	server.SetGateStatus(codeant.Revision{}, "ERROR")
}

func slow(string, int) codeanttest.Fault { return codeanttest.Fault{Delay: time.Second} }

func down(string, int) codeanttest.Fault {
	return codeanttest.Fault{Status: http.StatusServiceUnavailable, Body: `{"message":"Service Unavailable"}`}
}

// flaky makes every second request of an operation fail, beginning with the first. Requests that are not safe to repeat
// only get a 429.
func flaky(op string, n int) codeanttest.Fault {
	onlyOnce := slices.Contains([]string{"tokens.create", "teams.create", "teams.members.add"}, op) || strings.HasSuffix(op, ".start")
	switch {
	case n%2 == 0:
		return codeanttest.Fault{}
	case onlyOnce:
		return codeanttest.Fault{Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"1"}}}
	case n%6 == 1:
		return codeanttest.ProxyPage()
	case n%6 == 3:
		return codeanttest.Fault{Reset: true}
	}
	return codeanttest.Fault{Truncate: true}
}
