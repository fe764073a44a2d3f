package codeanttest_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/codeanttest"
)

var scanned = codeant.Revision{Provider: codeant.GitLab, Repo: "acme/group/shop", Commit: "0123456789abcdef0123456789abcdef01234567", Branch: "main"}

func inBubble(t *testing.T, opts []codeanttest.Option, test func(t *testing.T, server *codeanttest.Server, client *codeant.Client)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		server := codeanttest.NewServer(t, append(opts, codeanttest.InMemory())...)
		client, err := server.Client()
		require.NoError(t, err)
		test(t, server, client)
	})
}

func TestAScanAndItsGatesFinishInVirtualTime(t *testing.T) {
	t.Parallel()
	inBubble(t, []codeanttest.Option{codeanttest.PendingPolls(3)}, func(t *testing.T, server *codeanttest.Server, client *codeant.Client) {
		server.SetFindings(scanned, codeant.SAST, json.RawMessage(`[{"file_path":"cart.js","line_number":3,"check_id":"sql","severity":"high","message":"m"}]`))
		server.SetFindings(scanned, codeant.Secrets, json.RawMessage(`[{"type":"AWS key","filename":"a.env","line_number":1}]`))
		server.SetFindings(scanned, codeant.SBOM, json.RawMessage(`[{"name":"lodash","version":"1"}]`))
		server.SetFindings(scanned, codeant.AntiPatterns, json.RawMessage(`[{"filename":"a.py","message-id":"W1"}]`))
		server.SetGates(scanned, map[string]string{"secret": "FAILED", "sast": "PASSED"})
		began := time.Now()
		report, err := client.Scans.Run(t.Context(), codeant.ScanRequest{Revision: scanned}, codeant.WaitOptions{},
			codeant.SAST, codeant.SCA, codeant.Secrets, codeant.SBOM, codeant.AntiPatterns)
		require.NoError(t, err)
		assert.Len(t, report.Results, 5)
		assert.Len(t, report.Findings(), 3)
		assert.Len(t, report.Results[codeant.SBOM].Packages, 1)
		assert.InDelta(t, 14, time.Since(began).Seconds(), 2, "three rounds of virtual time")

		result, err := client.Gates.Run(t.Context(), scanned, codeant.WaitOptions{})
		assert.ErrorIs(t, err, codeant.ErrGateFailed)
		assert.Equal(t, codeant.VerdictFailed, result.Verdict())
	})
}

func TestResultsAreNotFoundBeforeTheFirstStart(t *testing.T) {
	t.Parallel()
	inBubble(t, nil, func(t *testing.T, server *codeanttest.Server, client *codeant.Client) {
		_, err := client.Scans.Results(t.Context(), scanned, codeant.SAST)
		assert.ErrorIs(t, err, codeant.ErrNotReady)
		_, err = client.Gates.Results(t.Context(), scanned)
		assert.ErrorIs(t, err, codeant.ErrNotReady)
		_, err = client.Scans.Start(t.Context(), codeant.ScanRequest{Revision: scanned})
		require.NoError(t, err)
		results, err := client.Scans.Results(t.Context(), scanned, codeant.SAST)
		require.NoError(t, err)
		assert.Equal(t, "done", results.Status)
		assert.Empty(t, results.Findings)
		history := post(t, server, "/api/analysis/scan-history", `{"repo":"acme/group/shop","service":"gitlab"}`)
		assert.Equal(t, response{200, `{"last_analysis_results":[{"branch":"main","latest_commit_sha":"` + scanned.Commit +
			`","status":"done","timestamp":"2000-01-01T00:00:00Z"}],"repo":"acme/group/shop"}`}, history)
	})
}

func TestAGatewayTimeoutOnAStartTakesTheJobOn(t *testing.T) {
	t.Parallel()
	inBubble(t, []codeanttest.Option{codeanttest.PendingPolls(1)}, func(t *testing.T, server *codeanttest.Server, client *codeant.Client) {
		for _, op := range []string{"scans.start", "gates.start", "agents.start"} {
			server.Inject(op, codeanttest.Fault{Status: http.StatusGatewayTimeout})
		}
		server.Inject("scans.results.sast", codeanttest.Fault{}, codeanttest.Fault{Status: http.StatusServiceUnavailable})
		_, err := client.Scans.Run(t.Context(), codeant.ScanRequest{Revision: scanned}, codeant.WaitOptions{})
		assert.NoError(t, err)
		_, err = client.Gates.Run(t.Context(), scanned, codeant.WaitOptions{})
		assert.NoError(t, err)
		started, err := client.Agents.Start(t.Context(), codeant.AgentScanRequest{Revision: scanned, Prompt: "threat_hunting"})
		require.NoError(t, err)
		assert.True(t, started.Unconfirmed)
		scans, err := client.Agents.History(t.Context(), scanned.Repo)
		require.NoError(t, err)
		assert.Len(t, scans, 1)
	})
}

func TestScansAndGatesCanEndBadly(t *testing.T) {
	t.Parallel()
	inBubble(t, nil, func(t *testing.T, server *codeanttest.Server, client *codeant.Client) {
		server.SetFindings(scanned, codeant.SCA, json.RawMessage(`{"status":"failed"}`))
		server.SetGateStatus(scanned, "ERROR")
		report, err := client.Scans.Run(t.Context(), codeant.ScanRequest{Revision: scanned}, codeant.WaitOptions{})
		assert.ErrorIs(t, err, codeant.ErrScanFailed)
		assert.Contains(t, report.Results, codeant.SAST)
		_, err = client.Gates.Wait(t.Context(), scanned, codeant.WaitOptions{})
		assert.ErrorIs(t, err, codeant.ErrGateUndecided)
	})
}

func TestASecondRunOfTheGatesHasItsOwnScan(t *testing.T) {
	t.Parallel()
	inBubble(t, nil, func(t *testing.T, _ *codeanttest.Server, client *codeant.Client) {
		first, err := client.Gates.Start(t.Context(), scanned)
		require.NoError(t, err)
		second, err := client.Gates.Start(t.Context(), scanned)
		require.NoError(t, err)
		assert.NotEqual(t, first.ID, second.ID)
		result, err := client.Gates.Results(t.Context(), scanned)
		require.NoError(t, err)
		assert.Contains(t, string(result.Raw), second.ID)
	})
}

func TestAgentScansOfTheServer(t *testing.T) {
	t.Parallel()
	inBubble(t, []codeanttest.Option{codeanttest.PendingPolls(2)}, func(t *testing.T, server *codeanttest.Server, client *codeant.Client) {
		server.SetAgentFindings(scanned.Repo, json.RawMessage(`[{"file":"a.py","issues":[{"start_line":1,"severity":"medium"}]}]`))
		started, err := client.Agents.Start(t.Context(), codeant.AgentScanRequest{Revision: scanned, Prompt: "threat_hunting"})
		require.NoError(t, err)
		assert.Equal(t, "agent-1", started.ID)
		results, err := client.Agents.Wait(t.Context(), scanned.Repo, started.ID, codeant.WaitOptions{})
		require.NoError(t, err)
		assert.Equal(t, 1, results.TotalIssues)
		assert.Len(t, results.Findings, 1)
		_, err = client.Agents.Results(t.Context(), scanned.Repo, "agent-9")
		assert.ErrorIs(t, err, codeant.ErrNotFound)
	})
}
