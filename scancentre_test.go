package codeant_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant"
)

const centreURL = "https://api.codeant.ai/extension/scans2/"

var centreURLs = map[codeant.Analysis]string{
	codeant.IaC: centreURL + "fetch-advanced-results", codeant.DeadCode: centreURL + "fetch-advanced-results",
	codeant.DuplicateCode: centreURL + "fetch-advanced-results", codeant.Docstrings: centreURL + "fetch-results",
	codeant.ComplexFunctions: centreURL + "fetch-results",
}

// anywhere answers whatever is asked.
func anywhere(t *testing.T, answers ...httpmock.Responder) (*codeant.Client, *httpmock.MockTransport) {
	t.Helper()
	mock := httpmock.NewMockTransport()
	mock.RegisterNoResponder(inOrder(answers...))
	return funnelClient(t, mock), mock
}

// brief writes findings so that a table of them can be read: what String says, the rest in brackets.
func brief(findings []codeant.Finding) []string {
	texts := []string{}
	for _, f := range findings {
		text := f.String()
		if f.EndLine > f.StartLine {
			text += fmt.Sprintf(" [to %d]", f.EndLine)
		}
		if f.Dismissed {
			text += fmt.Sprintf(" [dismissed %q %q]", f.DismissReason, f.DismissComment)
		}
		if f.FalsePositive {
			text += " [false positive]"
		}
		if ids := append(append([]string{}, f.CWE...), f.CVE...); len(ids) > 0 {
			text += fmt.Sprint(" ", ids)
		}
		texts = append(texts, text)
	}
	return texts
}

func TestEveryShapeOfTheScanCentreIsRead(t *testing.T) {
	t.Parallel()
	here := "acme/shop/" + shop.Commit + "/"
	elsewhere := "/data/job/" + strings.Repeat("0f", 20) + "/"
	for _, tt := range []struct {
		name     string
		analysis codeant.Analysis
		body     string
		want     []string
	}{
		// Map of files, as fetch-results answers.
		{
			"security by file", codeant.SAST, `{"status":"done","results":{
				"` + here + `lib/db.rb/security_issues.json":[
					{"line_number":21,"test_id":"T1","issue_text":"Raw SQL","severity":"HIGH","issue_confidence":"LOW","cwe":89,"cve":"CVE-2030-1",
					 "is_dismissed":true,"reason_for_dismiss":"known","comment_for_dismiss":"see wiki","is_false_positive":true},
					{"start_line":22,"check_id":"raw-sql","message":"Again","severity":"major","cwe_id":"CWE-89","reason_for_dismiss":"does not count"}],
				"` + elsewhere + `ui/a.ts/security_issues.json":[{"line":4,"rule_id":"r","description":"Weak hash","severity":"p9"}],
				"src/a/b/c/d.py":[{"name":"Only a name","cve_id":"CVE-2030-2","severity":null}],
				"x.py":[{"vulnerability_id":"V-9","issue_text":"Text"}], "none.py":[]}}`,
			[]string{
				`high lib/db.rb:21 T1: Raw SQL [dismissed "known" "see wiki"] [false positive] [CWE-89 CVE-2030-1]`,
				`high lib/db.rb:22 raw-sql: Again [CWE-89]`,
				`unknown ui/a.ts:4 r: Weak hash`,
				`unknown src/a/b/c/d.py CVE-2030-2: Only a name [CVE-2030-2]`,
				`unknown x.py V-9: Text`,
			},
		},
		{
			"a list with ranges", codeant.SAST, `{"status":"done","results":[
				{"file_path":"a.py","line_number":6,"file_line_range":[6,8],"check_id":"c","check_name":"Name","message":"m","severity":"blocker"},
				{"file_path":"a.py","line":9,"line_range":[9,12],"description":"Described","severity":"moderate"}]}`,
			[]string{`critical a.py:6 c: m [to 8]`, `medium a.py:9 Described [to 12]`},
		},
		{"a null beside a finding in a map", codeant.SAST, `{"status":"done","results":{"a.py":[null,{"line_number":2,"message":"m"}]}}`, []string{`unknown a.py:2 m`}},
		{
			"the answer itself is the map", codeant.SAST, `{"status":"done","results":null,"total":1,"` + here + `a.py/security_issues.json":[{"line":1,"message":"m"}]}`,
			[]string{`unknown a.py:1 m`},
		},
		{
			"complex functions in the answer itself", codeant.ComplexFunctions, `{"status":"done","results":null,"total":1,
				"` + here + `app/pay.py/complex_functions.json":[{"start_line":30,"name":"charge","complexity":41,"severity":"warning"}]}`,
			[]string{`medium app/pay.py:30 charge`},
		},
		{
			"docstrings without a status", codeant.Docstrings, `{"results":{"` + here + `Makefile/docstring.json":[null,{"line_number":1,"issue_text":"open has no docstring","name":"open"}],"Rakefile":[{"message":"m"}]}}`,
			[]string{`low Makefile:1 open has no docstring`, `low Rakefile m`},
		},
		{"docstrings as a list", codeant.Docstrings, `{"status":"done","results":[{"file_path":"a.py","message":"m"},null]}`, []string{`low a.py m`}},
		{"docstrings as a bare list", codeant.Docstrings, `[{"file_path":"a.py","message":"m"}]`, []string{`low a.py m`}},
		{"anti-patterns as a bare list", codeant.AntiPatterns, `[{"file_path":"a.py","message-id":"W1","issue_text":"m"}]`, []string{`low a.py W1: m`}},
		{"no complex functions", codeant.ComplexFunctions, `{"status":"done","results":{}}`, []string{}},

		// The shapes of fetch-advanced-results.
		{
			"vulnerabilities with ratings", codeant.SCA, `{"status":"done","results":{"all_vulnerabilities":[
				{"package_name":"ink","version":"3.1.0","ecosystem":"npm","vulnerability_id":"CVE-2030-3","ratings":[{"severity":"low"}],"fix_version":"3.1.1","cwe":"CWE-400","file_path":"package-lock.json","is_dismissed":true,"reason_for_dismiss":"unused"},
				{"name":"lead","package_version":"0.2","package_manager":"pip","advisory_id":"ADV-1","severity":"high","cvss_score":null},{"title":"Nothing else"}],
				"healthy_packages":[{"package_name":"nib"}]}}`,
			[]string{
				`low package-lock.json ink@3.1.0 CVE-2030-3 [dismissed "unused" ""] [CWE-400 CVE-2030-3]`, `high lead@0.2 ADV-1`,
				`medium Vulnerability in a dependency`,
			},
		},
		{"null vulnerabilities", codeant.SCA, `{"status":"done","results":{"all_vulnerabilities":null,"healthy_packages":null}}`, []string{}},
		{
			"vulnerabilities by file", codeant.SCA, `{"results":{"go.mod":[null,{"package_name":"example.test/y","vulnerability_id":"GO-2"}],"ui/package.json":{"package_name":"ink","file_path":"ignored"},"count":2}}`,
			[]string{`medium go.mod example.test/y GO-2`, `medium ui/package.json ink Vulnerability in ink`},
		},
		{"vulnerabilities by file, inside", codeant.SCA, `{"results":{"all_vulnerabilities":{"go.mod":[{"package_name":"y","vulnerability_id":"GO-2"}]}}}`, []string{`medium go.mod y GO-2`}},
		{
			"secrets at the top", codeant.Secrets, `{"status":"done","secrets":[
				{"filename":"` + elsewhere + `ops/.env","line_number":4,"type":"Private Key","hashed_secret":"88","confidence_score":"false_positive","message":"hunter2"},
				{"path":"k.txt","start_line":2,"secret_type":"aws","confidence_score":"HIGH","severity":"critical"},{"file_path":"c.cfg","rule_id":"generic","is_false_positive":true}]}`,
			[]string{`high ops/.env:4 Private Key [false positive]`, `critical k.txt:2 aws`, `high c.cfg generic [false positive]`},
		},
		{"secrets by file", codeant.Secrets, `{"secrets":{"ops/.env":[{"line":1,"type":"Token"}]}}`, []string{`high ops/.env:1 Token`}},
		{
			"reports of infrastructure", codeant.IaC, `{"status":"done","results":[
				{"check_type":"terraform","results":{"passed_checks":[{"check_id":"P"}],"failed_checks":[
					{"check_id":"K_1","check_name":"Bucket is open","file_path":"/infra/a.tf","file_line_range":[4,11],"severity":null,"resource":"b","is_dismissed":true,"reason_for_dismiss":"test","comment_for_dismiss":"until June"},
					{"check_id":"K_2","severity":"LOW"}]}},
				{"check_type":"helm","results":{"failed_checks":[]}},{"check_type":"none","results":{}},null,{"check_id":"K_3","file_path":"b.tf"}]}`,
			[]string{`medium infra/a.tf:4 K_1: Bucket is open [to 11] [dismissed "test" "until June"]`, `low K_2`, `medium b.tf K_3`},
		},
		{"infrastructure under another key", codeant.IaC, `{"result":[{"policy_id":"P","file_path":"a.yml","line":3,"severity":"high","description":"Flat"}]}`, []string{`high a.yml:3 P: Flat`}},
		{"one report of infrastructure", codeant.IaC, `{"results":{"check_type":"terraform","results":{"failed_checks":[{"check_id":"K_1","file_path":"/a.tf","file_line_range":[1,2]}]}}}`, []string{`medium a.tf:1 K_1 [to 2]`}},
		{"the checks of one report", codeant.IaC, `{"results":{"failed_checks":[{"check_id":"K_1","file_path":"/a.tf"}]}}`, []string{`medium a.tf K_1`}},
		{"infrastructure by file", codeant.IaC, `{"results":{"a.tf":{"check_id":"K_1"},"b.tf":[{"check_id":"K_2"}],"passed":7}}`, []string{`medium a.tf K_1`, `medium b.tf K_2`}},
		{"infrastructure as a bare list", codeant.IaC, `[{"check_id":"K_1","file_path":"/a.tf"}]`, []string{`medium a.tf K_1`}},
		{
			"dead code of every tool", codeant.DeadCode, `{"status":"done","dead_code":{
				"python_dead_code":[null,{"file_path":"jobs/run.py","issues":[{"line_number":12,"issue":"unused variable 'acc' (80% confidence)","is_dismissed":true},null,{"issue":"unreachable"}]},
					{"path":"` + elsewhere + `lib/x.py","issues":[{"line_number":2,"issue":"Unused import 'os' (90% confidence)"}]}],
				"js_dead_code":{"unused_files":["web/old.ts","/web/keep.ts"],"dismissed_unused_files":["web/old.ts"],
					"unused_exports":[["web/util.ts",[{"name":"pad","line":9,"is_dismissed":false},{"name":"trim"}]]]},
				"extra_dead_code":{"results":{"` + here + `svc/run.go/dead_code.json":[
					{"line_number":30,"message-id":"go:S1854","issue_text":"Value is never read","confidence":70},{"line_number":31,"message-id":"S1481"},{"line_number":32}]}}}}`,
			[]string{
				`low jobs/run.py:12 unused-variable: unused variable 'acc' (80% confidence) [dismissed "" ""]`, `low jobs/run.py dead-code: unreachable`,
				`low lib/x.py:2 unused-import: Unused import 'os' (90% confidence)`, `low web/old.ts unused-file: Nothing uses this file [dismissed "" ""]`,
				`low web/keep.ts unused-file: Nothing uses this file`, `low web/util.ts:9 unused-export: Unused export pad`,
				`low web/util.ts unused-export: Unused export trim`, `low svc/run.go:30 S1854: Value is never read`, `low svc/run.go:31 S1481`, `low svc/run.go:32 dead-code`,
			},
		},
		{"dead code of the last tool alone", codeant.DeadCode, `{"dead_code":{"extra_dead_code":{"svc/run.go":[{"line_number":3,"message-id":"go:S1763:x"}]}}}`, []string{`low svc/run.go:3 S1763`}},
		{"dead Python by file", codeant.DeadCode, `{"dead_code":{"python_dead_code":{"a.py":[{"line_number":3,"issue":"unused class 'A'"}]}}}`, []string{`low a.py:3 unused-class: unused class 'A'`}},
		{"a list of dead code", codeant.DeadCode, `{"dead_code":[{"file_path":"a.py","line_number":1,"function_name":"f","type":"unused_function"},{"file_path":"b.py","symbol_name":"s"}]}`, []string{`low a.py:1 f`, `low b.py s`}},
		{"a bare list of dead code", codeant.DeadCode, `[{"file_path":"a.py","line_number":1,"name":"f"}]`, []string{`low a.py:1 f`}},
		{"dead code by file", codeant.DeadCode, `{"dead_code":{"a.py":{"line_number":1,"name":"f"}}}`, []string{`low a.py:1 f`}},
		{
			"groups of copies", codeant.DuplicateCode, `{"status":"done","results":[
				[{"fileName":"` + elsewhere + `a/x.go","window":"[5-19]","originalIndex":2,"is_dismissed":true,"reason_for_dismiss":"generated"},
				 {"fileName":"` + elsewhere + `b/y.go","window":"[40-54]","originalIndex":2}],
				[{"fileName":"c.go","window":""}],null,[null]]}`,
			[]string{
				`low a/x.go:5 duplicate-code: The same code as in b/y.go:40-54 [to 19] [dismissed "generated" ""]`,
				`low b/y.go:40 duplicate-code: The same code as in a/x.go:5-19 [to 54]`, `low c.go duplicate-code: Duplicate code`,
			},
		},
		{"a bare list of copies", codeant.DuplicateCode, `[{"fileName":"/c.go","window":"3"}]`, []string{`low c.go:3 duplicate-code: Duplicate code`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			client, _ := anywhere(t, status(200, tt.body))
			results, err := client.Scans.Results(t.Context(), shop, tt.analysis)
			require.NoError(t, err)
			assert.Equal(t, tt.want, brief(results.Findings))
			assert.Equal(t, tt.body, string(results.Raw))
			for _, finding := range results.Findings {
				assert.Contains(t, tt.body, string(finding.Raw))
			}
		})
	}
}

func TestPackagesOfTheScanCentre(t *testing.T) {
	t.Parallel()
	for body, want := range map[string][]codeant.Package{
		`{"status":"done","results":[{"package_name":"nib","version":"2.0.0","ecosystem":"npm","path":"package.json"},{"name":"bare"}]}`: {
			{Name: "nib", Version: "2.0.0", Ecosystem: "npm"}, {Name: "bare"},
		},
		`{"results":{"go.mod":[{"name":"y","version":"v1"}],"ui/package.json":{"name":"ink"},"count":2}}`: {{Name: "y", Version: "v1"}, {Name: "ink"}},
		`[{"package_name":"nib"}]`: {{Name: "nib"}},
		`{"status":"done","results":{"sboms":[{"language":"Go","packages":[{"name":"y","version":"v1.0.0"}]}]}}`: {{Name: "y", Version: "v1.0.0", Ecosystem: "Go"}},
	} {
		client, _ := anywhere(t, status(200, body))
		results, err := client.Scans.Results(t.Context(), shop, codeant.SBOM)
		require.NoError(t, err, body)
		assert.Equal(t, want, results.Packages, body)
		assert.Empty(t, results.Findings)
	}
}

func TestNoShapeOfTheScanCentreIsTakenForNoFindings(t *testing.T) {
	t.Parallel()
	for a := range centreURLs {
		for _, body := range []string{
			`{}`, `null`, `7`, `"maintenance"`, `{"status":"done"}`, `{"status":"done","results":null}`, `{"status":"done","results":7}`,
			`{"status":"done","dead_code":null}`, `{"message":"Internal server error"}`, `{"status":"done","results":[1]}`, `{"status":"done","results":{"count":1}}`,
			`{"status":"done","error":"no","results":[],"dead_code":[]}`, `{"status":"done","results":[],"dead_code":[],"dead_code":[],"results":[{}]}`,
		} {
			client, _ := anywhere(t, status(200, body))
			results, err := client.Scans.Results(t.Context(), shop, a)
			assert.ErrorIs(t, err, codeant.ErrBadResponse, "%s %s", a, body)
			assert.Nil(t, results)
		}
		client, _ := anywhere(t, status(200, ""))
		_, err := client.Scans.Results(t.Context(), shop, a)
		assert.ErrorIs(t, err, codeant.ErrNotReady)
		client, _ = anywhere(t, status(200, `{"status":"error","message":"No such scan"}`))
		_, err = client.Scans.Results(t.Context(), shop, a)
		assert.ErrorIs(t, err, codeant.ErrScanFailed)
	}
	for body, a := range map[string]codeant.Analysis{
		`{"results":{"results":{}}}`:                                     codeant.IaC,
		`{"results":[{"results":{"failed_checks":7}}]}`:                  codeant.IaC,
		`{"dead_code":{"python_dead_code":[{"file_path":"a.py"}]}}`:      codeant.DeadCode,
		`{"dead_code":{"js_dead_code":{"unused_exports":[["a.ts"]]}}}`:   codeant.DeadCode,
		`{"dead_code":{"js_dead_code":{"unused_files":[{"path":"a"}]}}}`: codeant.DeadCode,
		`{"results":["a.go"]}`:                                           codeant.DuplicateCode,
	} {
		client, _ := anywhere(t, status(200, body))
		_, err := client.Scans.Results(t.Context(), shop, a)
		assert.ErrorIs(t, err, codeant.ErrBadResponse, body)
	}
}

func TestAPendingScanOfTheScanCentreIsWaitedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, mock := anywhere(t, status(200, `{"status":"pending"}`), status(204, ""), status(200, `{"status":"in_progress","results":[]}`),
			status(200, `{"status":"done","results":[]}`))
		report, err := client.Scans.Wait(t.Context(), shop, codeant.WaitOptions{}, codeant.IaC)
		require.NoError(t, err)
		assert.Equal(t, "done", report.Results[codeant.IaC].Status)
		assert.Equal(t, 4, mock.GetTotalCallCount())

		client, mock = anywhere(t, status(404, ""))
		report, err = client.Scans.Wait(t.Context(), shop, codeant.WaitOptions{}, codeant.DeadCode)
		require.ErrorIs(t, err, codeant.ErrUnsupported)
		assert.NotErrorIs(t, err, codeant.ErrNotReady)
		assert.Empty(t, report.Results)
		assert.Equal(t, 1, mock.GetTotalCallCount(), "what is not offered is not waited for")
	})
}

func TestTheScanCentreIsAskedAsTheCommandLineClientAsks(t *testing.T) {
	t.Parallel()
	for a, url := range centreURLs {
		mock := httpmock.NewMockTransport()
		mock.RegisterResponder("POST", url, func(req *http.Request) (*http.Response, error) {
			assert.Equal(t, "Bearer "+funnelToken, req.Header.Get("Authorization"))
			body, err := io.ReadAll(req.Body)
			assert.JSONEq(t, `{"repo":"acme/shop","commit_id":"`+shop.Commit+`","result_type":"`+string(a)+`","filter_dismissed":false,"include_false_positives":true}`, string(body))
			return httpmock.NewStringResponse(200, `{"status":"done","results":[],"dead_code":[]}`), err
		})
		_, err := funnelClient(t, mock).Scans.Results(t.Context(), shop, a)
		require.NoError(t, err)
	}
}

func TestATokenThatMayNotUseTheScanCentreIsNotRevoked(t *testing.T) {
	t.Parallel()
	org := codeant.Organization{Provider: codeant.GitHub, Name: "acme"}
	const advice = "; this token may not use this endpoint: it belongs to CodeAnt's command line client, which is not documented to accept API tokens"
	for name, call := range map[string]func(*codeant.Client) error{
		"account.verify":       func(c *codeant.Client) error { _, err := c.Account.Verify(t.Context()); return err },
		"account.repositories": func(c *codeant.Client) error { _, err := c.Account.Repositories(t.Context(), org); return err },
		"scans.dismissals": func(c *codeant.Client) error {
			_, err := c.Scans.Dismissals(t.Context(), "acme/shop", codeant.SAST)
			return err
		},
		"scans.results.iac": func(c *codeant.Client) error { _, err := c.Scans.Results(t.Context(), shop, codeant.IaC); return err },
	} {
		for code, kind := range map[int]error{401: codeant.ErrUnauthorized, 403: codeant.ErrForbidden, 404: codeant.ErrUnsupported} {
			client, _ := anywhere(t, status(code, `{"error":"no"}`))
			err := call(client)
			require.ErrorIs(t, err, kind, name)
			assert.NotErrorIs(t, err, codeant.ErrTokenRevoked, name)
			assert.Contains(t, err.Error(), "codeant: "+name+": ")
			assert.True(t, strings.HasSuffix(err.Error(), advice), err.Error())
		}
		client, _ := anywhere(t, status(401, `{"error":"token revoked"}`))
		err := call(client)
		require.ErrorIs(t, err, codeant.ErrTokenRevoked, name)
		assert.NotContains(t, err.Error(), advice)
		client, _ = anywhere(t, status(403, `<html><title>Proxy</title></html>`))
		assert.NotContains(t, call(client).Error(), advice, "a page is not CodeAnt's answer")
	}
}
