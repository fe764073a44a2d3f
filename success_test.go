package codeant_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant"
)

// failures are answers with the status 200 that say that they failed, and where they say so.
var failures = map[string]string{
	`{"success":false}`:   `"success": false`,
	`{"ok":false}`:        `"ok": false`,
	`{"errors":["boom"]}`: `something in "errors"`,
	`{"Error":"boom"}`:    `something in "error"`,
	`{"statusCode":500}`:  `"statusCode" of 400 or more`,
	`{"errorMessage":"boom","errorType":"Runtime"}`:   `something in "errorMessage"`,
	`{"status":"rejected"}`:                           `"status": "rejected"`,
	`{"status":500}`:                                  `"status" of 400 or more`,
	`{"status":"success","success":false}`:            `"success": false`,
	`{"status":"success","state":"FAILED"}`:           `"state": "failed"`,
	`{"status":"success","\u0065xception":{"a":1}}`:   `something in "exception"`,
	`{"status":"success","scan_id":"s","error":true}`: `something in "error"`,
}

func TestNoOperationSucceedsWhoseAnswerSaysThatItFailed(t *testing.T) {
	t.Parallel()
	target := codeant.CoverageTarget{Revision: shop}
	branch := shop
	branch.Branch = "main"
	for name, call := range map[string]func(*codeant.Client) (any, error){
		"coverage.complete": func(c *codeant.Client) (any, error) { return c.Coverage.Complete(t.Context(), target) },
		"coverage.presign":  func(c *codeant.Client) (any, error) { return c.Coverage.Presign(t.Context(), target) },
		"gates.start":       func(c *codeant.Client) (any, error) { return c.Gates.Start(t.Context(), shop) },
		"scans.start": func(c *codeant.Client) (any, error) {
			return c.Scans.Start(t.Context(), codeant.ScanRequest{Revision: shop})
		},
		"agents.start": func(c *codeant.Client) (any, error) {
			return c.Agents.Start(t.Context(), codeant.AgentScanRequest{Revision: branch, Prompt: "threat_hunting"})
		},
		"scans.history":  func(c *codeant.Client) (any, error) { return c.Scans.History(t.Context(), shop) },
		"agents.history": func(c *codeant.Client) (any, error) { return c.Agents.History(t.Context(), shop.Repo) },
		"tokens.create": func(c *codeant.Client) (any, error) {
			return c.Tokens.Create(t.Context(), codeant.CreateTokenRequest{Name: "ci"})
		},
		"tokens.list":   func(c *codeant.Client) (any, error) { return c.Tokens.List(t.Context()) },
		"tokens.revoke": func(c *codeant.Client) (any, error) { return nil, c.Tokens.Revoke(t.Context(), "t1") },
		"teams.delete": func(c *codeant.Client) (any, error) {
			return nil, c.Teams.Delete(t.Context(), codeant.DeleteTeamRequest{Organization: acme, ID: "t1"})
		},
		"metrics.summary": func(c *codeant.Client) (any, error) {
			return c.Metrics.Summary(t.Context(), codeant.SummaryRequest{Organization: acme, Author: "a", Start: january, End: march})
		},
		"call": func(c *codeant.Client) (any, error) {
			return nil, c.Call(t.Context(), codeant.Request{Path: "/x"}, nil)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for body, reason := range failures {
				client, mock, _ := answering(t, 200, body)
				got, err := call(client)
				assert.Empty(t, got, body)
				require.ErrorIs(t, err, codeant.ErrBadResponse, body)
				assert.Contains(t, err.Error(), "codeant: "+name+": 200 OK: the answer says that it failed ("+reason+")", body)
				assert.Equal(t, 1, mock.GetTotalCallCount(), body)
			}
		})
	}
}

// The status is for the decoder to judge here, and the files that an analyser could not read are not its failure.
func TestResultsJudgeTheirStatusAndNothingElse(t *testing.T) {
	t.Parallel()
	for more, reason := range map[string]string{
		`"error":{"id":"scanner crashed"}`: `something in "error"`,
		`"success":false`:                  `"success": false`,
		`"statusCode":502`:                 `"statusCode" of 400 or more`,
		`"exception":"x"`:                  `something in "exception"`,
	} {
		says := "the answer says that it failed (" + reason + ")"

		client, _, _ := answering(t, 200, `{"status":"done","results":[],`+more+`}`)
		_, err := client.Scans.Results(t.Context(), shop, codeant.SAST)
		require.ErrorIs(t, err, codeant.ErrBadResponse)
		assert.Contains(t, err.Error(), says)
		_, err = client.Agents.Results(t.Context(), shop.Repo, "a1")
		require.ErrorIs(t, err, codeant.ErrBadResponse)
		assert.Contains(t, err.Error(), says)

		client, _, _ = answering(t, 200, `{"status":"COMPLETED","a_quality_gate":{"status":"PASSED"},`+more+`}`)
		result, err := client.Gates.Results(t.Context(), shop)
		require.NoError(t, err)
		assert.Equal(t, codeant.VerdictUndecided, result.Verdict())
		assert.EqualError(t, result.Err(), "codeant: quality gate undecided: the status is COMPLETED, but "+says)
		_, err = client.Gates.Wait(t.Context(), shop, codeant.WaitOptions{})
		assert.ErrorIs(t, err, codeant.ErrGateUndecided)
	}
	client, _, _ := answering(t, 200, `{"status":"done","results":[],"errors":["a.js: cannot be parsed"]}`)
	_, err := client.Scans.Results(t.Context(), shop, codeant.SAST)
	require.NoError(t, err)
	_, err = client.Agents.Results(t.Context(), shop.Repo, "a1")
	assert.ErrorIs(t, err, codeant.ErrBadResponse)
}

func TestAnAgentScanHasOneStatus(t *testing.T) {
	t.Parallel()
	for body, reason := range map[string]string{
		`{"status":"failed","status":"done","results":[]}`: `field "status" occurs 2 times`,
		`{"status":"done","Status":"failed","results":[]}`: `field "status" is spelled "Status"`,
		`{"\u017ftatus":"failed","results":[]}`:            `field "status" is spelled "ſtatus"`,
		`{"status":7,"results":[]}`:                        `field "status" is a number`,
		`{"status":null,"results":[]}`:                     `field "status" is missing`,
		`{"results":[]}`:                                   `field "status" is missing`,
		`{"status":"done","results":{}}`:                   `field "results" is an object`,
		`{"status":"done"}`:                                `field "results" is missing`,
		`[]`:                                               `it is a list`,
	} {
		client, _, _ := answering(t, 200, body)
		results, err := client.Agents.Results(t.Context(), shop.Repo, "a1")
		assert.Nil(t, results)
		require.ErrorIs(t, err, codeant.ErrBadResponse, body)
		assert.Contains(t, err.Error(), "the answer cannot be used: "+reason, body)
	}
}

func TestAnAgentScanWithoutItsIDWasNotStarted(t *testing.T) {
	t.Parallel()
	branch := shop
	branch.Branch = "main"
	for _, body := range []string{``, `{}`, `{"message":"queued"}`, `{"scanId":""}`, `{"scanId":null}`} {
		client, _, _ := answering(t, 200, body)
		started, err := client.Agents.Start(t.Context(), codeant.AgentScanRequest{Revision: branch, Prompt: "threat_hunting"})
		assert.Nil(t, started)
		require.ErrorIs(t, err, codeant.ErrBadResponse, body)
		require.ErrorIs(t, err, codeant.ErrUnknownOutcome, body)
		assert.Contains(t, err.Error(), "the answer cannot be used: it has no scan ID", body)
	}
	client, _, _ := answering(t, 200, `{"scanId":"a1","filesQueued":7,"message":"queued"}`)
	started, err := client.Agents.Start(t.Context(), codeant.AgentScanRequest{Revision: branch, Prompt: "threat_hunting"})
	require.NoError(t, err)
	assert.Equal(t, &codeant.AgentScanStarted{
		ID: "a1", FilesQueued: 7, Message: "queued", Raw: []byte(`{"scanId":"a1","filesQueued":7,"message":"queued"}`),
	}, started)
}

func TestCallFillsOutBeforeItReportsAFailure(t *testing.T) {
	t.Parallel()
	client, _, _ := answering(t, 200, `{"status":"error","detail":{"line":7}}`)
	var out struct{ Detail struct{ Line int } }
	require.ErrorIs(t, client.Call(t.Context(), codeant.Request{Path: "/x"}, &out), codeant.ErrBadResponse)
	assert.Equal(t, 7, out.Detail.Line)
}

func TestCountsAreBounded(t *testing.T) {
	t.Parallel()
	list := func(n int) string { return "[" + strings.Repeat("{},", n-1) + "{}]" }
	gates := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `,"g%d_quality_gate":{"status":"PASSED"}`, i)
		}
		return `{"status":"COMPLETED"` + b.String() + `}`
	}
	keys := func(n int) string { return "{" + strings.Repeat(`"a":0,`, n-1) + `"b":0}` }
	deep := strings.Repeat(`[`, 10_000) + strings.Repeat(`]`, 10_000)

	for name, test := range map[string]struct {
		body, want string
		call       func(*codeant.Client) error
	}{
		"findings": {list(1_000_001), "the answer is too large: it has more than 1000000 findings", scan(t, codeant.SAST)},
		"findings by file": {
			`{"results":{"a.js":` + list(600_000) + `,"b.js":` + list(400_001) + `}}`,
			"the answer is too large: it has more than 1000000 findings", scan(t, codeant.AntiPatterns),
		},
		"findings of failed scans": {
			`{"status":"failed","results":` + list(1_000_001) + `}`,
			"the answer is too large: it has more than 1000000 findings", scan(t, codeant.SAST),
		},
		"keys of a finding": {`[` + keys(10_001) + `]`, "the answer is too large: an object in it has more than 10,000 keys", scan(t, codeant.SAST)},
		"keys":              {keys(10_001), "the answer is too large: an object in it has more than 10,000 keys", scan(t, codeant.SAST)},
		"levels":            {`{"results":` + deep + `}`, "the answer is too large: its JSON is nested more than 10,000 levels deep", scan(t, codeant.SAST)},
		"gates": {gates(1_001), "the answer is too large: it has more than 1000 gates", func(c *codeant.Client) error {
			_, err := c.Gates.Results(t.Context(), shop)
			return err
		}},
		"tokens": {`{"tokens":` + list(1_000_001) + `}`, `the answer is too large: list "tokens" has more than 1000000 elements`, func(c *codeant.Client) error {
			_, err := c.Tokens.List(t.Context())
			return err
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, mock, _ := answering(t, 200, test.body)
			err := test.call(client)
			require.ErrorIs(t, err, codeant.ErrTooLarge)
			require.NotErrorIs(t, err, codeant.ErrBadResponse)
			assert.Contains(t, err.Error(), test.want)
			assert.LessOrEqual(t, len(err.Error()), 2048)
			assert.Equal(t, 1, mock.GetTotalCallCount(), "never repeated")
		})
	}

	client, _, _ := answering(t, 200, gates(1_000))
	result, err := client.Gates.Results(t.Context(), shop)
	require.NoError(t, err)
	assert.Len(t, result.Gates, 1_000)
	assert.NoError(t, result.Err())

	client, _, _ = answering(t, 200, keys(10_001))
	var out map[string]int
	require.NoError(t, client.Call(t.Context(), codeant.Request{Path: "/x"}, &out), "the caller's own type has no such bound")
	assert.Equal(t, map[string]int{"a": 0, "b": 0}, out)
}

func scan(t *testing.T, a codeant.Analysis) func(*codeant.Client) error {
	return func(c *codeant.Client) error {
		_, err := c.Scans.Results(t.Context(), shop, a)
		return err
	}
}
