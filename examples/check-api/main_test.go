package main

import (
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/codeanttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var asked = codeant.Revision{
	Provider: codeant.GitHub, Repo: "acme/canaryrepo", Commit: "8f3b2c1d9e7a6b5c4d3e2f1a0b9c8d7e6f5a4b3c", Branch: "canarybranch",
}

// canaries fills a server with values that no output may hold.
func canaries(server *codeanttest.Server) {
	finding := `{"file_path":"canary/file.py","line_number":77001,"check_id":"canary-id","severity":"high","message":"canary message",` +
		`"context_code_block":"canary code","canaryKey9":"x","nested":{"canary/path.py":{"canary":["canary"]}}}`
	for _, analysis := range []codeant.Analysis{
		codeant.SAST, codeant.AntiPatterns, "docstring", "complex_functions", "iac", "dead_code",
	} {
		server.SetFindings(asked, analysis, json.RawMessage("["+finding+"]"))
	}
	server.SetFindings(asked, codeant.Secrets, json.RawMessage(`[{"path":"canary.env","type":"canary key","hashed_secret":"canary","confidence_score":"HIGH"}]`))
	server.SetFindings(asked, codeant.SCA, json.RawMessage(`[{"package_name":"canary","version":"canary"}]`))
	server.SetFindings(asked, codeant.SBOM, json.RawMessage(`[{"name":"canary","version":"canary"}]`))
	server.SetFindings(asked, "duplicate_code", json.RawMessage(`[[{"fileName":"canary.go","window":"[5-9]"}]]`))
	server.Dismiss(asked, codeant.SAST, 0, "canary reason", "canary comment")
	server.SetRepositories(codeant.Organization{Provider: codeant.GitHub, Name: "acme"},
		json.RawMessage(`[{"full_name":"acme/canaryrepo","description":"canary","owner":{"login":"canary"}}]`))
	server.SetAgentFindings(asked.Repo, json.RawMessage(`[{"file":"canary.py","issues":[{"one_sentence_summary":"canary"}]}]`))
	server.Handle("POST /api/metrics/developer/comparison/get", body(
		`{"metric":"dev_comparison","platform":"azure_devops","org":"acme","author":"canarylogin","org_context":{"canarylogin":{"canary":1}},"developer":{"canarylogin":"canary"}}`))
	server.Handle("POST /api/metrics/developer/prs/get", body(
		`{"metric":"developer_pr_data","platform":"azure_devops","org":"acme","start_date":"2026-01-01","end_date":"2026-01-31","total_count":1,`+
			`"developer_pr_data":[{"login":"canarylogin","name":"Canary","repository_prs":{"canaryrepo":77002},"prs_detail":[{"title":"canary"}]}]}`))
}

func body(text string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=canary")
		w.Header().Set("X-Canary", "canary")
		_, _ = w.Write([]byte(text))
	})
}

type outcome struct {
	text string
	doc  document
	err  error
}

func (o outcome) row(t *testing.T, op string) row {
	t.Helper()
	for _, r := range o.doc.Rows {
		if r.Op == op {
			return r
		}
	}
	require.Fail(t, "no row", op)
	return row{}
}

func (o outcome) question(t *testing.T, part string) question {
	t.Helper()
	for _, q := range o.doc.Questions {
		if strings.Contains(q.Question, part) {
			return q
		}
	}
	require.Fail(t, "no question", part)
	return question{}
}

// runAgainst runs the program against a server and looks for what may not be in its output.
func runAgainst(t *testing.T, server *codeanttest.Server, extra ...string) outcome {
	t.Helper()
	file := filepath.Join(t.TempDir(), "report.json")
	args := append([]string{
		"-repo", asked.Repo, "-commit", asked.Commit, "-branch", asked.Branch, "-author", "canarylogin", "-report", file,
	}, extra...)
	var out strings.Builder
	err := run(t.Context(), args, &out, codeant.WithBaseURL(server.URL()), codeant.WithToken(server.Token().Reveal()))
	written, readErr := os.ReadFile(file)
	require.NoError(t, readErr)
	o := outcome{text: out.String(), err: err}
	require.NoError(t, json.Unmarshal(written, &o.doc))
	for _, text := range []string{o.text, string(written)} {
		lower := strings.ToLower(text)
		for _, secret := range []string{"canary", "7700", "acme", asked.Commit, "127.0.0.1", "amz-signature", server.Token().Reveal(), server.Token().Last4()} {
			assert.False(t, strings.Contains(lower, strings.ToLower(secret)), "the output holds %q", secret)
		}
	}
	return o
}

func TestItAsksEveryEndpointThatReads(t *testing.T) {
	t.Parallel()
	server := codeanttest.NewServer(t)
	canaries(server)
	server.SetGates(asked, map[string]string{"secret": "PASSED", "sast": "PASSED"})
	client, err := server.Client()
	require.NoError(t, err)
	_, err = client.Agents.Start(t.Context(), codeant.AgentScanRequest{Revision: asked, Prompt: "canary prompt"})
	require.NoError(t, err)
	acme := codeant.Organization{Provider: codeant.GitHub, Name: "acme"}
	_, err = client.Teams.Create(t.Context(), codeant.CreateTeamRequest{Organization: acme, Name: "canary team", Tags: []string{"canary"}})
	require.NoError(t, err)

	o := runAgainst(t, server)
	require.NoError(t, o.err)
	got := map[string]bool{}
	for _, r := range server.Requests() {
		got[r.Op] = true
		assert.NotContains(t, []string{"scans.start", "gates.start", "tokens.create", "tokens.revoke", "coverage.presign"}, r.Op)
	}
	for _, op := range []string{
		"tokens.list", "scans.results.sast", "scans.results.sca", "scans.results.secrets", "scans.results.sbom", "scans.results.antipatterns",
		"scans.history", "gates.results", "agents.history", "agents.results", "teams.list", "teams.get",
		"metrics.active_developers", "metrics.summary", "account.verify",
		"account.repositories", "extension.history", "scans.results.iac", "scans.results.docstring", "scans.results.complex_functions",
		"scans.results.dead_code", "scans.results.duplicate_code", "scans.dismissals",
	} {
		assert.True(t, got[op], op)
		r := o.row(t, op)
		assert.Equal(t, 200, r.Status, op)
		assert.Equal(t, decoderTook, r.Decoder, op)
		assert.Equal(t, "application/json", r.ContentType, op)
	}
	assert.Equal(t, row{Op: "scans.start", Evidence: "documented", NotAsked: "needs -write"}, o.row(t, "scans.start"))
	assert.JSONEq(t, `{"status":"string done","results":[{"file_path":"string","line_number":"number","check_id":"string","severity":"string high",
		"message":"string","context_code_block":"string","*":"string","nested":{"*":{"*":["string"]}},"is_dismissed":"boolean",
		"reason_for_dismiss":"string","comment_for_dismiss":"string"}]}`, compact(o.row(t, "scans.results.sast").Shape))
	assert.JSONEq(t, `{"metric":"string","platform":"string azure_devops","org":"string","author":"string","org_context":{"*":{"*":"number"}},
		"developer":{"*":"string"}}`, compact(shapeOf([]byte(`{"metric":"dev_comparison","platform":"azure_devops","org":"acme","author":"x",
		"org_context":{"canarylogin":{"canary":1}},"developer":{"canarylogin":"canary"}}`), []string{"canarylogin"})))
	assert.Contains(t, o.text, "\nsettled  Which word does a gate have that passed? PASSED\n")
	assert.Equal(t, "metrics.comparison: azure_devops, metrics.pull_requests: azure_devops", o.question(t, "Azure").Answer)
	assert.Equal(t, question{"Do the endpoints for tokens exist?", true, "yes"}, o.question(t, "tokens exist"))
}

func TestWithWriteItUploadsStartsAndTakesItsTokenBack(t *testing.T) {
	t.Parallel()
	server := codeanttest.NewServer(t)
	canaries(server)
	o := runAgainst(t, server, "-write")
	require.NoError(t, o.err)
	assert.True(t, o.doc.Wrote)
	for _, op := range []string{"coverage.presign", "coverage.put", "coverage.complete", "scans.start", "gates.start", "tokens.create", "tokens.revoke"} {
		assert.Len(t, server.Requests(op), 1, op)
		assert.Equal(t, 200, o.row(t, op).Status, op)
		assert.Equal(t, decoderTook, o.row(t, op).Decoder, op)
	}
	require.Len(t, server.Uploads(), 1)
	assert.Equal(t, "codeant-check-api", server.Uploads()[0].Module)
	client, err := server.Client()
	require.NoError(t, err)
	infos, err := client.Tokens.List(t.Context())
	require.NoError(t, err)
	require.Len(t, infos, 2)
	assert.Equal(t, codeant.TokenRevoked, infos[1].Status)
	assert.Equal(t, question{"How long does the URL for an upload live?", true, "900 seconds"}, o.question(t, "URL"))
}

func TestTwoVariantsOfTheWireAreToldApart(t *testing.T) {
	t.Parallel()
	first := codeanttest.NewServer(t)
	canaries(first)
	first.SetGates(asked, map[string]string{"secret": "PASSED", "sast": "FAILED"})
	a := runAgainst(t, first)

	second := codeanttest.NewServer(t, codeanttest.Faults(func(op string, n int) codeanttest.Fault {
		switch {
		case op == "tokens.list" && n == 2:
			return codeanttest.Fault{Status: 401, Body: `{"error":{"message":"canary","code":"canary"}}`}
		case op == "metrics.pull_requests" || op == "metrics.active_developers" || op == "metrics.comparison" || op == "scans.dismissals" || op == "call":
			return codeanttest.Fault{Status: 403, Body: `{"message":"canary"}`, Header: http.Header{"X-RateLimit-Limit": {"77003"}}}
		}
		return codeanttest.Fault{}
	}))
	canaries(second)
	second.SetGates(asked, map[string]string{"secret": "SUCCESS", "sast": "FAILED"})
	b := runAgainst(t, second)

	answers := func(part string) []string { return []string{a.question(t, part).Answer, b.question(t, part).Answer} }
	assert.Equal(t, []string{"PASSED", "SUCCESS"}, answers("passed"))
	assert.Equal(t, []string{
		`application/json {"message":"string"}, with WWW-Authenticate`,
		`application/json {"error":{"code":"string","message":"string"}}, without WWW-Authenticate`,
	}, answers("401"))
	assert.Equal(t, []string{"none in 26 answers", "x-ratelimit-limit"}, answers("rate limits"))
	assert.Equal(t, []string{"yes", "yes, but not at metrics.active_developers, metrics.pull_requests, metrics.comparison"}, answers("metrics"))
	assert.Equal(t, []string{"yes", "yes, but not at scans.dismissals"}, answers("scan centre"))
	assert.Equal(t, "ErrForbidden", b.row(t, "metrics.active_developers").Decoder)
}

func TestEveryScenarioIsReported(t *testing.T) {
	t.Parallel()
	always := func(f codeanttest.Fault) []codeanttest.Option {
		return []codeanttest.Option{codeanttest.Faults(func(string, int) codeanttest.Fault { return f })}
	}
	for name, c := range map[string]struct {
		opts    []codeanttest.Option
		prepare func(*codeanttest.Server)
		want    row // of scans.results.sast
	}{
		"pending": {
			opts: []codeanttest.Option{codeanttest.PendingPolls(9)},
			want: row{Status: 200, ContentType: "application/json", Decoder: decoderTook, Shape: map[string]any{"status": "string pending"}},
		},
		"failed": {
			prepare: func(s *codeanttest.Server) { s.FailScan(asked, "canary") },
			want: row{
				Status: 200, ContentType: "application/json", Decoder: "ErrScanFailed",
				Shape: map[string]any{"status": "string failed", "message": "string"},
			},
		},
		"down": {
			opts: always(codeanttest.ProxyPage()),
			want: row{Status: 502, ContentType: "text/html", Decoder: "ErrUnavailable", Shape: "not JSON"},
		},
		"a login page": {
			opts: always(codeanttest.LoginPage()),
			want: row{Status: 200, ContentType: "text/html", Decoder: "ErrBadResponse", Shape: "not JSON"},
		},
		"without tokens": {
			opts: always(codeanttest.Fault{Status: 404, Body: `{"canary":"canary"}`}),
			want: row{Status: 404, ContentType: "application/json", Decoder: "ErrNotReady", Shape: map[string]any{"*": "string"}},
		},
		"a body that says it failed": {
			opts: always(codeanttest.SaysItFailed("canary")),
			want: row{
				Status: 200, ContentType: "application/json", Decoder: "ErrScanFailed",
				Shape: map[string]any{"status": "string error", "message": "string"},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := codeanttest.NewServer(t, c.opts...)
			canaries(server)
			if c.prepare != nil {
				c.prepare(server)
			}
			o := runAgainst(t, server)
			require.NoError(t, o.err)
			got := o.row(t, "scans.results.sast")
			got.Headers, got.Milliseconds = nil, 0
			c.want.Op, c.want.Evidence = "scans.results.sast", "documented"
			assert.Equal(t, c.want, got)
			assert.Len(t, o.doc.Questions, 9)
			if name == "without tokens" {
				assert.Equal(t, "no: 404", o.question(t, "tokens exist").Answer)
			}
		})
	}
}

func TestNothingAnswered(t *testing.T) {
	t.Parallel()
	server := codeanttest.NewServer(t, codeanttest.Faults(func(string, int) codeanttest.Fault { return codeanttest.Fault{Reset: true} }))
	canaries(server)
	o := runAgainst(t, server)
	require.EqualError(t, o.err, "nothing answered: check CODEANT_API_URL and the network")
	assert.Equal(t, "ErrUnavailable", o.row(t, "tokens.list").Decoder)
	for _, q := range o.doc.Questions {
		assert.False(t, q.Settled, q.Question)
	}
}

func TestWrongUse(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	require.ErrorIs(t, run(t.Context(), []string{"-h"}, &out), flag.ErrHelp)
	assert.Equal(t, usage, out.String())
	require.EqualError(t, run(t.Context(), []string{"now"}, &out), `unexpected argument "now"; see -h`)
	require.ErrorIs(t, run(t.Context(), []string{"-repo", "acme/shop"}, &out), codeant.ErrInvalidRequest)
	require.ErrorIs(t, run(t.Context(), []string{"-odd"}, &out), errUsage)
}
