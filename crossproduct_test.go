package codeant_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant"
)

// method calls an operation, and says what is particular about its answers.
type method struct {
	call    func(context.Context, *codeant.Client) error
	good    string // an answer that it takes
	nothing bool   // it takes an empty answer too
	empty   error  // what an empty answer is, if not ErrBadResponse
	refused error  // what an answer is that says that it failed, if not ErrBadResponse
	failed  error  // what every error is, if there is only one
}

// methodOf returns the method of an operation. A declared operation without one fails the test.
func methodOf(t *testing.T, op codeant.DeclaredOperation) method {
	t.Helper()
	m, written := methods()[op.Variable]
	require.True(t, written, "methods in crossproduct_test.go has no row for %s: write one", op.Variable)
	return m
}

// methods has a row for each operation, by its variable.
func methods() map[string]method {
	type ctx = context.Context
	type client = *codeant.Client
	target := codeant.CoverageTarget{Revision: shop}
	author := codeant.DeveloperRequest{Organization: acme, Author: "a", Start: january, End: march}
	period := codeant.MetricsRequest{Organization: acme, Start: january, End: march}
	results := func(a codeant.Analysis) func(ctx, client) error {
		return func(x ctx, c client) error { _, err := c.Scans.Results(x, shop, a); return err }
	}
	const (
		scan    = `{"status":"done","results":[]}`
		sbom    = `{"status":"done","results":{"sboms":[]}}`
		team    = `{"status":"success","team":{"id":"t1","team_name":"core"}}`
		fine    = `{"status":"success"}`
		created = `{"value":"cdt_createdToken0123456789","token":{"id":"t1"}}`
	)
	return map[string]method{
		"opTokensCreate": {call: func(x ctx, c client) error {
			_, err := c.Tokens.Create(x, codeant.CreateTokenRequest{Name: "ci"})
			return err
		}, good: created},
		"opTokensList":   {call: func(x ctx, c client) error { _, err := c.Tokens.List(x); return err }, good: `{"tokens":[]}`},
		"opTokensRevoke": {call: func(x ctx, c client) error { return c.Tokens.Revoke(x, "t1") }, good: fine},
		"opCoveragePresign": {
			call: func(x ctx, c client) error { _, err := c.Coverage.Presign(x, target); return err },
			good: `{"coverage_url":"https://storage.example/r?X-Amz-Signature=1"}`,
		},
		"opCoverageComplete": {call: func(x ctx, c client) error { _, err := c.Coverage.Complete(x, target); return err }, good: `{}`, nothing: true},
		"opScansStart": {call: func(x ctx, c client) error {
			_, err := c.Scans.Start(x, codeant.ScanRequest{Revision: shop})
			return err
		}, good: `{}`, nothing: true},
		"opScansSAST":    {call: results(codeant.SAST), good: scan, empty: codeant.ErrNotReady},
		"opScansSCA":     {call: results(codeant.SCA), good: scan, empty: codeant.ErrNotReady},
		"opScansSecrets": {call: results(codeant.Secrets), good: `{"status":"done","results":{"secrets":[]}}`, empty: codeant.ErrNotReady},
		"opScansSBOM":    {call: results(codeant.SBOM), good: sbom, empty: codeant.ErrNotReady},
		// What the newer path said counts where the older one has no result.
		"opScansSBOMOlder":        {call: results(codeant.SBOM), good: sbom, failed: codeant.ErrNotFound},
		"opScansAntiPatterns":     {call: results(codeant.AntiPatterns), good: `{"results":{}}`, empty: codeant.ErrNotReady},
		"opScansIaC":              {call: results(codeant.IaC), good: scan, empty: codeant.ErrNotReady},
		"opScansDeadCode":         {call: results(codeant.DeadCode), good: `{"status":"done","dead_code":{"python_dead_code":{}}}`, empty: codeant.ErrNotReady},
		"opScansDuplicateCode":    {call: results(codeant.DuplicateCode), good: scan, empty: codeant.ErrNotReady},
		"opScansDocstrings":       {call: results(codeant.Docstrings), good: scan, empty: codeant.ErrNotReady},
		"opScansComplexFunctions": {call: results(codeant.ComplexFunctions), good: scan, empty: codeant.ErrNotReady},
		"opScansDismissals": {call: func(x ctx, c client) error {
			_, err := c.Scans.Dismissals(x, shop.Repo, codeant.SAST)
			return err
		}, good: `{"data":{}}`},
		"opAccountVerify": {
			call: func(x ctx, c client) error { _, err := c.Account.Verify(x); return err },
			good: `{"status":"success","data":{"email":"a@acme.example"}}`,
		},
		"opAccountRepositories": {
			call: func(x ctx, c client) error { _, err := c.Account.Repositories(x, acme); return err },
			good: `{"status":"success","repos":[]}`,
		},
		"opScansHistory": {call: func(x ctx, c client) error { _, err := c.Scans.History(x, shop); return err }, good: `{"scans":[]}`},
		"opGatesStart":   {call: func(x ctx, c client) error { _, err := c.Gates.Start(x, shop); return err }, good: `{}`, nothing: true},
		"opGatesResults": {
			call: func(x ctx, c client) error {
				result, err := c.Gates.Results(x, shop)
				if err != nil {
					return err
				}
				return result.Err()
			},
			good: `{"status":"COMPLETED","a_quality_gate":{"status":"PASSED"}}`, refused: codeant.ErrGateUndecided, empty: codeant.ErrNotReady,
		},
		"opAgentsStart": {call: func(x ctx, c client) error {
			_, err := c.Agents.Start(x, codeant.AgentScanRequest{Revision: shop, Prompt: "threat_hunting"})
			return err
		}, good: `{"scanId":"a1"}`},
		"opAgentsResults": {call: func(x ctx, c client) error { _, err := c.Agents.Results(x, shop.Repo, "a1"); return err }, good: scan, empty: codeant.ErrNotReady},
		"opAgentsHistory": {call: func(x ctx, c client) error { _, err := c.Agents.History(x, shop.Repo); return err }, good: `{"scans":[]}`},
		"opTeamsList": {call: func(x ctx, c client) error {
			_, err := c.Teams.List(x, codeant.ListTeamsRequest{Organization: acme})
			return err
		}, good: `{"success":true,"teams":[]}`},
		"opTeamsGet": {call: func(x ctx, c client) error { _, err := c.Teams.Get(x, acme, "t1"); return err }, good: team},
		"opTeamsCreate": {call: func(x ctx, c client) error {
			_, err := c.Teams.Create(x, codeant.CreateTeamRequest{Organization: acme, Name: "core"})
			return err
		}, good: team},
		"opTeamsUpdate": {call: func(x ctx, c client) error {
			_, err := c.Teams.Update(x, codeant.UpdateTeamRequest{Organization: acme, ID: "t1", Leads: []string{"a"}})
			return err
		}, good: team},
		"opTeamsDelete": {call: func(x ctx, c client) error {
			return c.Teams.Delete(x, codeant.DeleteTeamRequest{Organization: acme, ID: "t1"})
		}, good: fine},
		"opTeamsAddMember": {call: func(x ctx, c client) error {
			_, err := c.Teams.AddMember(x, codeant.AddTeamMemberRequest{Organization: acme, TeamID: "t1", Member: codeant.NewTeamMember{Login: "a"}})
			return err
		}, good: fine},
		"opTeamsRemoveMember": {call: func(x ctx, c client) error {
			_, err := c.Teams.RemoveMember(x, codeant.RemoveTeamMemberRequest{Organization: acme, TeamID: "t1", Login: "a"})
			return err
		}, good: fine},
		"opMetricsActive":       {call: func(x ctx, c client) error { _, err := c.Metrics.ActiveDevelopers(x, period); return err }, good: `{"active_developers":[]}`},
		"opMetricsPullRequests": {call: func(x ctx, c client) error { _, err := c.Metrics.PullRequests(x, period); return err }, good: `{"developer_pr_data":[]}`},
		"opMetricsComparison":   {call: func(x ctx, c client) error { _, err := c.Metrics.Comparison(x, author); return err }, good: `{"org_context":{},"developer":{}}`},
		"opMetricsSummary": {call: func(x ctx, c client) error {
			_, err := c.Metrics.Summary(x, codeant.SummaryRequest{Organization: acme, Author: "a", Start: january, End: march})
			return err
		}, good: `{}`},
	}
}

// peerFault is what a request meets instead of its answer.
type peerFault struct {
	respond func() (*http.Response, error) // on a fake transport
	again   bool                           // an idempotent operation is sent again
	always  bool                           // any operation is
	unknown bool                           // for an operation that is not idempotent, nobody knows the outcome
	kind    error
	refuses bool // kind is the method's own, if it has one
	nothing bool // methods that take an empty answer succeed
	most    int  // requests, if the operation is sent again and the fault stays; 0 is 3
}

// sent returns how many requests the peer sees.
func (f peerFault) sent(idempotent, forever bool) int {
	switch again := f.always || f.again && idempotent; {
	case again && forever:
		return cmp.Or(f.most, 3)
	case again:
		return 2
	}
	return 1
}

func peerFaults() map[string]peerFault {
	answer := func(code int, contentType, body string) func() (*http.Response, error) {
		return func() (*http.Response, error) { return response(code, contentType, strings.NewReader(body)), nil }
	}
	fails := func(err error) func() (*http.Response, error) {
		return func() (*http.Response, error) { return nil, err }
	}
	const (
		asJSON  = "application/json"
		hidden  = `"value":"` + canary + `","results":[{"match":"` + canary + `"}],"token":"` + canary + `"`
		refusal = `{"success":false,"error":"echo of ` + funnelToken + `",` + hidden + `}`
		page    = `<html><head><title>Bad gateway</title><script>` + canary + `</script></head><body data-x="` + canary + `">` + funnelToken + `</body></html>`
	)
	return map[string]peerFault{
		"503":         {respond: answer(503, asJSON, refusal), again: true, kind: codeant.ErrUnavailable},
		"HTML 502":    {respond: answer(502, "text/html", page), again: true, unknown: true, kind: codeant.ErrUnavailable},
		"429":         {respond: answer(429, asJSON, refusal), again: true, always: true, kind: codeant.ErrRateLimited},
		"reset":       {respond: fails(&net.OpError{Op: "read", Err: syscall.ECONNRESET}), again: true, unknown: true, kind: codeant.ErrUnavailable},
		"end of file": {respond: fails(io.EOF), again: true, unknown: true, kind: codeant.ErrUnavailable},
		"truncated": {respond: func() (*http.Response, error) {
			half := io.MultiReader(strings.NewReader(`{"status":"done",`+hidden), brokenBody{io.ErrUnexpectedEOF})
			return response(200, asJSON, half), nil
		}, again: true, unknown: true, kind: codeant.ErrUnavailable},
		"HTTP/2 reset": {
			respond: fails(errors.New("stream error: stream ID 3; INTERNAL_ERROR; received from peer")),
			again:   true, unknown: true, kind: codeant.ErrUnavailable,
		},
		"HTTP/2 refused stream": {
			respond: fails(errors.New("stream error: stream ID 3; REFUSED_STREAM; received from peer")),
			again:   true, always: true, kind: codeant.ErrUnavailable,
		},
		"101":                      {respond: answer(101, "", ""), kind: codeant.ErrBadResponse},
		"200 that says it failed":  {respond: answer(200, asJSON, refusal), unknown: true, kind: codeant.ErrBadResponse, refuses: true},
		"empty 200":                {respond: answer(200, asJSON, ""), unknown: true, kind: codeant.ErrBadResponse, nothing: true},
		"204":                      {respond: answer(204, "", ""), unknown: true, kind: codeant.ErrBadResponse, nothing: true},
		"200 that is half of JSON": {respond: answer(200, asJSON, `{"status":"done",`+hidden), unknown: true, kind: codeant.ErrBadResponse},
	}
}

// brokenBody is a body that breaks off.
type brokenBody struct{ err error }

func (b brokenBody) Read([]byte) (int, error) { return 0, b.err }

func response(code int, contentType string, body io.Reader) *http.Response {
	return &http.Response{
		StatusCode: code, Header: http.Header{"Content-Type": {contentType}, "X-Request-Id": {"r-1 " + funnelToken}},
		Body: io.NopCloser(body), ContentLength: -1,
	}
}

// faultyPeer answers one operation's path with a fault, the first time or always, and counts its requests. It knows no
// other path.
type faultyPeer struct {
	path, good string
	fault      peerFault
	forever    bool
	requests   int
	others     int // requests of other paths
}

func (p *faultyPeer) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		_, _ = io.Copy(io.Discard, req.Body)
	}
	if req.URL.Path != p.path {
		p.others++
		return response(404, "application/json", strings.NewReader("{}")), nil
	}
	if p.requests++; p.forever || p.requests == 1 {
		return p.fault.respond()
	}
	return response(200, "application/json", strings.NewReader(p.good)), nil
}

func TestEveryOperationMeetsEveryFaultOnceAndForEver(t *testing.T) {
	t.Parallel()
	for _, op := range codeant.DeclaredOperations(t) {
		m := methodOf(t, op)
		for name, fault := range peerFaults() {
			for _, forever := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s, %s, for ever %t", op.Variable, name, forever), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) { meet(t, op, m, fault, forever) })
				})
			}
		}
	}
}

func meet(t *testing.T, op codeant.DeclaredOperation, m method, fault peerFault, forever bool) {
	peer := &faultyPeer{path: op.Path, good: m.good, fault: fault, forever: forever}
	var log bytes.Buffer
	client := funnelClient(t, peer, codeant.WithLogger(slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))))

	err := m.call(t.Context(), client)

	judge(t, op, m, fault, forever, err, peer.requests, log.String())
}

// judge checks how a call of an operation ended that met a fault, how many requests the peer saw, and what was printed.
func judge(t *testing.T, op codeant.DeclaredOperation, m method, fault peerFault, forever bool, err error, requests int, log string) {
	t.Helper()
	assert.Equal(t, fault.sent(op.Idempotent, forever), requests)
	if requests > 1 && !forever || fault.nothing && m.nothing {
		assert.NoError(t, err)
		err = errors.New("none")
	} else {
		require.Error(t, err)
		assert.ErrorIs(t, err, m.kind(fault))
		assert.Equal(t, fault.unknown && !op.Idempotent, errors.Is(err, codeant.ErrUnknownOutcome), "the outcome is unknown")
		assert.NotContains(t, err.Error(), "\n")
	}
	printed := everyForm(t, err) + log
	assert.NotContains(t, printed, canary)
	assert.NotContains(t, printed, funnelToken)
}

// kind is what the error is that the fault ends in.
func (m method) kind(fault peerFault) error {
	switch {
	case m.failed != nil:
		return m.failed
	case fault.refuses && m.refused != nil:
		return m.refused
	case fault.nothing && m.empty != nil:
		return m.empty
	}
	return fault.kind
}

func TestEveryMethodOfTheFaultTestTakesItsGoodAnswer(t *testing.T) {
	t.Parallel()
	for _, op := range codeant.DeclaredOperations(t) {
		m := methodOf(t, op)
		peer := &faultyPeer{path: op.Path, good: m.good, requests: 1}
		assert.NoError(t, m.call(t.Context(), funnelClient(t, peer)), op.Variable)
		assert.Equal(t, 2, peer.requests, op.Variable)
	}
}

// The upload is the one request that is not of an operation: its peer is the storage.
func TestTheUploadMeetsEveryFaultOnceAndForEver(t *testing.T) {
	t.Parallel()
	const report = "SF:a.go\nDA:1,1\nend_of_record\n"
	for name, fault := range peerFaults() {
		for _, forever := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, for ever %t", name, forever), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					storage := &faultyPeer{path: "/r", good: "", fault: fault, forever: forever}
					completed := 0
					peers := roundTripper(func(req *http.Request) (*http.Response, error) {
						switch req.URL.Path {
						case "/r":
							assert.Empty(t, req.Header.Get("Authorization"))
							return storage.RoundTrip(req)
						case "/pr/analysis/coverage/complete":
							completed++
							return response(200, "application/json", strings.NewReader("{}")), nil
						}
						return response(200, "application/json", strings.NewReader(`{"coverage_url":"https://storage.example/r?X-Amz-Signature=`+signature+`"}`)), nil
					})
					var log bytes.Buffer
					client := funnelClient(t, peers, codeant.WithLogger(slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))))

					_, err := client.Coverage.Upload(t.Context(), codeant.CoverageUpload{Revision: shop, Body: strings.NewReader(report)})

					assert.Equal(t, fault.sent(true, forever), storage.requests)
					if fault.again && !forever || fault.nothing {
						assert.NoError(t, err)
						assert.Equal(t, 1, completed)
						err = errors.New("none")
					} else {
						assert.ErrorIs(t, err, codeant.ErrStorage)
						assert.Zero(t, completed, "only a stored report is completed")
					}
					printed := everyForm(t, err) + log.String()
					for _, secret := range []string{canary, funnelToken, signature} {
						assert.NotContains(t, printed, secret)
					}
				})
			})
		}
	}
}

const signature = "c0ffee5167"
