package codeant_test

import (
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant"
)

// asked answers one endpoint, and returns what it was asked.
func asked(t *testing.T, url, answer string) (client *codeant.Client, body func() string) {
	t.Helper()
	mock, seen := httpmock.NewMockTransport(), ""
	mock.RegisterResponder("POST", url, func(req *http.Request) (*http.Response, error) {
		assert.Equal(t, "Bearer "+funnelToken, req.Header.Get("Authorization"))
		raw, err := io.ReadAll(req.Body)
		seen = string(raw)
		return httpmock.NewStringResponse(200, answer), err
	})
	return funnelClient(t, mock), func() string { return seen }
}

func TestVerifySaysWhomTheTokenBelongsTo(t *testing.T) {
	t.Parallel()
	const answer = `{"status":"success","data":{"email":"ann@acme.example","orgs":[
		{"organization_name":"acme","base_url":"https://github.com","service":"github"},
		{"organization_name":"acme","base_url":"https://git.acme.example","service":"GitLab"},
		{"organization_name":"blue","base_url":"https://dev.azure.com","service":"azure_devops"},{"organization_name":"plain"}]}}`
	client, body := asked(t, centreURL+"validate", answer)
	identity, err := client.Account.Verify(t.Context())
	require.NoError(t, err)
	assert.Equal(t, `{"extension":"cli"}`, body())
	assert.Equal(t, &codeant.Identity{Email: "ann@acme.example", Raw: json.RawMessage(answer), Organizations: []codeant.Organization{
		{Provider: codeant.GitHub, Name: "acme", ProviderURL: "https://github.com"},
		{Provider: codeant.GitLab, Name: "acme", ProviderURL: "https://git.acme.example"},
		{Provider: codeant.AzureDevOps, Name: "blue", ProviderURL: "https://dev.azure.com"},
		{Name: "plain"},
	}}, identity)

	client, _ = asked(t, centreURL+"validate", `{"status":"success","data":{"email":null,"orgs":null}}`)
	identity, err = client.Account.Verify(t.Context())
	require.NoError(t, err)
	assert.Empty(t, identity.Email)
	assert.Empty(t, identity.Organizations)

	for body, reason := range map[string]string{
		`{"status":"success","data":null}`:                            `the answer cannot be used: field "data" is missing or empty`,
		`{"status":"success","data":{}}`:                              `the answer cannot be used: field "data" is missing or empty`,
		`{"status":"success"}`:                                        `the answer cannot be used: field "data" is missing or empty`,
		`{}`:                                                          `the answer cannot be used: it does not say "status": "success"`,
		`{"data":{"email":"a"}}`:                                      `the answer cannot be used: it does not say "status": "success"`,
		`{"status":"success","data":{"orgs":{}}}`:                     `the answer cannot be used: field "orgs" is an object`,
		`{"status":"success","data":{"orgs":[null]}}`:                 `the answer cannot be used: an organization is null`,
		`{"status":"error","message":"no such key"}`:                  `the answer says that it failed ("status": "error")`,
		`{"status":"success","data":{"email":"a"},"error":"expired"}`: `the answer says that it failed (something in "error")`,
		``: `the answer cannot be used: it is empty`,
	} {
		client, _ = asked(t, centreURL+"validate", body)
		identity, err = client.Account.Verify(t.Context())
		assert.Nil(t, identity)
		require.ErrorIs(t, err, codeant.ErrBadResponse, body)
		assert.Contains(t, err.Error(), "codeant: account.verify: 200 OK: "+reason, body)
	}
}

func TestRepositoriesAreSortedByTheirLastPush(t *testing.T) {
	t.Parallel()
	const answer = `{"repos":[
		{"id":1,"name":"old","full_name":"acme/old","archived":true,"language":null},
		{"full_name":"acme/shop","private":true,"default_branch":"main","language":"Go","pushed_at":"2026-09-30T07:12:00Z"},
		{"full_name":"acme/ink","visibility":"private","pushed_at":1790000000000},{"name":"short","pushed_at":"some day"}]}`
	client, body := asked(t, centreURL+"listrepos", answer)
	repos, err := client.Account.Repositories(t.Context(), codeant.Organization{Provider: codeant.GitLab, Name: "acme", ProviderURL: "https://git.acme.example"})
	require.NoError(t, err)
	assert.Equal(t, `{"org":"acme"}`, body())
	assert.JSONEq(t, `{"id":1,"name":"old","full_name":"acme/old","archived":true,"language":null}`, string(repos[2].Raw))
	for i := range repos {
		repos[i].Raw = nil
	}
	assert.Equal(t, []codeant.Repository{
		{Provider: codeant.GitLab, FullName: "acme/shop", DefaultBranch: "main", Language: "Go", Private: true, PushedAt: time.Date(2026, 9, 30, 7, 12, 0, 0, time.UTC)},
		{Provider: codeant.GitLab, FullName: "acme/ink", Private: true, PushedAt: time.UnixMilli(1790000000000).UTC()},
		{Provider: codeant.GitLab, FullName: "acme/old", Archived: true},
		{Provider: codeant.GitLab, FullName: "short"},
	}, repos)

	for _, body := range []string{`{"status":"success"}`, `{"repos":null}`, `{"repos":{}}`, `{"repos":["a"]}`, `{"status":"error","message":"not connected"}`, `{"status":"error","repos":[]}`, `[]`, ``} {
		client, _ = asked(t, centreURL+"listrepos", body)
		_, err = client.Account.Repositories(t.Context(), codeant.Organization{Name: "acme"})
		assert.ErrorIs(t, err, codeant.ErrBadResponse, body)
	}
	for name, text := range map[string]string{
		" ":   "codeant: organization is missing; use a name that Verify returns",
		"a\n": `codeant: organization "a" contains a control character; remove line breaks and other invisible characters`,
	} {
		_, err = client.Account.Repositories(t.Context(), codeant.Organization{Name: name})
		assert.EqualError(t, err, text)
	}
}

func TestAHistoryIsReadNewestFirst(t *testing.T) {
	t.Parallel()
	scans := `[{"latest_commit_sha":"bb","ref":"refs/heads/release","created_at":"2026-09-12T18:03:00Z"},
		{"latest_commit_sha":"aa","branch":"main","timestamp":"2026-09-30T07:20:41Z","status":"done"},
		{"latest_commit_sha":"cc","branch":"main","timestamp":1790000000000,"date":"2020-01-01"},
		{"commit_id":"dd","branch":"main"},7,null,{"branch":"main","timestamp":"Thu, 01 Oct 2026 00:00:00 GMT","status":"running"}]`
	for _, body := range []string{`{"last_analysis_results":` + scans + `}`, `{"last_analysis_results":null,"scans":` + scans + `}`, `{"results":` + scans + `}`, scans} {
		client, asked := asked(t, "https://api.codeant.ai/api/analysis/scan-history", body)
		history, err := client.Scans.History(t.Context(), codeant.Revision{Provider: codeant.GitHub, Repo: "acme/shop"})
		require.NoError(t, err)
		assert.JSONEq(t, `{"repo":"acme/shop","service":"github","access_token":"`+funnelToken+`"}`, asked())
		assert.Equal(t, body, string(history.Raw))
		commits := []string{}
		for _, scan := range history.Scans {
			commits = append(commits, scan.Commit+" "+scan.Branch+" "+scan.Status)
		}
		assert.Equal(t, []string{" main running", "aa main done", "cc main ", "bb release ", "dd main "}, commits)
		assert.Equal(t, time.Date(2026, 9, 30, 7, 20, 41, 0, time.UTC), history.Scans[1].Time)
		assert.Equal(t, time.UnixMilli(1790000000000).UTC(), history.Scans[2].Time)
		for branch, want := range map[string]string{"": "aa", "main": "aa", "release": "bb", "refs/heads/release": "bb", "other": ""} {
			latest, found := history.Latest(branch)
			assert.Equal(t, want, latest.Commit, branch)
			assert.Equal(t, want != "", found)
		}
	}
	_, found := (*codeant.ScanHistory)(nil).Latest("")
	assert.False(t, found)

	for _, body := range []string{`{}`, `{"last_analysis_results":null}`, `{"history":[{"commit":"a"}]}`, `{"scans":{}}`, `[]`} {
		client, _ := asked(t, "https://api.codeant.ai/api/analysis/scan-history", body)
		history, err := client.Scans.History(t.Context(), shop)
		require.NoError(t, err, body)
		assert.Empty(t, history.Scans)
		assert.Equal(t, body, string(history.Raw))
	}
	for _, body := range []string{`7`, `"none"`, `null`, ``, `{"status":"error","message":"Repository not found"}`, `{"status":"error","last_analysis_results":null}`} {
		client, _ := asked(t, "https://api.codeant.ai/api/analysis/scan-history", body)
		_, err := client.Scans.History(t.Context(), shop)
		assert.ErrorIs(t, err, codeant.ErrBadResponse, body)
	}
}

func TestDismissalsAreReadFromTheirKeys(t *testing.T) {
	t.Parallel()
	const answer = `{"status":"success","data":{
		"lib/db.rb/security_issues.json||::||run(q)||::||T1":{"reason_for_dismiss":"accepted","comment_for_dismiss":"internal"},
		"a.rb||::||2 || ||::|| x||::||T2":{},
		"ops/.env||::||4||::||Private Key":{"reason_for_dismiss":"rotated"},
		"ink@1.4.0::package-lock.json::CVE-2030-1":{"reason_for_dismiss":"unused"},
		"7":{"comment_for_dismiss":"group"},"b.rb||::||9":null}}`
	for a, name := range map[codeant.Analysis]string{
		codeant.SAST: "security", codeant.Secrets: "secrets", codeant.SCA: "sca", codeant.IaC: "iac", codeant.AntiPatterns: "antipatterns", codeant.Docstrings: "docstring",
		codeant.ComplexFunctions: "complex_functions", codeant.DeadCode: "dead_code", codeant.DuplicateCode: "duplicate_code",
	} {
		client, body := asked(t, centreURL+"dismiss-alerts/get", answer)
		dismissals, err := client.Scans.Dismissals(t.Context(), "acme/shop", a)
		require.NoError(t, err)
		assert.Equal(t, `{"repo":"acme/shop","analysis_type":"`+name+`"}`, body())
		assert.Equal(t, []codeant.Dismissal{
			{Path: "lib/db.rb", RuleID: "T1", Reason: "accepted", Comment: "internal", Key: "lib/db.rb/security_issues.json||::||run(q)||::||T1", Raw: json.RawMessage(`{"reason_for_dismiss":"accepted","comment_for_dismiss":"internal"}`)},
			{Path: "a.rb", RuleID: "T2", Key: "a.rb||::||2 || ||::|| x||::||T2", Raw: json.RawMessage(`{}`)},
			{Path: "ops/.env", RuleID: "Private Key", StartLine: 4, Reason: "rotated", Key: "ops/.env||::||4||::||Private Key", Raw: json.RawMessage(`{"reason_for_dismiss":"rotated"}`)},
			{Reason: "unused", Key: "ink@1.4.0::package-lock.json::CVE-2030-1", Raw: json.RawMessage(`{"reason_for_dismiss":"unused"}`)},
			{Comment: "group", Key: "7", Raw: json.RawMessage(`{"comment_for_dismiss":"group"}`)},
			{Path: "b.rb", StartLine: 9, Key: "b.rb||::||9", Raw: json.RawMessage(`null`)},
		}, dismissals)
	}
	for body, ok := range map[string]bool{
		`{"status":"success","data":null}`: true, `{"data":{}}`: true, `{"status":"success"}`: false, `{}`: false, `{"data":[]}`: false, `[]`: false, ``: false,
		`{"status":"error","message":"no"}`: false,
	} {
		client, _ := asked(t, centreURL+"dismiss-alerts/get", body)
		dismissals, err := client.Scans.Dismissals(t.Context(), "acme/shop", codeant.SAST)
		assert.Empty(t, dismissals)
		if ok {
			assert.NoError(t, err, body)
		} else {
			assert.ErrorIs(t, err, codeant.ErrBadResponse, body)
		}
	}
	client, _ := asked(t, centreURL+"dismiss-alerts/get", answer)
	_, err := client.Scans.Dismissals(t.Context(), "acme/shop", codeant.SBOM)
	assert.EqualError(t, err, `codeant: analysis "sbom" has no findings to dismiss; use another analysis`)
	_, err = client.Scans.Dismissals(t.Context(), "acme/shop", "all")
	assert.ErrorIs(t, err, codeant.ErrInvalidRequest)
	_, err = client.Scans.Dismissals(t.Context(), "shop", codeant.SAST)
	assert.ErrorIs(t, err, codeant.ErrInvalidRequest)
}
