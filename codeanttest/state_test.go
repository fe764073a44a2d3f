package codeanttest_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/codeanttest"
)

func TestReadyAfter(t *testing.T) {
	t.Parallel()
	inBubble(t, []codeanttest.Option{codeanttest.ReadyAfter(time.Minute)}, func(t *testing.T, server *codeanttest.Server, client *codeant.Client) {
		began := time.Now()
		_, err := client.Scans.Run(t.Context(), codeant.ScanRequest{Revision: scanned}, codeant.WaitOptions{})
		require.NoError(t, err)
		assert.GreaterOrEqual(t, time.Since(began), time.Minute)
		assert.Less(t, time.Since(began), 80*time.Second)

		began = time.Now()
		_, err = client.Gates.Run(t.Context(), scanned, codeant.WaitOptions{})
		require.NoError(t, err)
		assert.GreaterOrEqual(t, time.Since(began), time.Minute, "from the start of the gates")

		began = time.Now()
		agent, err := client.Agents.Start(t.Context(), codeant.AgentScanRequest{Revision: scanned, Prompt: "threat_hunting"})
		require.NoError(t, err)
		_, err = client.Agents.Wait(t.Context(), scanned.Repo, agent.ID, codeant.WaitOptions{})
		require.NoError(t, err)
		assert.GreaterOrEqual(t, time.Since(began), time.Minute)

		server.SetGates(scanned, map[string]string{"secret": "PASSED"})
		_, err = client.Gates.Wait(t.Context(), scanned, codeant.WaitOptions{Timeout: 30 * time.Second})
		require.ErrorIs(t, err, codeant.ErrWaitTimeout, "from SetGates, where that came later")
	})
}

func TestTokensAreBoundToTheirOrganization(t *testing.T) {
	t.Parallel()
	server := codeanttest.NewServer(t)
	token := server.AddOrganization(codeant.Organization{Provider: codeant.GitLab, Name: "lumen"})
	const foreign = `{"message":"the token does not belong to this organization"}`
	start := func(repo, service string) response {
		return cli(t, server, token, "/api/analysis/start", `{"repo":"`+repo+`","service":"`+service+`","commit_id":"0123456789abcdef"}`)
	}
	assert.Equal(t, 200, start("lumen/group/shop", "gitlab").Status)
	assert.Equal(t, response{403, foreign}, start("acme/shop", "gitlab"), "another organization")
	assert.Equal(t, response{403, foreign}, start("lumen/shop", "github"), "another provider")
	teams := "/api/metrics/developer/teams/list"
	assert.Equal(t, 200, cli(t, server, token, teams, `{"platform":"gitlab","org":"lumen"}`).Status)
	assert.Equal(t, response{403, foreign}, cli(t, server, token, teams, `{"platform":"gitlab","org":"acme"}`))
	assert.Equal(t, response{403, foreign}, cli(t, server, token, "/extension/scans2/listrepos", `{"org":"acme"}`))
	assert.Equal(t, response{200, `{"repos":[{"archived":false,"default_branch":"main","full_name":"lumen/group/shop","name":"group/shop","private":true}]}`},
		cli(t, server, token, "/extension/scans2/listrepos", `{"org":"lumen"}`))

	const verify = "/extension/scans2/validate"
	lumen := `{"organization_name":"lumen","base_url":"https://gitlab.com","service":"gitlab"}`
	assert.Equal(t, response{200, `{"data":{"email":"dev@acme.example","orgs":[` + lumen + `]},"status":"success"}`}, cli(t, server, token, verify, `{}`))
	assert.Equal(t, response{
		200,
		`{"data":{"email":"dev@acme.example","orgs":[{"organization_name":"acme","base_url":"https://github.com","service":"github"},` + lumen + `]},"status":"success"}`,
	}, post(t, server, verify, `{}`), "the first token reaches all")
}

func TestABoundTokenManagesTheTokensOfItsOrganization(t *testing.T) {
	t.Parallel()
	server := codeanttest.NewServer(t)
	token := server.AddOrganization(codeant.Organization{Provider: codeant.GitLab, Name: "lumen"})
	bound := newClient(t, server, codeant.WithToken(token.Reveal()))
	created, err := bound.Tokens.Create(t.Context(), codeant.CreateTokenRequest{Name: "third"})
	require.NoError(t, err)
	assert.Equal(t, "lumen", created.Organization)
	assert.Equal(t, codeant.GitLab, created.Provider)
	infos, err := bound.Tokens.List(t.Context())
	require.NoError(t, err)
	assert.Len(t, infos, 2, "not the first token, which is not bound")
	require.ErrorIs(t, bound.Tokens.Revoke(t.Context(), "tok_1"), codeant.ErrNotFound)
	all, err := newClient(t, server).Tokens.List(t.Context())
	require.NoError(t, err)
	assert.Len(t, all, 3)
	got := cli(t, server, created.Token, "/api/analysis/scan-history", `{"repo":"acme/shop","service":"github"}`)
	assert.Equal(t, 403, got.Status, "a token has the bounds of the one that created it")
}

func TestHistoryOfCommitsAndBranches(t *testing.T) {
	t.Parallel()
	inBubble(t, nil, func(t *testing.T, server *codeanttest.Server, client *codeant.Client) {
		const second = "a07c3e5d1f8b2946e0d7c5b3a19f8e6d4c2b0a98"
		scan := func(commit, branch string) {
			rev := scanned
			rev.Commit, rev.Branch = commit, branch
			_, err := client.Scans.Start(t.Context(), codeant.ScanRequest{Revision: rev})
			require.NoError(t, err)
			<-time.After(time.Hour)
		}
		scan(scanned.Commit, "main")
		scan(second, "main")
		scan(scanned.Commit, "release")
		scan(scanned.Commit, "main")
		failed := scanned
		failed.Commit = second
		server.FailScan(failed, "out of memory")
		entry := func(commit, branch, status, hour string) string {
			return `{"branch":"` + branch + `","latest_commit_sha":"` + commit + `","status":"` + status + `","timestamp":"2000-01-01T` + hour + `:00:00Z"}`
		}
		want := `{"last_analysis_results":[` + entry(scanned.Commit, "main", "done", "03") + "," + entry(scanned.Commit, "release", "done", "02") + "," +
			entry(second, "main", "failed", "04") + `],"repo":"acme/group/shop"}`
		assert.Equal(t, response{200, want}, post(t, server, "/api/analysis/scan-history", `{"repo":"acme/group/shop","service":"gitlab"}`))
		assert.Equal(t, response{200, `{"last_analysis_results":[],"repo":"acme/group/shop"}`},
			post(t, server, "/api/analysis/scan-history", `{"repo":"acme/group/shop","service":"github"}`), "another provider")
	})
}

func TestAScanEndsWithAnError(t *testing.T) {
	t.Parallel()
	inBubble(t, []codeanttest.Option{codeanttest.PendingPolls(1)}, func(t *testing.T, server *codeanttest.Server, client *codeant.Client) {
		server.FailScan(scanned, "out of memory", codeant.SAST)
		report, err := client.Scans.Run(t.Context(), codeant.ScanRequest{Revision: scanned}, codeant.WaitOptions{})
		require.ErrorIs(t, err, codeant.ErrScanFailed)
		assert.ErrorContains(t, err, "out of memory")
		assert.Contains(t, report.Results, codeant.SCA)
		body := `{"repo":"acme/group/shop","commit_id":"` + scanned.Commit + `","result_type":"security_issues"}`
		assert.Equal(t, response{200, `{"message":"out of memory","status":"error"}`}, post(t, server, "/extension/scans2/fetch-results", body))

		server.SetFindings(scanned, codeant.SAST, json.RawMessage(`[]`))
		_, err = client.Scans.Wait(t.Context(), scanned, codeant.WaitOptions{})
		require.NoError(t, err, "what was set last counts")
	})
}

func TestDismissedFindingsAreMarkedInAllCommits(t *testing.T) {
	t.Parallel()
	inBubble(t, nil, func(t *testing.T, server *codeanttest.Server, client *codeant.Client) {
		next := scanned
		next.Commit = "a07c3e5d1f8b2946e0d7c5b3a19f8e6d4c2b0a98"
		for _, rev := range []codeant.Revision{scanned, next} {
			server.SetFindings(rev, codeant.SAST, json.RawMessage(`[
				{"file_path":"pay.py","line_number":8,"test_id":"B608","severity":"high","extra":{"deep":{}}},
				{"file_path":"pay.py","line_number":9,"test_id":"B609","severity":"high"}, {}]`))
		}
		server.Dismiss(scanned, codeant.SAST, 0, "accepted", "a \"test\"")
		results, err := client.Scans.Results(t.Context(), next, codeant.SAST)
		require.NoError(t, err)
		require.Len(t, results.Findings, 3)
		assert.False(t, results.Findings[0].Open())
		assert.True(t, results.Findings[1].Open())
		assert.JSONEq(t, `{"file_path":"pay.py","line_number":8,"test_id":"B608","severity":"high","extra":{"deep":{}},
			"is_dismissed":true,"reason_for_dismiss":"accepted","comment_for_dismiss":"a \"test\""}`, string(results.Findings[0].Raw))

		body := `{"repo":"acme/group/shop","commit_id":"` + next.Commit + `","result_type":"security_issues","filter_dismissed":true}`
		got := post(t, server, "/extension/scans2/fetch-results", body)
		assert.NotContains(t, got.Body, "B608")
		assert.Contains(t, got.Body, "B609")

		server.SetFindings(scanned, "duplicate_code", json.RawMessage(`[[{"fileName":"a","originalIndex":4},{"fileName":"b","originalIndex":4}]]`))
		server.Dismiss(scanned, "duplicate_code", 0, "generated", "")
		body = `{"repo":"acme/group/shop","commit_id":"` + scanned.Commit + `","result_type":"duplicate_code"}`
		assert.Equal(t, response{200, `{"results":[[{"fileName":"a","originalIndex":4,"is_dismissed":true,"reason_for_dismiss":"generated"},` +
			`{"fileName":"b","originalIndex":4,"is_dismissed":true,"reason_for_dismiss":"generated"}]],"status":"done"}`},
			post(t, server, "/extension/scans2/fetch-advanced-results", body))
		assert.Equal(t, response{200, `{"data":{"4":{"reason_for_dismiss":"generated"}},"status":"success"}`},
			post(t, server, "/extension/scans2/dismiss-alerts/get", `{"repo":"acme/group/shop","analysis_type":"duplicate_code"}`))
	})
}

func TestGatesGoByThePolicy(t *testing.T) {
	t.Parallel()
	inBubble(t, nil, func(t *testing.T, server *codeanttest.Server, client *codeant.Client) {
		server.SetGatePolicy(scanned.Repo, map[string]codeant.Severity{"sast": codeant.SeverityHigh, "secret": codeant.SeverityInfo})
		verdict := func() map[string]codeant.Verdict {
			result, err := client.Gates.Run(t.Context(), scanned, codeant.WaitOptions{})
			if err != nil {
				require.ErrorIs(t, err, codeant.ErrGateFailed)
			}
			gates := map[string]codeant.Verdict{}
			for _, gate := range result.Gates {
				gates[gate.Name] = gate.Verdict
			}
			return gates
		}
		passed, failed := codeant.VerdictPassed, codeant.VerdictFailed
		assert.Equal(t, map[string]codeant.Verdict{"sast": passed, "secret": passed}, verdict(), "nothing was found")
		server.SetFindings(scanned, codeant.SAST, json.RawMessage(`[{"severity":"medium"}]`))
		server.SetFindings(scanned, codeant.Secrets, json.RawMessage(`[{"path":"a","type":"Key"}]`))
		assert.Equal(t, map[string]codeant.Verdict{"sast": passed, "secret": failed}, verdict(), "an unknown severity counts")
		server.Dismiss(scanned, codeant.Secrets, 0, "rotated", "")
		assert.Equal(t, map[string]codeant.Verdict{"sast": passed, "secret": passed}, verdict(), "what is dismissed does not")
		server.SetFindings(scanned, codeant.SAST, json.RawMessage(`[{"severity":"medium"},{"severity":"blocker"}]`))
		assert.Equal(t, map[string]codeant.Verdict{"sast": failed, "secret": passed}, verdict())
		server.SetGates(scanned, map[string]string{"sast": "PASSED"})
		assert.Equal(t, map[string]codeant.Verdict{"sast": passed}, verdict(), "SetGates outranks it")
	})
}

func TestAddress(t *testing.T) {
	t.Parallel()
	first, err := codeanttest.Start()
	require.NoError(t, err)
	defer first.Close()
	_, err = codeanttest.Start(codeanttest.Address(first.URL()[len("http://"):]))
	require.ErrorContains(t, err, "address already in use")
	_, err = codeanttest.Start(codeanttest.Address("localhost"))
	require.EqualError(t, err, "the address is not host:port: address localhost: missing port in address")
}
