package codeant

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant/internal/jsonscan"
)

var documented = []string{
	`[]`, `[{"file_path":"a.js","line_number":3,"check_id":"x","severity":"HIGH","message":"m"}]`,
	`{"status":"pending"}`, `{"status":"done","issues":[{"path":"a"}]}`, `{"status":"done","results":[]}`, `{"status":"failed"}`,
	`{"results":{"a.py":[{"line_number":1}],"b.py":{"line":2}}}`,
	`{"status":"done","vulnerabilities":[{"package_name":"lodash","ratings":[{"severity":"low"}]}]}`,
	`{"status":"done","results":{"all_vulnerabilities":[],"healthy_packages":[]}}`,
	`{"results":{"secrets":[{"type":"Secret Keyword","filename":"/mnt/x/abc123def456/src/c.py","line_number":14,"confidence_score":"FALSE_POSITIVE"}],"secretsCount":1},"status":"done","commit_id":"abc123def456"}`,
	`{"results":{"sboms":[{"language":"Python","packages":[{"name":"requests","version":"2.28.0","spdxId":"Apache-2.0"}]}]},"status":"done"}`,
	`{"results":{"o/r/abc123def456/src/utils.py/anti_patterns.json":[{"line_number":42,"endLine":null,"message-id":"W0511","severity":"Minor"}]}}`,
	`{"status":"COMPLETED","secret_quality_gate":{"status":"FAILED"},"duplicate_quality_gate":{"status":"PASSED"}}`,
	`{"status":"COMPLETED","secret_quality_gate":{"status":"PASSED"},"secret_quality_gate":{"status":"FAILED"}}`,
	`{"status":"done","dead_code":{"python_dead_code":[{"path":"a.py","issues":[{"issue":"unused f"}]}],"js_dead_code":{"unused_files":["a"],"unused_exports":[["a",[{"name":"b"}]]]},"extra_dead_code":{"a.go":[{"message-id":"go:S1:x"}]}}}`,
	`{"results":[[{"fileName":"a.go","window":"[1-2]"},{"fileName":"b.go"}]]}`,
	`{"result":[{"results":{"failed_checks":[{"check_id":"K","file_line_range":[1,2]}]}}],"secrets":{"a":[{"type":"t"}]}}`,
	`{"scanId":"a","repoName":"o/r","status":"completed","results":[{"file":"a.py","issues":[{"start_line":45,"cwe_id":"CWE-916"}]}],"totalIssues":1}`,
}

func addDocumented(f *testing.F) {
	for _, body := range documented {
		f.Add([]byte(body))
	}
}

func document(body []byte) (jsonscan.Document, error) {
	fields, err := jsonscan.Parse(nil, body)
	return jsonscan.Document{Fields: fields, Value: body}, err
}

func FuzzDecodeScan(f *testing.F) {
	addDocumented(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		doc, err := document(body)
		if err != nil {
			return // the funnel refuses it before any decoder
		}
		for _, a := range analysesInOrder {
			results, err := decodeScan(a, doc, "abc123def456")
			var r *refusal
			switch {
			case err != nil && !errors.As(err, &r):
				t.Fatalf("%s: an error without a kind: %v", a, err)
			case err == nil && results == nil:
				t.Fatalf("%s: neither results nor an error", a)
			case results != nil:
				for _, finding := range results.Findings {
					if jsonscan.Check(finding.Raw) != nil || len(finding.Fingerprint()) != 32 {
						t.Fatalf("%s: a finding without its JSON: %q", a, finding.Raw)
					}
				}
			}
		}
	})
}

func FuzzDecodeGates(f *testing.F) {
	addDocumented(f)
	policy, err := newGatePolicy(GatePolicy{})
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, body []byte) {
		doc, err := document(body)
		if err != nil {
			return
		}
		result, err := decodeGates(doc, policy)
		if (err == nil) != (doc.Kind() == jsonscan.Object) {
			t.Fatalf("error %v for %q", err, body)
		}
		if (result.Err() == nil) != (result.Verdict() == VerdictPassed) {
			t.Fatalf("verdict %v with error %v", result.Verdict(), result.Err())
		}
		if result.Verdict() == VerdictPassed && len(result.Gates) == 0 {
			t.Fatal("passed without a gate")
		}
	})
}

func FuzzDecodeAgentScan(f *testing.F) {
	addDocumented(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		doc, err := document(body)
		if err != nil {
			return
		}
		results, err := decodeAgentScan(doc)
		if (results == nil) == (err == nil) {
			t.Fatalf("results %v with error %v", results, err)
		}
	})
}
