package main

import (
	"slices"
	"testing"

	"github.com/codeant-sdk/codeant/codeanttest"
	"github.com/codeant-sdk/codeant/examples/internal/pipelinetest"
)

func TestTheProgramTakesThePlaceOfQualityGatesSh(t *testing.T) {
	t.Parallel()
	runs := func(op string, faults []codeanttest.Fault, args ...string) func(*testing.T) pipelinetest.Outcome {
		return func(t *testing.T) (got pipelinetest.Outcome) {
			inBubble(t, nil, func(t *testing.T, w pipelinetest.World) {
				w.Server.SetGates(revision, map[string]string{"secret": "PASSED"})
				if op != "" {
					w.Server.Inject(op, faults...)
				}
				got = w.Run(t, run, args...)
			})
			return got
		}
	}
	answers := func(body string, more ...string) func(*testing.T) pipelinetest.Outcome {
		return runs("gates.results", []codeanttest.Fault{{Status: 200, Body: body}}, with(append([]string{"-o", "results"}, more...)...)...)
	}
	polls := func(fault codeanttest.Fault, times int) func(*testing.T) pipelinetest.Outcome {
		return runs("gates.results", slices.Repeat([]codeanttest.Fault{fault}, times), with("-o", "results")...)
	}
	pipelinetest.Migrating(t, "quality_gates.sh", usage, map[string]func(*testing.T) pipelinetest.Outcome{
		"every gate passed":                 runs("", nil, with("-o", "run")...),
		"the gate of secrets failed":        answers(`{"status":"COMPLETED","secret_quality_gate":{"status":"FAILED"}}`),
		"another gate failed, such as SAST": answers(`{"status":"COMPLETED","secret_quality_gate":{"status":"PASSED"},"sast_quality_gate":{"status":"FAILED"}}`),
		"a gate answers SKIPPED":            answers(`{"status":"COMPLETED","secret_quality_gate":{"status":"SKIPPED"}}`),
		"a gate answers WARNING, which is allowed with `-passing-status`": answers(
			`{"status":"COMPLETED","secret_quality_gate":{"status":"WARNING"}}`, "-passing-status", "WARNING",
		),
		"the answer has no gates":                answers(`{"status":"COMPLETED"}`),
		"the analysis ends with ERROR":           answers(`{"status":"ERROR","message":"clone failed"}`),
		"the start answers 504":                  runs("gates.start", []codeanttest.Fault{{Status: 504}}, line...),
		"one 503 while polling":                  polls(codeanttest.Fault{Status: 503}, 1),
		"one 429 while polling":                  polls(codeanttest.Fault{Status: 429}, 1),
		"a connection breaks while polling":      polls(codeanttest.Fault{Reset: true}, 1),
		"a status that nobody knows, to the end": polls(codeanttest.Fault{Status: 200, Body: `{"status":"PARKED"}`}, 100),
		"still pending at the end":               polls(codeanttest.Fault{Status: 200, Body: `{"status":"PENDING"}`}, 100),
		"the token is refused":                   polls(codeanttest.Fault{Status: 401}, 3),
		"an unknown flag":                        runs("", nil, with("-x")...),
	})
}
