package codeant_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant"
)

const (
	gatesStartURL   = "https://api.codeant.ai/analysis/ci/quality-gates/scan/start"
	gatesResultsURL = "https://api.codeant.ai/analysis/ci/quality-gates/scan/results"
)

func gatesAnswering(t *testing.T, answers ...httpmock.Responder) (*codeant.Client, *httpmock.MockTransport) {
	t.Helper()
	mock := httpmock.NewMockTransport()
	mock.RegisterResponder("POST", gatesStartURL, status(200, `{"scan_id":"s1"}`))
	mock.RegisterResponder("POST", gatesResultsURL, inOrder(answers...))
	return funnelClient(t, mock), mock
}

// inOrder answers one after the other, the last one again and again. One may still be at it when its request has ended.
func inOrder(answers ...httpmock.Responder) httpmock.Responder {
	var asked atomic.Int32
	return func(req *http.Request) (*http.Response, error) {
		return answers[min(int(asked.Add(1)), len(answers))-1](req)
	}
}

// words are what a gate may say, and the only verdict that each allows in a finished answer.
var words = []struct {
	gate string // the gate object; %s is the gate's key
	want codeant.Verdict
}{
	{`"%s":{"status":"PASSED"}`, codeant.VerdictPassed},
	{`"%s":{"status":"PASS"}`, codeant.VerdictPassed},
	{`"%s":{"status":"SUCCESS"}`, codeant.VerdictPassed},
	{`"%s":{"status":"SUCCEEDED"}`, codeant.VerdictPassed},
	{`"%s":{"status":"OK"}`, codeant.VerdictPassed},
	{`"%s":{"status":"passed"}`, codeant.VerdictPassed},
	{`"%s":{"status":"FAILED"}`, codeant.VerdictFailed},
	{`"%s":{"status":"failed"}`, codeant.VerdictFailed},
	{`"%s":{"status":"ERROR"}`, codeant.VerdictUndecided},
	{`"%s":{"status":null}`, codeant.VerdictUndecided},
	{`"%s":null`, codeant.VerdictUndecided},
	{`"%s":{}`, codeant.VerdictUndecided},
	{`"%s":[]`, codeant.VerdictUndecided},
	{`"%s":"PASSED"`, codeant.VerdictUndecided},
	{`"%s":{"status":""}`, codeant.VerdictUndecided},
	{`"%s":{"status":"SKIPPED"}`, codeant.VerdictUndecided},
	{`"%s":{"status":" PASSED"}`, codeant.VerdictUndecided},
	{`"%s":{"status":"paſſed"}`, codeant.VerdictUndecided},
	{`"%s":{"status":7}`, codeant.VerdictUndecided},
	{`"%s":{"status":true}`, codeant.VerdictUndecided},
	{`"%s":{"Status":"PASSED"}`, codeant.VerdictUndecided},
	{`"%s":{"status":"FAILED","status":"PASSED"}`, codeant.VerdictUndecided},
	{`"%s":{"status":"FAILED","STATUS":"PASSED"}`, codeant.VerdictUndecided},
	{`"%[1]s":{"status":"FAILED"},"%[1]s":{"status":"PASSED"}`, codeant.VerdictUndecided},
	{`"%[1]s":{"status":"PASSED"},"%[1]s":{"status":"PASSED"}`, codeant.VerdictUndecided},
	{`"X%[1]s":{"status":"PASSED"}`, codeant.VerdictUndecided}, // the key in another case
}

func TestNoAnswerPassesThatDoesNotSaySoOfEveryGate(t *testing.T) {
	t.Parallel()
	overall := map[string]string{
		"COMPLETED": `"status":"COMPLETED"`, "completed": `"status":"completed"`, "ERROR": `"status":"ERROR"`, "PENDING": `"status":"PENDING"`,
		"FAILED": `"status":"FAILED"`, "PASSED": `"status":"PASSED"`, "unknown": `"status":"FINISHED"`, "missing": `"x":1`, "null": `"status":null`,
		"doubled": `"status":"COMPLETED","status":"COMPLETED"`, "other case": `"Status":"COMPLETED"`,
	}
	passed := 0
	for name, state := range overall {
		completed := strings.EqualFold(name, "COMPLETED")
		for _, kind := range []string{"secret", "duplicate", "sast", "coverage"} {
			for _, word := range words {
				for _, sibling := range []string{"", `,"other_quality_gate":{"status":"PASSED"}`, `,"other_quality_gate":{"status":"SKIPPED"}`, `,"other_quality_gate":{"status":"FAILED"}`} {
					gate := fmt.Sprintf(word.gate, kind+"_quality_gate")
					gate = strings.Replace(gate, `"X`+kind, `"`+strings.ToUpper(kind), 1)
					body := "{" + state + "," + gate + sibling + "}"
					want := word.want
					switch {
					case !completed:
						want = codeant.VerdictUndecided
					case strings.Contains(sibling, "FAILED"):
						want = codeant.VerdictFailed
					case strings.Contains(sibling, "SKIPPED") && want == codeant.VerdictPassed:
						want = codeant.VerdictUndecided
					}
					client, _ := gatesAnswering(t, status(200, body))
					result, err := client.Gates.Results(t.Context(), shop)
					require.NoError(t, err, body)
					assert.Equal(t, want, result.Verdict(), body)
					switch want {
					case codeant.VerdictPassed:
						passed++
						assert.NoError(t, result.Err(), body)
					case codeant.VerdictFailed:
						assert.ErrorIs(t, result.Err(), codeant.ErrGateFailed, body)
					default:
						assert.ErrorIs(t, result.Err(), codeant.ErrGateUndecided, body)
					}
				}
			}
		}
		client, _ := gatesAnswering(t, status(200, "{"+state+"}"))
		result, err := client.Gates.Results(t.Context(), shop)
		require.NoError(t, err)
		assert.Equal(t, codeant.VerdictUndecided, result.Verdict(), "no gate at all")
	}
	assert.Equal(t, 2*4*6*2, passed, "two spellings of COMPLETED, four gates, six words, and no sibling or a passed one")
}

func TestZeroResultsAreUndecided(t *testing.T) {
	t.Parallel()
	assert.Equal(t, codeant.VerdictUndecided, (&codeant.GateResult{}).Verdict())
	assert.Equal(t, codeant.VerdictUndecided, (*codeant.GateResult)(nil).Verdict())
	assert.Equal(t, codeant.VerdictUndecided, (&codeant.GateResult{Status: "COMPLETED", Gates: []codeant.Gate{{}}}).Verdict())
	assert.ErrorIs(t, (*codeant.GateResult)(nil).Err(), codeant.ErrGateUndecided)
}

func TestGateErrorsNameGateAndWordAndTheWayOut(t *testing.T) {
	t.Parallel()
	for body, text := range map[string]string{
		`{"status":"COMPLETED","secret_quality_gate":{"status":"FAILED"},"duplicate_quality_gate":{"status":"PASSED"}}`:  `codeant: quality gate failed: gate "secret" answered "FAILED"`,
		`{"status":"COMPLETED","secret_quality_gate":{"status":"SKIPPED"},"duplicate_quality_gate":{"status":"PASSED"}}`: `codeant: quality gate undecided: gate "secret" answered "SKIPPED"; if such a status should count as passed, allow it with WithGatePolicy`,
		`{"status":"COMPLETED","secret_quality_gate":{}}`:                                                                `codeant: quality gate undecided: gate "secret" answered no status; if such a status should count as passed, allow it with WithGatePolicy`,
		`{"status":"COMPLETED"}`: "codeant: quality gate undecided: the status is COMPLETED, but the answer has no quality gate",
		`{"status":"ERROR","secret_quality_gate":{"status":"FAILED"}}`: `codeant: quality gate undecided: the status is "ERROR" (gate "secret" answered "FAILED")`,
		`{"x":1}`: "codeant: quality gate undecided: the answer has no status",
		`{"status":"COMPLETED","secret_quality_gate":{"status":"\u001b[31m::error::x"}}`: `codeant: quality gate undecided: gate "secret" answered "[31m::error::x"; if such a status should count as passed, allow it with WithGatePolicy`,
	} {
		client, _ := gatesAnswering(t, status(200, body))
		result, err := client.Gates.Results(t.Context(), shop)
		require.NoError(t, err)
		assert.EqualError(t, result.Err(), text)
	}
}

func TestFurtherPassWordsAreTheCallersDecision(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]codeant.Verdict{
		`{"status":"COMPLETED","secret_quality_gate":{"status":"skipped"}}`: codeant.VerdictPassed,
		`{"status":"COMPLETED","secret_quality_gate":{"status":"FAILED"}}`:  codeant.VerdictFailed,
		`{"status":"COMPLETED","secret_quality_gate":{"status":"OTHER"}}`:   codeant.VerdictUndecided,
	} {
		mock := httpmock.NewMockTransport()
		mock.RegisterResponder("POST", gatesResultsURL, status(200, body))
		result, err := funnelClient(t, mock, codeant.WithGatePolicy(codeant.GatePolicy{PassingStatuses: []string{"Skipped"}})).Gates.Results(t.Context(), shop)
		require.NoError(t, err)
		assert.Equal(t, want, result.Verdict())
	}
}

func TestOnlyABodyThatIsNoObjectIsABadResponse(t *testing.T) {
	t.Parallel()
	for _, body := range []string{`[]`, `null`, `"COMPLETED"`, `7`, `{"status":"COMPLETED"`} {
		client, _ := gatesAnswering(t, status(200, body))
		_, err := client.Gates.Results(t.Context(), shop)
		assert.ErrorIs(t, err, codeant.ErrBadResponse, body)
	}
	for code, kinds := range map[int][]error{204: {codeant.ErrNotReady}, 404: {codeant.ErrNotReady, codeant.ErrNotFound}} {
		client, _ := gatesAnswering(t, status(code, ""))
		_, err := client.Gates.Results(t.Context(), shop)
		for _, kind := range kinds {
			assert.ErrorIs(t, err, kind)
		}
	}
}

func TestGatesSendWhatTheScriptSends(t *testing.T) {
	t.Parallel()
	mock := httpmock.NewMockTransport()
	var bodies []string
	keep := func(answer string) httpmock.Responder {
		return func(req *http.Request) (*http.Response, error) {
			body, err := io.ReadAll(req.Body)
			bodies = append(bodies, string(body))
			return httpmock.NewStringResponse(200, answer), err
		}
	}
	mock.RegisterResponder("POST", gatesStartURL, keep(`{"scan_id":"s1","message":"queued"}`))
	mock.RegisterResponder("POST", gatesResultsURL, keep(`{"status":"PENDING"}`))
	client := funnelClient(t, mock)
	rev := shop
	rev.ProviderURL = "https://github.acme.example"
	started, err := client.Gates.Start(t.Context(), rev)
	require.NoError(t, err)
	assert.Equal(t, &codeant.Started{ID: "s1", Message: "queued", Raw: []byte(`{"scan_id":"s1","message":"queued"}`)}, started)
	_, err = client.Gates.Results(t.Context(), shop)
	require.NoError(t, err)
	require.Len(t, bodies, 2)
	assert.JSONEq(t, `{"repo":"acme/shop","service":"github","commit_id":"`+shop.Commit+`","base_url":"https://github.acme.example"}`, bodies[0])
	assert.JSONEq(t, `{"repo":"acme/shop","service":"github","commit_id":"`+shop.Commit+`"}`, bodies[1])
}

func TestALostStartIsQueuedOrUnknownAndNeverRepeated(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		answer httpmock.Responder
		want   *codeant.Started
		kind   error
	}{
		{status(504, `{"message":"Endpoint request timed out"}`), &codeant.Started{Unconfirmed: true, Message: "Endpoint request timed out"}, nil},
		{status(502, ""), nil, codeant.ErrUnknownOutcome},
		{httpmock.NewErrorResponder(io.ErrUnexpectedEOF), nil, codeant.ErrUnknownOutcome},
		{status(503, ""), nil, codeant.ErrUnavailable},
		{status(200, "oops"), nil, codeant.ErrUnknownOutcome},
		{status(200, `{"status":"error","message":"no"}`), nil, codeant.ErrBadResponse},
	} {
		mock := httpmock.NewMockTransport()
		mock.RegisterResponder("POST", gatesStartURL, tt.answer)
		mock.RegisterResponder("POST", "https://api.codeant.ai/api/analysis/start", tt.answer)
		client := funnelClient(t, mock)
		started, err := client.Gates.Start(t.Context(), shop)
		scan, scanErr := client.Scans.Start(t.Context(), codeant.ScanRequest{Revision: shop})
		assert.Equal(t, tt.want, started)
		assert.Equal(t, tt.want, scan)
		if tt.kind == nil {
			assert.NoError(t, err)
			assert.NoError(t, scanErr)
		} else {
			assert.ErrorIs(t, err, tt.kind)
			assert.ErrorIs(t, scanErr, tt.kind)
		}
		assert.Equal(t, 2, mock.GetTotalCallCount())
	}
}

const passes = `{"status":"COMPLETED","secret_quality_gate":{"status":"PASSED"}}`

func TestWaitingForGates(t *testing.T) {
	t.Parallel()
	pending := status(200, `{"status":"PENDING"}`)
	repeat := func(n int, answer httpmock.Responder) []httpmock.Responder {
		all := make([]httpmock.Responder, n)
		for i := range all {
			all[i] = answer
		}
		return all
	}
	for _, tt := range []struct {
		name    string
		answers []httpmock.Responder
		polls   int // requests
		took    [2]time.Duration
		kinds   []error
		not     []error
		text    string
	}{
		{"at once", []httpmock.Responder{status(200, passes)}, 1, [2]time.Duration{0, 0}, nil, nil, ""},
		{"after three rounds", append(repeat(3, pending), status(200, passes)), 4, [2]time.Duration{12 * time.Second, 16 * time.Second}, nil, nil, ""},
		{"not found at first", append(repeat(3, status(404, "")), status(200, passes)), 4, [2]time.Duration{12 * time.Second, 16 * time.Second}, nil, nil, ""},
		{"no content at first", append(repeat(3, status(204, "")), status(200, passes)), 4, [2]time.Duration{12 * time.Second, 16 * time.Second}, nil, nil, ""},
		{"an outage of a poll", []httpmock.Responder{pending, status(503, ""), status(503, ""), status(503, ""), pending, status(200, passes)}, 6, [2]time.Duration{10 * time.Second, 30 * time.Second}, nil, nil, ""},
		{"a busy server that says so", []httpmock.Responder{withHeader(429, "Retry-After", "90", ""), status(200, passes)}, 2, [2]time.Duration{90 * time.Second, 90 * time.Second}, nil, nil, ""},
		{"a server that wants more time than there is", []httpmock.Responder{withHeader(429, "Retry-After", "3600", "")}, 1, [2]time.Duration{0, 0}, []error{codeant.ErrRateLimited}, []error{codeant.ErrWaitTimeout}, ""},
		{"failed", []httpmock.Responder{pending, status(200, `{"status":"COMPLETED","secret_quality_gate":{"status":"FAILED"}}`)}, 2, [2]time.Duration{time.Second, 3 * time.Second}, []error{codeant.ErrGateFailed}, nil, `codeant: quality gate failed: gate "secret" answered "FAILED"`},
		{"error", []httpmock.Responder{status(200, `{"status":"ERROR"}`)}, 1, [2]time.Duration{0, 0}, []error{codeant.ErrGateUndecided}, []error{codeant.ErrWaitTimeout}, `codeant: quality gate undecided: the status is "ERROR"`},
		{"no gate", []httpmock.Responder{status(200, `{"status":"COMPLETED"}`)}, 1, [2]time.Duration{0, 0}, []error{codeant.ErrGateUndecided}, nil, ""},
		{"revoked", []httpmock.Responder{pending, status(401, "revoked")}, 2, [2]time.Duration{time.Second, 3 * time.Second}, []error{codeant.ErrTokenRevoked}, nil, ""},
		{"forbidden", []httpmock.Responder{status(403, "")}, 1, [2]time.Duration{0, 0}, []error{codeant.ErrForbidden}, nil, ""},
		{"a page of a proxy", []httpmock.Responder{status(200, "<html>")}, 1, [2]time.Duration{0, 0}, []error{codeant.ErrBadResponse}, nil, ""},
		{"never found", []httpmock.Responder{status(404, "")}, 0, [2]time.Duration{2 * time.Minute, 134 * time.Second}, []error{codeant.ErrNotFound}, []error{codeant.ErrWaitTimeout}, "codeant: gates.results: 404 Not Found (POST /analysis/ci/quality-gates/scan/results, host api.codeant.ai, 1 attempt); there is no result yet, or the repository, the commit or the base URL is wrong (still not found after 2m0s)"},
		{"down for good", []httpmock.Responder{status(503, "")}, 0, [2]time.Duration{20 * time.Second, time.Minute}, []error{codeant.ErrUnavailable}, []error{codeant.ErrWaitTimeout}, ""},
		{"pending to the end", []httpmock.Responder{pending}, 0, [2]time.Duration{298 * time.Second, 5 * time.Minute}, []error{codeant.ErrWaitTimeout, codeant.ErrGateUndecided}, []error{codeant.ErrGateFailed}, ""},
		{"a state nobody knows", []httpmock.Responder{status(200, `{"status":"PARKED","secret_quality_gate":{"status":"PASSED"}}`)}, 0, [2]time.Duration{298 * time.Second, 5 * time.Minute}, []error{codeant.ErrWaitTimeout, codeant.ErrGateUndecided}, nil, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				client, mock := gatesAnswering(t, tt.answers...)
				began := time.Now()
				result, err := client.Gates.Wait(t.Context(), shop, codeant.WaitOptions{})
				took := time.Since(began)

				if len(tt.kinds) == 0 {
					require.NoError(t, err)
					assert.Equal(t, codeant.VerdictPassed, result.Verdict())
				}
				for _, kind := range tt.kinds {
					assert.ErrorIs(t, err, kind)
				}
				for _, kind := range tt.not {
					assert.NotErrorIs(t, err, kind)
				}
				if tt.text != "" {
					assert.EqualError(t, err, tt.text)
				}
				if tt.polls > 0 {
					assert.Equal(t, tt.polls, mock.GetTotalCallCount())
				}
				assert.GreaterOrEqual(t, took, tt.took[0])
				assert.LessOrEqual(t, took, tt.took[1])
			})
		})
	}
}

func TestATimeoutTellsWhatWasSeenLast(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, _ := gatesAnswering(t, status(200, `{"status":"PENDING"}`), status(200, `{"status":"PENDING"}`), status(404, ""))
		result, err := client.Gates.Wait(t.Context(), shop, codeant.WaitOptions{Timeout: 4 * time.Second})
		assert.Equal(t, "PENDING", result.Status)
		assert.Regexp(t, `^codeant: gates\.results: no result in time after 3(\.\d)?s and 3 polls; the last status was "PENDING"; the last poll failed: gates\.results: 404 Not Found \(.*\); there is no result yet, .*; wait longer, or check again later: CodeAnt continues on its own$`, err.Error())
		assert.ErrorIs(t, err, codeant.ErrNotFound)
	})
}

func TestAVerdictCountsUnlessBothSidesNameTheScan(t *testing.T) {
	t.Parallel()
	const verdict = `"status":"COMPLETED","secret_quality_gate":{"status":"PASSED"}}`
	synctest.Test(t, func(t *testing.T) {
		client, mock := gatesAnswering(t, status(200, `{"scan_id":"s0",`+verdict))
		_, err := client.Gates.Wait(t.Context(), shop, codeant.WaitOptions{})
		assert.NoError(t, err, "Wait knows of no scan")
		assert.Equal(t, 1, mock.GetTotalCallCount())

		client, mock = gatesAnswering(t, status(200, `{`+verdict))
		_, err = client.Gates.Run(t.Context(), shop, codeant.WaitOptions{})
		assert.NoError(t, err, "the answer names no scan")
		assert.Equal(t, 2, mock.GetTotalCallCount())
	})
}

func TestAStatusUnderTwoKeysIsNone(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"status":"COMPLETED"}`:                      "COMPLETED",
		`{"status":"COMPLETED","status":"COMPLETED"}`: "a doubled key",
		`{"status":"COMPLETED","Status":"COMPLETED"}`: "a doubled key",
		`{"STATUS":"COMPLETED","Status":"COMPLETED"}`: "a doubled key",
		`{"Status":"COMPLETED"}`:                      "a key in another letter case",
		`{"status":7}`:                                "7 (not a string)",
		`{}`:                                          "",
	} {
		client, _ := gatesAnswering(t, status(200, body))
		result, err := client.Gates.Results(t.Context(), shop)
		require.NoError(t, err)
		assert.Equal(t, want, result.Status, body)
	}
}

func TestAVerdictOfAnotherScanIsWaitedOut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		stale := status(200, `{"scan_id":"s0","status":"COMPLETED","secret_quality_gate":{"status":"PASSED"}}`)
		fresh := status(200, `{"scan_id":"s1","status":"COMPLETED","secret_quality_gate":{"status":"FAILED"}}`)
		client, mock := gatesAnswering(t, stale, stale, fresh)
		_, err := client.Gates.Run(t.Context(), shop, codeant.WaitOptions{})
		assert.ErrorIs(t, err, codeant.ErrGateFailed)
		assert.Equal(t, 4, mock.GetTotalCallCount())
	})
}
