package codeant_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant"
)

const (
	scanStartURL = "https://api.codeant.ai/api/analysis/start"
	scanURL      = "https://api.codeant.ai/api/analysis/results"
)

var scanURLs = map[codeant.Analysis]string{
	codeant.SAST: scanURL, codeant.SCA: scanURL + "/sca", codeant.Secrets: scanURL + "/secrets",
	codeant.SBOM: scanURL + "/sbom", codeant.AntiPatterns: scanURL + "/antipatterns",
}

func scanAnswering(t *testing.T, a codeant.Analysis, answers ...httpmock.Responder) *codeant.Client {
	t.Helper()
	mock := httpmock.NewMockTransport()
	mock.RegisterResponder("POST", scanURLs[a], inOrder(answers...))
	return funnelClient(t, mock)
}

// plain strips what a comparison would only repeat.
func plain(findings []codeant.Finding) []codeant.Finding {
	for i := range findings {
		findings[i].Raw = nil
	}
	return findings
}

func TestEveryKnownShapeIsUnderstood(t *testing.T) {
	t.Parallel()
	sast := codeant.Finding{Analysis: codeant.SAST, Severity: codeant.SeverityHigh, Path: "src/app.js", StartLine: 3, EndLine: 3, RuleID: "sql-injection", Title: "SQL injection", Message: "SQL injection"}
	const issue = `{"file_path":"src/app.js","line_number":3,"check_id":"sql-injection","severity":"HIGH","message":"SQL injection"}`
	sca := codeant.Finding{
		Analysis: codeant.SCA, Severity: codeant.SeverityLow, RuleID: "CVE-2020-1", Title: "CVE-2020-1", Message: "CVE-2020-1", CVE: []string{"CVE-2020-1"},
		Package: &codeant.Package{Name: "lodash", Version: "4.17.0", FixedIn: "4.17.21"},
	}
	const vulnerability = `{"package_name":"lodash","version":"4.17.0","vulnerability_id":"CVE-2020-1","fix_version":"4.17.21","ratings":[{"severity":"low"}]}`
	for _, tt := range []struct {
		name     string
		analysis codeant.Analysis
		body     string
		want     []codeant.Finding
	}{
		{"bare list", codeant.SAST, "[" + issue + "]", []codeant.Finding{sast}},
		{"empty bare list", codeant.SAST, "[]", []codeant.Finding{}},
		{"issues", codeant.SAST, `{"status":"done","issues":[` + issue + `]}`, []codeant.Finding{sast}},
		{"results", codeant.SAST, `{"status":"COMPLETED","results":[` + issue + `,` + issue + `]}`, []codeant.Finding{sast, sast}},
		{"results by file", codeant.SAST, `{"status":"success","results":{"src/app.js/security_issues.json":[{"line_number":3,"check_id":"sql-injection","severity":"p1","message":"SQL injection"}],"issues":` + issue + `}}`, []codeant.Finding{sast, sast}},
		{"an empty list beside a full one", codeant.SAST, `{"status":"done","issues":[],"results":[` + issue + `]}`, []codeant.Finding{sast}},
		{"an empty list of vulnerabilities beside a full one", codeant.SCA, `{"status":"done","vulnerabilities":[],"results":{"all_vulnerabilities":[` + vulnerability + `]}}`, []codeant.Finding{sca}},
		{"vulnerabilities", codeant.SCA, `{"status":"done","vulnerabilities":[` + vulnerability + `]}`, []codeant.Finding{sca}},
		{"results.vulnerabilities", codeant.SCA, `{"status":"done","results":{"vulnerabilities":[` + vulnerability + `]}}`, []codeant.Finding{sca}},
		{"results.all_vulnerabilities", codeant.SCA, `{"status":"done","results":{"all_vulnerabilities":[` + vulnerability + `],"healthy_packages":[]}}`, []codeant.Finding{sca}},
		{"results as list", codeant.SCA, `{"status":"done","results":[` + vulnerability + `]}`, []codeant.Finding{sca}},
		{"bare list of vulnerabilities", codeant.SCA, `[` + vulnerability + `]`, []codeant.Finding{sca}},
		{
			"secrets", codeant.Secrets, `{"results":{"secrets":[{"type":"Secret Keyword","filename":"/mnt/lambda/acme/shop/` + shop.Commit + `/src/config.py","hashed_secret":"9d4e","is_verified":false,"line_number":14,"confidence_score":"FALSE_POSITIVE"}],"secretsCount":1},"status":"done","commit_id":"x"}`,
			[]codeant.Finding{{Analysis: codeant.Secrets, Severity: codeant.SeverityHigh, Path: "src/config.py", StartLine: 14, EndLine: 14, RuleID: "Secret Keyword", Title: "Secret Keyword", Message: "Secret Keyword", FalsePositive: true}},
		},
		{
			"anti-patterns", codeant.AntiPatterns, `{"results":{"acme/shop/` + shop.Commit + `/src/utils.py/anti_patterns.json":[{"line_number":42,"endLine":44,"issue_text":"a fixme","type":"CODE_SMELL","message-id":"W0511","symbol":"fixme","column":9,"endColumn":null,"severity":"Minor"}]}}`,
			[]codeant.Finding{{Analysis: codeant.AntiPatterns, Severity: codeant.SeverityLow, Path: "src/utils.py", StartLine: 42, EndLine: 44, Column: 9, RuleID: "W0511", Title: "a fixme", Message: "a fixme"}},
		},
		{"no anti-patterns", codeant.AntiPatterns, `{"results":{}}`, []codeant.Finding{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			results, err := scanAnswering(t, tt.analysis, status(200, tt.body)).Scans.Results(t.Context(), shop, tt.analysis)
			require.NoError(t, err)
			assert.Equal(t, tt.want, plain(results.Findings))
			assert.JSONEq(t, tt.body, string(results.Raw))
		})
	}
}

func TestAnSBOMListsPackages(t *testing.T) {
	t.Parallel()
	body := `{"results":{"rootFolder":"/mnt","timestamp":null,"sboms":[{"language":"Python","sourceFile":"/tmp/requirements.txt","packages":[{"name":"requests","version":"2.28.0","licenseDeclared":"Apache-2.0","spdxId":"Apache-2.0"}],"packagesCount":1}]},"status":"done"}`
	results, err := scanAnswering(t, codeant.SBOM, status(200, body)).Scans.Results(t.Context(), shop, codeant.SBOM)
	require.NoError(t, err)
	assert.Empty(t, results.Findings)
	assert.Equal(t, []codeant.Package{{Name: "requests", Version: "2.28.0", Ecosystem: "Python", License: "Apache-2.0"}}, results.Packages)

	mock := httpmock.NewMockTransport()
	mock.RegisterResponder("POST", scanURL+"/sbom", status(404, ""))
	mock.RegisterResponder("POST", scanURL+"/sbomb", status(200, body))
	results, err = funnelClient(t, mock).Scans.Results(t.Context(), shop, codeant.SBOM)
	require.NoError(t, err, "the older path")
	assert.Len(t, results.Packages, 1)
	assert.Equal(t, 2, mock.GetTotalCallCount())
	mock.RegisterResponder("POST", scanURL+"/sbomb", status(403, ""))
	_, err = funnelClient(t, mock).Scans.Results(t.Context(), shop, codeant.SBOM)
	assert.ErrorIs(t, err, codeant.ErrNotReady, "what the newer path said")
}

func TestNoOtherShapeIsTakenForNoFindings(t *testing.T) {
	t.Parallel()
	for _, a := range []codeant.Analysis{codeant.SAST, codeant.SCA, codeant.Secrets, codeant.SBOM, codeant.AntiPatterns} {
		for _, body := range []string{
			`{}`, `null`, `7`, `"done"`, `{"status":"done"}`, `{"status":"done","results":null}`, `{"status":"done","results":7}`, `{"status":"done","findings":[]}`,
			`{"error":"no"}`, `{"message":"Internal server error"}`, `{"status":7,"results":[]}`, `{"status":"done","status":"done","results":[]}`, `{"results":"x"}`,
			`{"Status":"failed","results":[]}`, `{"error":"x","status":"done","results":[]}`, `{"status":"done","results":[{}],"results":[]}`,
		} {
			results, err := scanAnswering(t, a, status(200, body)).Scans.Results(t.Context(), shop, a)
			assert.ErrorIs(t, err, codeant.ErrBadResponse, "%s %s", a, body)
			assert.Nil(t, results)
		}
	}
	for a, body := range map[codeant.Analysis]string{
		codeant.SAST: `{"status":"done","results":[1]}`, codeant.SCA: `{"status":"done","vulnerabilities":["x"]}`, codeant.Secrets: `{"results":{"secrets":[null]}}`,
		codeant.SBOM: `{"results":{"sboms":[{}]}}`, codeant.AntiPatterns: `{"results":{"a.py":7}}`,
	} {
		_, err := scanAnswering(t, a, status(200, body)).Scans.Results(t.Context(), shop, a)
		assert.ErrorIs(t, err, codeant.ErrBadResponse, body)
	}
	for _, body := range []string{`{"status":"failed","results":[]}`, `{"status":"ERROR"}`, `{"status":"failed","issues":[{"path":"a"}]}`} {
		_, err := scanAnswering(t, codeant.SAST, status(200, body)).Scans.Results(t.Context(), shop, codeant.SAST)
		assert.ErrorIs(t, err, codeant.ErrScanFailed, body)
		assert.NotErrorIs(t, err, codeant.ErrBadResponse)
	}
}

func TestUnfinishedResultsSayTheirStatus(t *testing.T) {
	t.Parallel()
	for _, word := range []string{"pending", "PENDING", "processing", "in_progress", "queued", "running", "", "PARKED"} {
		results, err := scanAnswering(t, codeant.SAST, status(200, `{"status":"`+word+`","issues":[{"path":"a.go"}]}`)).Scans.Results(t.Context(), shop, codeant.SAST)
		require.NoError(t, err)
		assert.Equal(t, word, results.Status)
		assert.Len(t, results.Findings, 1)
	}
}

func TestScansSendWhatTheScriptSends(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		rev     codeant.Revision
		baseURL string
	}{
		{codeant.Revision{Provider: codeant.GitHub, Repo: "acme/shop", Commit: shop.Commit}, `"github_base_url":"https://github.com"`},
		{codeant.Revision{Provider: codeant.GitLab, Repo: "acme/shop", Commit: shop.Commit, ProviderURL: "https://git.acme.example"}, `"gitlab_base_url":"https://git.acme.example"`},
		{codeant.Revision{Provider: codeant.AzureDevOps, Repo: "acme/p/shop", Commit: shop.Commit}, `"azure_devops_base_url":"https://dev.azure.com"`},
		{codeant.Revision{Provider: codeant.GitHub, Repo: "acme/shop", Commit: shop.Commit, ProviderURL: "https://GitHub.com/"}, `"github_base_url":"https://github.com"`},
		{codeant.Revision{Provider: codeant.Bitbucket, Repo: "acme/shop", Commit: shop.Commit}, ""},
		{codeant.Revision{Provider: codeant.Bitbucket, Repo: "acme/shop", Commit: shop.Commit, ProviderURL: "https://bitbucket.org"}, ""},
		{codeant.Revision{Provider: codeant.Bitbucket, Repo: "acme/shop", Commit: shop.Commit, ProviderURL: "https://bitbucket.org/"}, ""},
		{codeant.Revision{Provider: codeant.Bitbucket, Repo: "acme/shop", Commit: shop.Commit, ProviderURL: "https://api.bitbucket.org/2.0"}, ""},
		{codeant.Revision{Provider: codeant.Bitbucket, Repo: "acme/shop", Commit: shop.Commit, ProviderURL: "https://bitbucket.org.acme.example"}, `"bitbucket_base_url":"https://bitbucket.org.acme.example"`},
	} {
		var bodies []string
		mock := httpmock.NewMockTransport()
		mock.RegisterNoResponder(func(req *http.Request) (*http.Response, error) {
			body, err := io.ReadAll(req.Body)
			bodies = append(bodies, string(body))
			return httpmock.NewStringResponse(200, `{"message":"Analysis started","results":[]}`), err
		})
		client := funnelClient(t, mock)
		started, err := client.Scans.Start(t.Context(), codeant.ScanRequest{Revision: tt.rev, Include: []string{"src/**", "lib/*"}})
		require.NoError(t, err)
		assert.Equal(t, "Analysis started", started.Message)
		_, err = client.Scans.Results(t.Context(), tt.rev, codeant.SAST)
		require.NoError(t, err)
		common := `"access_token":"` + funnelToken + `","repo":"` + tt.rev.Repo + `","service":"` + string(tt.rev.Provider) + `","commit_id":"` + shop.Commit + `"`
		if tt.baseURL != "" {
			common += "," + tt.baseURL
		}
		require.Len(t, bodies, 2)
		assert.JSONEq(t, `{`+common+`,"include_files":"src/**,lib/*","exclude_files":"","branch":""}`, bodies[0])
		assert.JSONEq(t, `{`+common+`}`, bodies[1])
	}
}

func TestGlobsThatCannotBeSentAreRefused(t *testing.T) {
	t.Parallel()
	mock := httpmock.NewMockTransport()
	client := funnelClient(t, mock)
	_, err := client.Scans.Start(t.Context(), codeant.ScanRequest{Revision: shop, Include: []string{"src/{a,b}/*"}})
	assert.EqualError(t, err, `codeant: include glob "src/{a,b}/*" is empty or contains a comma; use one element for each glob`)
	_, err = client.Scans.Start(t.Context(), codeant.ScanRequest{Revision: shop, Exclude: []string{" "}})
	assert.EqualError(t, err, `codeant: exclude glob is empty or contains a comma; use one element for each glob`)
	_, err = client.Scans.Wait(t.Context(), shop, codeant.WaitOptions{}, "licences")
	assert.EqualError(t, err, `codeant: analysis "licences" is not known; use sast, sca, secrets, sbom, antipatterns, iac, dead_code, duplicate_code, docstring or complex_functions`)
	_, err = client.Scans.Run(t.Context(), codeant.ScanRequest{Revision: shop}, codeant.WaitOptions{}, "licences")
	assert.ErrorIs(t, err, codeant.ErrInvalidRequest)
	assert.Zero(t, mock.GetTotalCallCount())
}

func TestRunWaitsForEachAnalysisToItsOwnEnd(t *testing.T) {
	t.Parallel()
	pending, empty := status(200, `{"status":"pending","results":[]}`), status(200, `{"status":"done","results":[]}`)
	for _, tt := range []struct {
		name      string
		sast, sca []httpmock.Responder
		done      []codeant.Analysis
		kinds     []error
	}{
		{"both", []httpmock.Responder{pending, pending, pending, status(200, `{"status":"done","results":[{"path":"a.go","severity":"high"}]}`)}, []httpmock.Responder{status(404, ""), empty}, []codeant.Analysis{codeant.SAST, codeant.SCA}, nil},
		{"one fails", []httpmock.Responder{pending, empty}, []httpmock.Responder{status(200, `{"status":"failed"}`)}, []codeant.Analysis{codeant.SAST}, []error{codeant.ErrScanFailed}},
		{"one never comes", []httpmock.Responder{empty}, []httpmock.Responder{pending}, []codeant.Analysis{codeant.SAST}, []error{codeant.ErrWaitTimeout}},
		{"one is not understood", []httpmock.Responder{empty}, []httpmock.Responder{status(200, `{}`)}, []codeant.Analysis{codeant.SAST}, []error{codeant.ErrBadResponse}},
		{"both fail", []httpmock.Responder{status(200, `{"status":"error"}`)}, []httpmock.Responder{status(403, "")}, nil, []error{codeant.ErrScanFailed, codeant.ErrForbidden}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				mock := httpmock.NewMockTransport()
				mock.RegisterResponder("POST", scanStartURL, status(200, `{"message":"Analysis started"}`))
				mock.RegisterResponder("POST", scanURL, inOrder(tt.sast...))
				mock.RegisterResponder("POST", scanURL+"/sca", inOrder(tt.sca...))
				var polls []codeant.Poll
				report, err := funnelClient(t, mock).Scans.Run(t.Context(), codeant.ScanRequest{Revision: shop}, codeant.WaitOptions{OnPoll: func(p codeant.Poll) { polls = append(polls, p) }})
				require.NotNil(t, report)
				assert.Equal(t, shop, report.Revision)
				assert.Len(t, report.Results, len(tt.done))
				for _, a := range tt.done {
					assert.Contains(t, report.Results, a)
				}
				if len(tt.kinds) == 0 {
					require.NoError(t, err)
				}
				for _, kind := range tt.kinds {
					assert.ErrorIs(t, err, kind)
				}
				assert.NotEmpty(t, polls)
			})
		})
	}
}

func TestFindingsComeInAStableOrderAndFingerprintsSurviveShiftedLines(t *testing.T) {
	t.Parallel()
	report := &codeant.ScanReport{Results: map[codeant.Analysis]*codeant.ScanResults{
		codeant.SAST: {Findings: []codeant.Finding{
			{Analysis: codeant.SAST, Severity: codeant.SeverityLow, Path: "a.go", StartLine: 1},
			{Analysis: codeant.SAST, Severity: codeant.SeverityCritical, Path: "b.go", StartLine: 9},
			{Analysis: codeant.SAST, Severity: codeant.SeverityCritical, Path: "b.go", StartLine: 2},
			{Analysis: codeant.SAST, Path: "0.go"},
		}},
		codeant.Secrets: {Findings: []codeant.Finding{{Analysis: codeant.Secrets, Severity: codeant.SeverityCritical, Path: "a.go", StartLine: 7}}},
	}}
	var order []string
	for _, f := range report.Findings() {
		order = append(order, f.Severity.String()+" "+f.Path)
	}
	assert.Equal(t, []string{"critical a.go", "critical b.go", "critical b.go", "low a.go", "unknown 0.go"}, order)
	var blocking []string
	for _, f := range report.Blocking(codeant.SeverityHigh) {
		blocking = append(blocking, f.Severity.String()+" "+f.Path)
	}
	assert.Equal(t, []string{"critical a.go", "critical b.go", "critical b.go", "unknown 0.go"}, blocking)
	assert.Empty(t, (*codeant.ScanReport)(nil).Findings())

	one := codeant.Finding{Analysis: codeant.SAST, RuleID: "r", Path: "a.go", Message: "m", StartLine: 1}
	shifted, other, moved := one, one, one
	shifted.StartLine, other.RuleID, other.Path, moved.Path = 20, "ra", ".go", "b.go"
	assert.Equal(t, one.Fingerprint(), shifted.Fingerprint())
	assert.NotEqual(t, one.Fingerprint(), other.Fingerprint())
	assert.NotEqual(t, one.Fingerprint(), moved.Fingerprint())
	assert.Len(t, one.Fingerprint(), 32)
}

func TestSeverityWords(t *testing.T) {
	t.Parallel()
	for words, want := range map[string]codeant.Severity{
		"critical BLOCKER p0": codeant.SeverityCritical, "high Error major P1": codeant.SeverityHigh, "medium warning moderate p2": codeant.SeverityMedium,
		"low note minor p3": codeant.SeverityLow, "info informational information p4": codeant.SeverityInfo, "unknown UNKNOWN": codeant.SeverityUnknown,
	} {
		for word := range strings.FieldsSeq(words) {
			severity, err := codeant.ParseSeverity(word)
			require.NoError(t, err)
			assert.Equal(t, want, severity, word)
		}
		text, err := json.Marshal(want)
		require.NoError(t, err)
		var back codeant.Severity
		require.NoError(t, json.Unmarshal(text, &back))
		assert.Equal(t, want, back)
	}
	severity, err := codeant.ParseSeverity("odd")
	assert.Equal(t, codeant.SeverityUnknown, severity)
	assert.EqualError(t, err, `codeant: severity "odd" is not known; use critical, high, medium, low, info or unknown`)
	assert.ErrorIs(t, err, codeant.ErrInvalidRequest)
}

func TestAgentScans(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const base = "https://api.codeant.ai/api/analysis/agents/scan/"
		var body string
		mock := httpmock.NewMockTransport()
		mock.RegisterResponder("POST", base+"start", func(req *http.Request) (*http.Response, error) {
			sent, err := io.ReadAll(req.Body)
			body = string(sent)
			return httpmock.NewStringResponse(200, `{"message":"Scan started successfully","scanId":"aB3","filesQueued":142}`), err
		})
		mock.RegisterResponder("POST", base+"results", inOrder(status(404, ""), status(200, `{"scanId":"aB3","status":"in_progress","results":[]}`),
			status(200, `{"scanId":"aB3","repoName":"acme/shop","status":"completed","results":[{"file":"src/login.py","issues":[{"relevant_file":"src/login.py","start_line":45,"end_line":52,"one_sentence_summary":"weak hash","suggestion_content":"use another","label":"Security","severity":"medium","cwe_id":"CWE-916"}]}],"totalIssues":1}`)))
		mock.RegisterResponder("POST", base+"history", status(200, `{"scans":[{"service":"azuredevops","repo_name":"acme/shop","branch":"main","commit_id":"abc","scan_id":"aB3","prompt":"threat_hunting","timestamp":"2025-03-15T10:30:00Z","num_files":142}]}`))
		client := funnelClient(t, mock)
		req := codeant.AgentScanRequest{Revision: codeant.Revision{Provider: codeant.GitHub, Repo: "acme/shop", Branch: "main"}, Prompt: "threat_hunting", Exclude: []string{"tests/**"}}

		started, err := client.Agents.Start(t.Context(), req)
		require.NoError(t, err)
		assert.Equal(t, "aB3", started.ID)
		assert.Equal(t, 142, started.FilesQueued)
		assert.JSONEq(t, `{"accessToken":"`+funnelToken+`","service":"github","repo":"acme/shop","branch":"main","instructionPrompt":"threat_hunting","excludeFiles":"tests/**","github_base_url":"https://github.com"}`, body)

		results, err := client.Agents.Wait(t.Context(), "acme/shop", started.ID, codeant.WaitOptions{})
		require.NoError(t, err)
		assert.Equal(t, 1, results.TotalIssues)
		assert.Equal(t, []codeant.Finding{{
			Analysis: "agent", Severity: codeant.SeverityMedium, Path: "src/login.py", StartLine: 45, EndLine: 52,
			RuleID: "Security", Title: "weak hash", Message: "use another", CWE: []string{"CWE-916"},
		}}, plain(results.Findings))

		scans, err := client.Agents.History(t.Context(), "acme/shop")
		require.NoError(t, err)
		require.Len(t, scans, 1)
		scans[0].Raw = nil
		assert.Equal(t, codeant.AgentScan{ID: "aB3", Provider: codeant.AzureDevOps, Repo: "acme/shop", Branch: "main", Commit: "abc", Prompt: "threat_hunting", Time: time.Date(2025, 3, 15, 10, 30, 0, 0, time.UTC), Files: 142}, scans[0])

		req.Revision.Branch = ""
		_, err = client.Agents.Start(t.Context(), req)
		assert.EqualError(t, err, "codeant: branch is missing; an agent scan needs the name of a branch")
		req.Revision.Branch, req.Prompt = "main", " "
		_, err = client.Agents.Start(t.Context(), req)
		assert.EqualError(t, err, `codeant: prompt is missing; say what to look for, such as "threat_hunting"`)
		_, err = client.Agents.Results(t.Context(), "acme/shop", "")
		assert.EqualError(t, err, "codeant: scan ID is missing; use the ID that Start or History returns")
	})
}
