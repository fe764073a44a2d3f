package codeant_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant"
)

func TestAReportHasAStableJSONFormThereAndBack(t *testing.T) {
	t.Parallel()
	full := codeant.Finding{
		Analysis: codeant.SCA, Severity: codeant.SeverityHigh, Path: "go.mod", StartLine: 3, EndLine: 4, Column: 5, RuleID: "CVE-2030-1", Title: "t", Message: "m",
		CWE: []string{"CWE-79"}, CVE: []string{"CVE-2030-1"}, Package: &codeant.Package{Name: "ink", Version: "1", Ecosystem: "npm", License: "MIT", FixedIn: "2"},
		FalsePositive: true, Dismissed: true, DismissReason: "r", DismissComment: "c", Raw: []byte(`{"hashed_secret":"77"}`),
	}
	bare := codeant.Finding{Analysis: codeant.SAST, RuleID: "r"}
	report := &codeant.ScanReport{Revision: shop, Results: map[codeant.Analysis]*codeant.ScanResults{
		codeant.SCA:  {Analysis: codeant.SCA, Status: "done", Findings: []codeant.Finding{full}, Raw: []byte(`{}`)},
		codeant.SAST: {Analysis: codeant.SAST, Findings: []codeant.Finding{bare}},
		codeant.SBOM: {Analysis: codeant.SBOM, Findings: []codeant.Finding{}, Packages: []codeant.Package{{Name: "ink", Version: "1"}}},
	}}
	text, err := json.Marshal(report)
	require.NoError(t, err)
	assert.JSONEq(t, `{
		"revision":{"provider":"github","repo":"acme/shop","commit":"`+shop.Commit+`","branch":"main"},
		"results":{
			"sca":{"analysis":"sca","status":"done","findings":[{
				"analysis":"sca","severity":"high","path":"go.mod","start_line":3,"end_line":4,"column":5,"rule_id":"CVE-2030-1","title":"t","message":"m",
				"cwe":["CWE-79"],"cve":["CVE-2030-1"],"package":{"name":"ink","version":"1","ecosystem":"npm","license":"MIT","fixed_in":"2"},
				"false_positive":true,"dismissed":true,"dismiss_reason":"r","dismiss_comment":"c","fingerprint":"`+full.Fingerprint()+`"}]},
			"sast":{"analysis":"sast","status":"","findings":[{"analysis":"sast","severity":"unknown","path":"","start_line":0,"end_line":0,"rule_id":"r","title":"",
				"message":"","false_positive":false,"dismissed":false,"fingerprint":"`+bare.Fingerprint()+`"}]},
			"sbom":{"analysis":"sbom","status":"","findings":[],"packages":[{"name":"ink","version":"1"}]}}}`, string(text))

	var again codeant.ScanReport
	require.NoError(t, json.Unmarshal(text, &again))
	assert.Equal(t, shop, again.Revision)
	found := again.Findings()
	require.Len(t, found, 2)
	assert.Equal(t, full.Fingerprint(), found[0].Fingerprint(), "although the hash was in Raw alone")
	twice, err := json.Marshal(again)
	require.NoError(t, err)
	assert.JSONEq(t, string(text), string(twice))
	assert.Empty(t, again.Since(report).Findings())
	assert.Empty(t, report.Since(&again).Findings())
	require.Error(t, json.Unmarshal([]byte(`{"severity":"severe"}`), &found[0]))
}

func TestWhatASecretsScanFoundIsNeverPrinted(t *testing.T) {
	t.Parallel()
	secret := codeant.Finding{
		Analysis: codeant.Secrets, Severity: codeant.SeverityHigh, Path: "ops/.env", StartLine: 4, RuleID: "aws", Title: "AWS key", Message: "found hunter2",
		Raw: []byte(`{"match":"hunter2"}`),
	}
	text, err := json.Marshal(secret)
	require.NoError(t, err)
	for _, printed := range []string{secret.String(), fmt.Sprint(secret), fmt.Sprintf("%v %+v %s", secret, &secret, secret), string(text)} {
		assert.NotContains(t, printed, "hunter2")
		assert.Contains(t, printed, "AWS key")
	}
	var again codeant.Finding
	require.NoError(t, json.Unmarshal(text, &again))
	assert.Equal(t, secret.Fingerprint(), again.Fingerprint())
}

func TestAFindingIsOneLine(t *testing.T) {
	t.Parallel()
	for want, finding := range map[string]codeant.Finding{
		"high src/app.js:3 sql-injection: Query built from input": {Severity: codeant.SeverityHigh, Path: "src/app.js", StartLine: 3, RuleID: "sql-injection", Message: "Query built from input"},
		"medium ink@1.2 CVE-2030-1":                               {Severity: codeant.SeverityMedium, RuleID: "CVE-2030-1", Title: "CVE-2030-1", Package: &codeant.Package{Name: "ink", Version: "1.2"}},
		"medium go.mod ink CVE-2030-1: text":                      {Severity: codeant.SeverityMedium, Path: "go.mod", RuleID: "CVE-2030-1", Message: "text", Package: &codeant.Package{Name: "ink"}},
		"low a.go r":                                              {Severity: codeant.SeverityLow, Path: "a.go", RuleID: "r"},
		"unknown a.go: two lines":                                 {RuleID: "a.go", Message: "two\nlines"},
		"unknown r: cdt_••••6789":                                 {RuleID: "r", Message: funnelToken},
		"unknown":                                                 {},
		"high .env:1 aws: AWS key":                                {Analysis: codeant.Secrets, Severity: codeant.SeverityHigh, Path: ".env", StartLine: 1, RuleID: "aws", Title: "AWS key", Message: "AKIA"},
	} {
		assert.Equal(t, want, finding.String())
	}
}

func TestSinceCountsFindingsByTheirFingerprint(t *testing.T) {
	t.Parallel()
	at := func(line int) codeant.Finding {
		return codeant.Finding{Analysis: codeant.SAST, Severity: codeant.SeverityHigh, RuleID: "r", Path: "a.go", StartLine: line}
	}
	dismissed := at(1)
	dismissed.Dismissed = true
	other := codeant.Finding{Analysis: codeant.SAST, RuleID: "other"}
	report := func(findings ...codeant.Finding) *codeant.ScanReport {
		return &codeant.ScanReport{Revision: shop, Results: map[codeant.Analysis]*codeant.ScanResults{codeant.SAST: {Analysis: codeant.SAST, Status: "done", Findings: findings}}}
	}
	for _, tt := range []struct {
		name          string
		now, baseline *codeant.ScanReport
		want          []codeant.Finding
	}{
		{"the same", report(at(1), other), report(other, at(1)), []codeant.Finding{}},
		{"a shifted line", report(at(9)), report(at(1)), []codeant.Finding{}},
		{"a second twin", report(at(1), at(9)), report(at(1)), []codeant.Finding{at(9)}},
		{"one twin less", report(at(1)), report(at(1), at(9)), []codeant.Finding{}},
		{"a new one", report(at(1), other), report(at(1)), []codeant.Finding{other}},
		{"an open twin of a dismissed one", report(at(9), dismissed), report(dismissed), []codeant.Finding{at(9)}},
		{"no baseline", report(at(1), at(2)), nil, []codeant.Finding{at(1), at(2)}},
		{"an empty baseline", report(at(1)), &codeant.ScanReport{}, []codeant.Finding{at(1)}},
	} {
		before, err := json.Marshal(tt.now)
		require.NoError(t, err)
		since := tt.now.Since(tt.baseline)
		assert.Equal(t, shop, since.Revision)
		assert.Equal(t, &codeant.ScanResults{Analysis: codeant.SAST, Status: "done", Findings: tt.want}, since.Results[codeant.SAST], tt.name)
		after, err := json.Marshal(tt.now)
		require.NoError(t, err)
		assert.Equal(t, before, after, "the report itself is unchanged")
	}
	assert.Nil(t, (*codeant.ScanReport)(nil).Since(report(at(1))))
}

func TestACopysFingerprintSurvivesShiftedLines(t *testing.T) {
	t.Parallel()
	prints := map[string]bool{}
	for _, window := range []string{"[40-54]", "[41-55]"} {
		client, _ := anywhere(t, status(200, `{"status":"done","results":[[{"fileName":"a.go","window":"[1-9]"},{"fileName":"b.go","window":"`+window+`"}]]}`))
		results, err := client.Scans.Results(t.Context(), shop, codeant.DuplicateCode)
		require.NoError(t, err)
		for _, finding := range results.Findings {
			prints[finding.Fingerprint()] = true
		}
	}
	assert.Len(t, prints, 2)
}
