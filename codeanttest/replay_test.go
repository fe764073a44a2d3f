package codeanttest_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/codeanttest"
)

// The requests in this file are those of CodeAnt's own programs, to the byte where it matters.

// script sends a request as CodeAnt's shell scripts do, with the credential in the body alone.
func script(t *testing.T, s *codeanttest.Server, path, body string) response {
	t.Helper()
	body = strings.ReplaceAll(body, "TOKEN", s.Token().Reveal())
	_, got := do(t, s.HTTPClient(), http.MethodPost, s.URL()+path, body, map[string]string{"Content-Type": "application/json"})
	return got
}

// cli sends a request as codeant-cli 0.4.9 does.
func cli(t *testing.T, s *codeanttest.Server, token codeant.Token, path, body string) response {
	t.Helper()
	_, got := do(t, s.HTTPClient(), http.MethodPost, s.URL()+path, body, map[string]string{
		"Content-Type": "application/json", "Authorization": "Bearer " + token.Reveal(),
	})
	return got
}

func TestUploadCoverageScript(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, s *codeanttest.Server) {
		const body = `{"repo":"acme/web","commit_id":"0123456789abcdef0123456789abcdef01234567","access_token":"TOKEN",` +
			`"platform":"github","module":"app","branch":"main","vcs_base_url":"https://github.com"}`
		presigned := script(t, s, "/pr/analysis/coverage/presign", body)
		require.Equal(t, 200, presigned.Status, presigned.Body)
		var answer struct {
			URL string `json:"coverage_url"`
		}
		require.NoError(t, json.Unmarshal([]byte(presigned.Body), &answer))
		_, put := do(t, s.HTTPClient(), http.MethodPut, answer.URL, report, map[string]string{
			"Content-Type": "application/xml", "Expect": "100-continue", "Accept": "*/*", "User-Agent": "curl/8.5.0",
		})
		assert.Equal(t, response{200, ""}, put)
		assert.Equal(t, response{200, `{"message":"Coverage report received","status":"success"}`}, script(t, s, "/pr/analysis/coverage/complete", body))
		stored := revision
		stored.ProviderURL = "https://github.com"
		assert.Equal(t, []codeanttest.Upload{
			{Revision: stored, Module: "app", Bytes: int64(len(report)), Content: []byte(report), Completed: true},
		}, s.Uploads())
	})
}

func TestQualityGatesScript(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, s *codeanttest.Server) {
		const body = `{"repo":"acme/web","service":"github","commit_id":"0123456789abcdef0123456789abcdef01234567","base_url":"https://github.com"}`
		start := cli(t, s, s.Token(), "/analysis/ci/quality-gates/scan/start", body)
		assert.Equal(t, response{200, `{"message":"Quality gate scan queued","scan_id":"gates-req-1"}`}, start)
		results := cli(t, s, s.Token(), "/analysis/ci/quality-gates/scan/results", body)
		assert.Equal(t, response{200, `{"duplicate_quality_gate":{"status":"PASSED"},"scan_id":"gates-req-1",` +
			`"secret_quality_gate":{"status":"PASSED"},"status":"COMPLETED"}`}, results)
	})
}

func TestStartScanScript(t *testing.T) {
	t.Parallel()
	for name, provider := range map[string]struct{ service, address string }{
		"github":       {"github", `,"github_base_url":"https://github.com"`},
		"gitlab":       {"gitlab", `,"gitlab_base_url":"https://gitlab.com"`},
		"azure devops": {"azuredevops", `,"azure_devops_base_url":"https://dev.azure.com"`},
		"bitbucket":    {"bitbucket", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			everywhere(t, func(t *testing.T, s *codeanttest.Server) {
				head := `{"repo":"acme/web","service":"` + provider.service + `","commit_id":"0123456789abcdef0123456789abcdef01234567","access_token":"TOKEN"`
				start := script(t, s, "/api/analysis/start", head+`,"include_files":"","exclude_files":"","branch":""`+provider.address+`}`)
				assert.Equal(t, response{200, `{"message":"Analysis started"}`}, start)
				assert.Equal(t, response{200, `{"results":[],"status":"done"}`}, script(t, s, "/api/analysis/results", head+provider.address+`}`))
				assert.Equal(t, response{200, `{"results":{"vulnerabilities":[]},"status":"done"}`},
					script(t, s, "/api/analysis/results/sca", head+provider.address+`}`))
			})
		})
	}
}

// shopServer is a server that knows a scanned repository.
func shopServer(t *testing.T, opts ...codeanttest.Option) (*codeanttest.Server, codeant.Revision) {
	t.Helper()
	s := codeanttest.NewServer(t, opts...)
	rev := codeant.Revision{Provider: codeant.GitHub, Repo: "acme/shop", Commit: "4f1d0c6a9be27735c8a1e0d94b6f23517ac8e902", Branch: "main"}
	s.SetRepositories(codeant.Organization{Provider: codeant.GitHub, Name: "acme"}, json.RawMessage(`[{"full_name":"acme/shop"}]`))
	s.SetFindings(rev, codeant.SAST, json.RawMessage(`[{"file_path":"pay.py","line_number":8,"test_id":"B608","issue_text":"Query","severity":"HIGH","context_code_block":"run(q)"}]`))
	s.SetFindings(rev, codeant.SCA, json.RawMessage(`[{"package_name":"quill","version":"1.4.0","vulnerability_id":"CVE-1"}]`))
	s.SetFindings(rev, codeant.Secrets, json.RawMessage(`[{"path":"ops/.env","line_number":4,"type":"Key"},{"path":"a","confidence_score":"FALSE_POSITIVE"}]`))
	s.SetFindings(rev, codeant.SBOM, json.RawMessage(`[{"package_name":"quill","version":"1.4.0"}]`))
	s.SetFindings(rev, "iac", json.RawMessage(`[{"check_id":"CKV_1","file_path":"/main.tf","file_line_range":[1,9]}]`))
	s.SetFindings(rev, "dead_code", json.RawMessage(`[{"file_path":"a.py","function_name":"f"}]`))
	s.SetFindings(rev, "duplicate_code", json.RawMessage(`[[{"fileName":"/a.go","window":"[5-9]","originalIndex":7},{"fileName":"/b.go","window":"[1-5]","originalIndex":7}]]`))
	return s, rev
}

func TestCommandLineClient(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ path, body, want string }{
		"scans orgs": {
			"/extension/scans2/validate", `{"extension":"cli"}`,
			`{"data":{"email":"dev@acme.example","orgs":[{"organization_name":"acme","base_url":"https://github.com","service":"github"}]},"status":"success"}`,
		},
		"scans repos":                    {"/extension/scans2/listrepos", `{"org":"acme"}`, `{"repos":[{"full_name":"acme/shop"}]}`},
		"scans repos of a foreign owner": {"/extension/scans2/listrepos", `{"org":"other"}`, `{"message":"Organization not connected","status":"error"}`},
		"scans history": {
			"/extension/scans2/get-scan-history", `{"repo":"acme/shop"}`,
			`{"last_analysis_results":[{"branch":"main","latest_commit_sha":"4f1d0c6a9be27735c8a1e0d94b6f23517ac8e902","status":"done",` +
				`"timestamp":"2000-01-01T00:00:00Z"}],"repo":"acme/shop"}`,
		},
		"scans history of a foreign repository": {
			"/extension/scans2/get-scan-history", `{"repo":"acme/other"}`, `{"message":"Repository not found","status":"error"}`,
		},
		"scans results: code": {
			"/extension/scans2/fetch-results", `{"repo":"acme/shop","commit_id":"COMMIT","result_type":"security_issues"}`,
			`{"results":{"acme/shop/4f1d0c6a9be27735c8a1e0d94b6f23517ac8e902/pay.py/security_issues.json":[{"file_path":"pay.py","line_number":8,` +
				`"test_id":"B608","issue_text":"Query","severity":"HIGH","context_code_block":"run(q)"}]},"status":"done"}`,
		},
		"scans results: anti-patterns, which the commit has not": {
			"/extension/scans2/fetch-results", `{"repo":"acme/shop","commit_id":"COMMIT","result_type":"anti_patterns"}`,
			`{"message":"No such scan","status":"error"}`,
		},
		"scans results: dependencies": {
			"/extension/scans2/fetch-advanced-results", `{"repo":"acme/shop","commit_id":"COMMIT","result_type":"sca"}`,
			`{"results":{"all_vulnerabilities":[{"package_name":"quill","version":"1.4.0","vulnerability_id":"CVE-1"}],"healthy_packages":[]},"status":"done"}`,
		},
		"scans results: packages": {
			"/extension/scans2/fetch-advanced-results", `{"repo":"acme/shop","commit_id":"COMMIT","result_type":"sbom"}`,
			`{"results":[{"package_name":"quill","version":"1.4.0"}],"status":"done"}`,
		},
		"scans results: secrets": {
			"/extension/scans2/fetch-advanced-results", `{"repo":"acme/shop","commit_id":"COMMIT","result_type":"secrets"}`,
			`{"secrets":[{"path":"ops/.env","line_number":4,"type":"Key"},{"path":"a","confidence_score":"FALSE_POSITIVE"}],"status":"done"}`,
		},
		"scans results of a newer client: no false positives": {
			"/extension/scans2/fetch-advanced-results",
			`{"repo":"acme/shop","commit_id":"COMMIT","result_type":"secrets","filter_dismissed":false,"include_false_positives":false}`,
			`{"secrets":[{"path":"ops/.env","line_number":4,"type":"Key"}],"status":"done"}`,
		},
		"scans results: infrastructure": {
			"/extension/scans2/fetch-advanced-results", `{"repo":"acme/shop","commit_id":"COMMIT","result_type":"iac"}`,
			`{"results":[{"check_type":"terraform","results":{"failed_checks":[{"check_id":"CKV_1","file_path":"/main.tf","file_line_range":[1,9]}],` +
				`"passed_checks":[]}}],"status":"done"}`,
		},
		"scans results: dead code": {
			"/extension/scans2/fetch-advanced-results", `{"repo":"acme/shop","commit_id":"COMMIT","result_type":"dead_code"}`,
			`{"dead_code":[{"file_path":"a.py","function_name":"f"}],"status":"done"}`,
		},
		"scans results: duplicates": {
			"/extension/scans2/fetch-advanced-results", `{"repo":"acme/shop","commit_id":"COMMIT","result_type":"duplicate_code"}`,
			`{"results":[[{"fileName":"/a.go","window":"[5-9]","originalIndex":7},{"fileName":"/b.go","window":"[1-5]","originalIndex":7}]],"status":"done"}`,
		},
		"scans results of the other path": {
			"/extension/scans2/fetch-results", `{"repo":"acme/shop","commit_id":"COMMIT","result_type":"sca"}`,
			`{"message":"Unknown result type","status":"error"}`,
		},
		"scans dismissed": {
			"/extension/scans2/dismiss-alerts/get", `{"repo":"acme/shop","analysis_type":"security"}`,
			`{"data":{"pay.py/security_issues.json||::||run(q)||::||B608":{"reason_for_dismiss":"accepted","comment_for_dismiss":"internal"}},"status":"success"}`,
		},
		"scans dismissed: secrets": {
			"/extension/scans2/dismiss-alerts/get", `{"repo":"acme/shop","analysis_type":"secrets"}`,
			`{"data":{"ops/.env||::||4||::||Key":{"reason_for_dismiss":"rotated"}},"status":"success"}`,
		},
		"start-scan": {
			"/extension/analysis/run", `{"repo":"acme/shop","branch":"main","commit_id":"a07c3e5d1f8b2946e0d7c5b3a19f8e6d4c2b0a98","include_files":["api/**"]}`,
			`{"message":"Analysis started","status":"success"}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, nil, func(t *testing.T, _ *codeanttest.Server, _ *codeant.Client) {
				s, rev := shopServer(t, codeanttest.InMemory())
				dismissLater := strings.HasPrefix(name, "scans dismissed")
				if dismissLater {
					s.Dismiss(rev, codeant.SAST, 0, "accepted", "internal")
					s.Dismiss(rev, codeant.Secrets, 0, "rotated", "")
				}
				body := strings.ReplaceAll(c.body, "COMMIT", rev.Commit)
				assert.Equal(t, response{200, c.want}, cli(t, s, s.Token(), c.path, body))
			})
		})
	}
}

func TestCommandLineClientGetsTheScanThatItStarted(t *testing.T) {
	t.Parallel()
	inBubble(t, nil, func(t *testing.T, _ *codeanttest.Server, _ *codeant.Client) {
		s, _ := shopServer(t, codeanttest.InMemory(), codeanttest.ReadyAfter(time.Minute))
		<-time.After(time.Hour)
		const commit = "a07c3e5d1f8b2946e0d7c5b3a19f8e6d4c2b0a98"
		cli(t, s, s.Token(), "/extension/analysis/run", `{"repo":"acme/shop","branch":"release","commit_id":"`+commit+`"}`)
		const fetch = `{"repo":"acme/shop","commit_id":"` + commit + `","result_type":"docstring"}`
		assert.Equal(t, response{200, `{"status":"pending"}`}, cli(t, s, s.Token(), "/extension/scans2/fetch-results", fetch))
		const first = `{"last_analysis_results":[{"branch":"main","latest_commit_sha":"4f1d0c6a9be27735c8a1e0d94b6f23517ac8e902",` +
			`"status":"done","timestamp":"2000-01-01T00:00:00Z"},{"branch":"release","latest_commit_sha":"` + commit + `","status":"`
		const last = `","timestamp":"2000-01-01T01:00:00Z"}],"repo":"acme/shop"}`
		history := func() response {
			return cli(t, s, s.Token(), "/extension/scans2/get-scan-history", `{"repo":"acme/shop"}`)
		}
		assert.Equal(t, response{200, first + "pending" + last}, history())
		<-time.After(time.Minute)
		assert.Equal(t, response{200, first + "done" + last}, history())
		assert.Equal(t, response{200, `{"results":{},"status":"done"}`}, cli(t, s, s.Token(), "/extension/scans2/fetch-results", fetch))
	})
}

func TestCredentials(t *testing.T) {
	t.Parallel()
	const (
		missing = `{"message":"the Authorization header is missing or holds no Bearer token"}`
		unknown = `{"message":"the token is not known"}`
		differ  = `{"message":"field \"access_token\" is not the token of the Authorization header"}`
		started = `{"message":"Analysis started"}`
	)
	start := func(credential string) string {
		return `{"repo":"acme/web","service":"github","commit_id":"0123456789abcdef0123456789abcdef01234567"` + credential + `}`
	}
	for name, c := range map[string]struct {
		header, body string
		opts         []codeanttest.Option
		want         response
	}{
		"in the header":                       {header: "Bearer TOKEN", want: response{200, started}},
		"in the body":                         {body: `,"access_token":"TOKEN"`, want: response{200, started}},
		"in both":                             {header: "Bearer TOKEN", body: `,"access_token":"TOKEN"`, want: response{200, started}},
		"nowhere":                             {want: response{401, missing}},
		"in the other field":                  {body: `,"accessToken":"TOKEN"`, want: response{401, missing}},
		"two that differ":                     {header: "Bearer TOKEN", body: `,"access_token":"cdt_0123456789"`, want: response{400, differ}},
		"two that differ, the header unknown": {header: "Bearer cdt_0123456789", body: `,"access_token":"TOKEN"`, want: response{400, differ}},
		"a body without a value":              {header: "Bearer TOKEN", body: `,"access_token":""`, want: response{400, differ}},
		"a body that is not a string":         {body: `,"access_token":7`, want: response{401, unknown}},
		"unknown":                             {body: `,"access_token":"cdt_0123456789"`, want: response{401, unknown}},
		"another scheme":                      {header: "Basic TOKEN", body: `,"access_token":"TOKEN"`, want: response{401, missing}},
		"in the body of a strict server":      {body: `,"access_token":"TOKEN"`, opts: []codeanttest.Option{codeanttest.RequireHeader()}, want: response{401, missing}},
		"in both of a strict server": {
			header: "Bearer TOKEN", body: `,"access_token":"TOKEN"`, opts: []codeanttest.Option{codeanttest.RequireHeader()}, want: response{200, started},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := codeanttest.NewServer(t, c.opts...)
			header := map[string]string{"Content-Type": "application/json"}
			if c.header != "" {
				header["Authorization"] = strings.ReplaceAll(c.header, "TOKEN", s.Token().Reveal())
			}
			body := strings.ReplaceAll(start(c.body), "TOKEN", s.Token().Reveal())
			_, got := do(t, s.HTTPClient(), http.MethodPost, s.URL()+"/api/analysis/start", body, header)
			assert.Equal(t, c.want, got)
		})
	}
}

func TestARevokedTokenInTheBodyIsRefused(t *testing.T) {
	t.Parallel()
	s := codeanttest.NewServer(t)
	require.Equal(t, 200, post(t, s, "/api/tokens/revoke", `{"token_id":"tok_1"}`).Status)
	got := script(t, s, "/api/analysis/start", `{"repo":"acme/web","service":"github","commit_id":"0123456789abcdef","access_token":"TOKEN"}`)
	assert.Equal(t, response{401, `{"message":"token revoked"}`}, got)
}

func TestProvidersAreSpelledAsTheirClientsDo(t *testing.T) {
	t.Parallel()
	s := codeanttest.NewServer(t)
	for _, spelling := range []string{"azuredevops", "azure_devops", "Azure DevOps", "ado", " AzureDevOps "} {
		got := post(t, s, "/api/analysis/start", `{"repo":"acme/web/shop","service":"`+spelling+`","commit_id":"0123456789abcdef"}`)
		assert.Equal(t, 200, got.Status, spelling)
	}
	history := post(t, s, "/api/analysis/scan-history", `{"repo":"acme/web/shop","service":"azure_devops"}`)
	assert.Equal(t, 1, strings.Count(history.Body, "latest_commit_sha"), "all of them name one repository: %s", history.Body)
}

func TestBadRequestsAreRefusedInTheServersWords(t *testing.T) {
	t.Parallel()
	s := codeanttest.NewServer(t)
	const ok = `"repo":"acme/web","service":"github","commit_id":"0123456789abcdef"`
	for body, want := range map[string]string{
		strings.Replace(ok, "github", "jenkins", 1):             `field \"service\": the provider is not supported`,
		strings.Replace(ok, "acme/web", "web", 1):               `field \"repo\" must have the form owner/repository`,
		strings.Replace(ok, "acme/web", "https://x/acme/w", 1):  `field \"repo\" must have the form owner/repository`,
		strings.Replace(ok, "0123456789abcdef", "HEAD", 1):      `field \"commit_id\" is not the hash of a commit`,
		ok + `,"github_base_url":"github.com"`:                  `field \"github_base_url\" is not a URL`,
		ok + `,"include_files":["src/**"]`:                      `field \"include_files\" is not a string`,
		strings.Replace(ok, `"service":"github"`, `"s":"x"`, 1): `field \"service\" is missing`,
	} {
		assert.Equal(t, response{400, `{"message":"` + want + `"}`}, post(t, s, "/api/analysis/start", "{"+body+"}"), body)
	}
}
