package main

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/codeant-sdk/codeant/codeanttest"
	"github.com/codeant-sdk/codeant/examples/internal/pipelinetest"
)

func TestTheProgramTakesThePlaceOfStartScanSh(t *testing.T) {
	t.Parallel()
	runs := func(findings int, op string, faults []codeanttest.Fault, args ...string) func(*testing.T) pipelinetest.Outcome {
		return func(t *testing.T) (got pipelinetest.Outcome) {
			inBubble(t, nil, func(t *testing.T, w pipelinetest.World) {
				if op != "" {
					w.Server.Inject(op, faults...)
				}
				got = w.Run(t, run, args...)
			})
			total := 0
			if got.Result.Findings != nil {
				total = got.Result.Findings.Total
			}
			assert.Equal(t, findings, total)
			return got
		}
	}
	sast := func(findings int, body string, args ...string) func(*testing.T) pipelinetest.Outcome {
		return runs(findings, "scans.results.sast", []codeanttest.Fault{{Status: 200, Body: body}}, with(args...)...)
	}
	toTheEnd := func(fault codeanttest.Fault) func(*testing.T) pipelinetest.Outcome {
		return runs(0, "scans.results.sca", slices.Repeat([]codeanttest.Fault{fault}, 200), line...)
	}
	const high = `{"status":"done","results":[{"path":"a.go","severity":"high"}]}`
	gateway := []codeanttest.Fault{{Status: 504}}
	pipelinetest.Migrating(t, "start_scan.sh", usage, map[string]func(*testing.T) pipelinetest.Outcome{
		"all goes well":                                       runs(0, "", nil, line...),
		"the SAST analysis failed":                            sast(0, `{"status":"failed","results":[]}`),
		"one analysis is down to the end":                     toTheEnd(codeanttest.Fault{Status: 500}),
		"one analysis is pending to the end":                  toTheEnd(codeanttest.Fault{Status: 200, Body: `{"status":"pending"}`}),
		"an analysis answers PENDING in capitals at first":    sast(0, `{"status":"PENDING"}`),
		"the answer is a bare list":                           sast(1, `[{"path":"a.go","severity":"low"}]`),
		"the start answers 504":                               runs(0, "scans.start", gateway, line...),
		"the start answers 504, with `-n`":                    runs(0, "scans.start", gateway, with("-n")...),
		"a connection breaks while polling":                   runs(0, "scans.results.sast", []codeanttest.Fault{{Reset: true}}, line...),
		"the token may not read the results (403)":            runs(0, "scans.results.sast", []codeanttest.Fault{{Status: 403}}, line...),
		"a finding is of high severity":                       sast(1, high),
		"a finding is of high severity, with `-fail-on high`": sast(1, high, "-fail-on", "high"),
		"`--scanners sast,sca,iac`":                           runs(0, "", nil, with("--scanners", "sast,sca,iac")...),
		"a timeout that cannot be meant (`-t 9223372037`)":    runs(0, "", nil, with("-t", "9223372037")...),
	})
}
