package sarif_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"

	official "github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/sarif"
)

func reportOf(findings ...codeant.Finding) *codeant.ScanReport {
	return &codeant.ScanReport{
		Revision: codeant.Revision{Provider: codeant.GitHub, Repo: "acme/shop", Commit: "8f3b2c1d9e7a6b5c4d3e2f1a0b9c8d7e6f5a4b3c", Branch: "main"},
		Results:  map[codeant.Analysis]*codeant.ScanResults{codeant.SAST: {Findings: findings}},
	}
}

// write writes a report, validates it against the official schema, and reads it back.
func write(t *testing.T, report *codeant.ScanReport) *official.Run {
	t.Helper()
	var out, again bytes.Buffer
	require.NoError(t, sarif.Write(&out, report))
	require.NoError(t, sarif.Write(&again, report))
	require.Equal(t, out.String(), again.String(), "equal input gives equal output")
	var log official.Report
	require.NoError(t, json.Unmarshal(out.Bytes(), &log))
	require.NoError(t, log.Validate())
	require.Len(t, log.Runs, 1)
	return log.Runs[0]
}

func TestAFindingBecomesAResultWithItsRule(t *testing.T) {
	t.Parallel()
	run := write(t, reportOf(codeant.Finding{
		Analysis: codeant.SAST, Severity: codeant.SeverityCritical, Path: "src/a b#1?.go", StartLine: 7, EndLine: 9, Column: 3,
		RuleID: "sql-injection", Title: "SQL injection", Message: "use parameters", CWE: []string{"CWE-89"}, Dismissed: true,
	}))
	assert.Equal(t, codeant.Version, *run.Tool.Driver.SemanticVersion)
	require.Len(t, run.Tool.Driver.Rules, 1)
	rule := run.Tool.Driver.Rules[0]
	assert.Equal(t, "sast/sql-injection", *rule.ID)
	assert.Equal(t, "9.5", rule.Properties.Properties["security-severity"])
	assert.Equal(t, []string{"security", "external/cwe/CWE-89"}, rule.Properties.Tags)
	require.Len(t, run.Results, 1)
	result := run.Results[0]
	assert.Equal(t, "error", result.Level)
	assert.Equal(t, 0, result.RuleIndex)
	assert.Equal(t, "use parameters", *result.Message.Text)
	place := result.Locations[0].PhysicalLocation
	assert.Equal(t, "src/a%20b%231%3F.go", *place.ArtifactLocation.URI)
	assert.Equal(t, "%SRCROOT%", *place.ArtifactLocation.URIBaseID)
	assert.Equal(t, []int{7, 9, 3}, []int{*place.Region.StartLine, *place.Region.EndLine, *place.Region.StartColumn})
	assert.Len(t, result.PartialFingerprints["primaryLocationLineHash"], 34)
	assert.Equal(t, result.PartialFingerprints["primaryLocationLineHash"], result.PartialFingerprints["codeantFingerprint/v1"])
	assert.Equal(t, []string{"external", "accepted", "dismissed in CodeAnt"}, []string{*result.Suppressions[0].Kind, *result.Suppressions[0].Status, *result.Suppressions[0].Justification})
	origin := run.VersionControlProvenance[0]
	assert.Equal(t, []string{"https://github.com/acme/shop", "8f3b2c1d9e7a6b5c4d3e2f1a0b9c8d7e6f5a4b3c", "main"}, []string{*origin.RepositoryURI, *origin.RevisionID, *origin.Branch})
}

func TestLevelsAndScoresFollowTheSeverity(t *testing.T) {
	t.Parallel()
	for severity, want := range map[codeant.Severity][2]any{
		codeant.SeverityCritical: {"error", "9.5"}, codeant.SeverityHigh: {"error", "8.0"}, codeant.SeverityMedium: {"warning", "5.5"},
		codeant.SeverityLow: {"note", "3.0"}, codeant.SeverityInfo: {"note", "1.0"}, codeant.SeverityUnknown: {"warning", nil},
	} {
		run := write(t, reportOf(codeant.Finding{Analysis: codeant.SCA, Severity: severity, RuleID: "r"}))
		assert.Equal(t, want, [2]any{run.Results[0].Level, run.Tool.Driver.Rules[0].Properties.Properties["security-severity"]})
	}
	run := write(t, reportOf(
		codeant.Finding{Analysis: codeant.SAST, Severity: codeant.SeverityLow, RuleID: "r"},
		codeant.Finding{Analysis: codeant.SAST, Severity: codeant.SeverityHigh, RuleID: "r"},
	))
	assert.Equal(t, "8.0", run.Tool.Driver.Rules[0].Properties.Properties["security-severity"], "of the worst result")
	assert.Equal(t, []string{"error", "note"}, []string{run.Results[0].Level, run.Results[1].Level}, "of each result")
	run = write(t, reportOf(codeant.Finding{Analysis: codeant.AntiPatterns, Severity: codeant.SeverityHigh, RuleID: "r"}))
	assert.Empty(t, run.Tool.Driver.Rules[0].Properties.Tags, "a code smell is no security result")
	assert.NotContains(t, run.Tool.Driver.Rules[0].Properties.Properties, "security-severity")
}

func TestTwinsAreCountedInLineOrder(t *testing.T) {
	t.Parallel()
	twin := func(line int, severity codeant.Severity) codeant.Finding {
		return codeant.Finding{Analysis: codeant.SAST, Severity: severity, RuleID: "r", Path: "a.go", Message: "m", StartLine: line}
	}
	run := write(t, reportOf(twin(30, codeant.SeverityHigh), twin(10, codeant.SeverityLow), twin(20, codeant.SeverityHigh)))
	numbers := map[int]string{}
	for _, r := range run.Results {
		print := r.PartialFingerprints["primaryLocationLineHash"]
		numbers[*r.Locations[0].PhysicalLocation.Region.StartLine] = print[len(print)-2:]
	}
	assert.Equal(t, map[int]string{10: ":1", 20: ":2", 30: ":3"}, numbers)
}

func TestNoFindingsIsAnEmptyListAndNotNone(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	require.NoError(t, sarif.Write(&out, reportOf()))
	assert.Contains(t, out.String(), `"results": []`)
	write(t, reportOf())
	out.Reset()
	assert.EqualError(t, sarif.Write(&out, nil), "sarif: there is no report")
	assert.Empty(t, out.String())
}

func TestAFindingWithoutAPathStaysWithoutALocation(t *testing.T) {
	t.Parallel()
	run := write(t, reportOf(codeant.Finding{Analysis: codeant.SCA, FalsePositive: true}))
	assert.Empty(t, run.Results[0].Locations)
	assert.Equal(t, "sca/finding", *run.Results[0].RuleID)
	assert.Equal(t, "sca/finding", *run.Results[0].Message.Text)
	assert.Equal(t, "a false positive", *run.Results[0].Suppressions[0].Justification)
}

func TestManyAwkwardFindingsAreValid(t *testing.T) {
	t.Parallel()
	awkward := []string{"", " ", "\x1b[31m", "a\xffb", "🚀/é.go", `dir\file.cs`, "../../etc/passwd", "C:/x.cs", "a:b/c", "/abs/olute", "%41", strings.Repeat("x", 3000), "line\nbreak", "\u2028"}
	var findings []codeant.Finding
	for i := range 12_000 {
		pick := func(n int) string { return awkward[(i*7+n*3)%len(awkward)] }
		findings = append(findings, codeant.Finding{
			Analysis: []codeant.Analysis{codeant.SAST, codeant.SCA, codeant.Secrets, codeant.AntiPatterns}[i%4],
			Severity: codeant.Severity(i % 6), Path: pick(1), StartLine: i%50 - 5, EndLine: i % 20, Column: i%4 - 1, RuleID: pick(2), Title: pick(3), Message: pick(4),
			CWE: []string{pick(5)}, Package: &codeant.Package{Name: pick(6)}, Dismissed: i%5 == 0,
		})
	}
	run := write(t, reportOf(findings...))
	assert.Len(t, run.Results, 12_000)
	seen := map[string]bool{}
	for _, r := range run.Results {
		print := r.PartialFingerprints["primaryLocationLineHash"]
		assert.False(t, seen[print], "a fingerprint twice")
		seen[print] = true
		for _, l := range r.Locations {
			checkURI(t, *l.PhysicalLocation.ArtifactLocation.URI)
		}
	}
}

// checkURI fails unless a URI is a relative reference that stays below its base.
func checkURI(t testing.TB, uri string) {
	u, err := url.Parse(uri)
	if err != nil || u.IsAbs() || u.Host != "" || strings.HasPrefix(u.Path, "/") || u.RawQuery != "" || u.Fragment != "" || strings.Contains("/"+u.Path+"/", "/../") {
		t.Errorf("%q is no relative reference below the root: %v", uri, err)
	}
}

func TestOfTooManyFindingsTheWorstAreKeptAndTheCutIsTold(t *testing.T) {
	t.Parallel()
	var findings []codeant.Finding
	for i := range sarif.MaxResults + 10 {
		severity := codeant.SeverityLow
		if i >= sarif.MaxResults {
			severity = codeant.SeverityCritical
		}
		findings = append(findings, codeant.Finding{Analysis: codeant.SAST, Severity: severity, RuleID: "r", Path: fmt.Sprintf("%05d.go", i), StartLine: 1})
	}
	var out bytes.Buffer
	require.NoError(t, sarif.Write(&out, reportOf(findings...)))
	var log official.Report
	require.NoError(t, json.Unmarshal(out.Bytes(), &log))
	run := log.Runs[0]
	assert.Len(t, run.Results, sarif.MaxResults)
	errors := 0
	for _, r := range run.Results {
		if r.Level == "error" {
			errors++
		}
	}
	assert.Equal(t, 10, errors)
	assert.Equal(t, "The scan has 25010 findings; the 25000 most severe are in this log, because code scanning takes no more.", *run.Invocations[0].ToolExecutionNotifications[0].Message.Text)
}

func TestRepositoriesHaveTheirProvidersAddress(t *testing.T) {
	t.Parallel()
	for want, rev := range map[string]codeant.Revision{
		"https://gitlab.com/a/b/c":               {Provider: codeant.GitLab, Repo: "a/b/c"},
		"https://bitbucket.org/acme/shop":        {Provider: codeant.Bitbucket, Repo: "acme/shop"},
		"https://dev.azure.com/org/p%20q/_git/s": {Provider: codeant.AzureDevOps, Repo: "org/p q/s"},
		"https://git.acme.example/acme/shop":     {Provider: codeant.GitHub, Repo: "acme/shop", BaseURL: "https://git.acme.example/"},
	} {
		report := reportOf()
		report.Revision = rev
		assert.Equal(t, want, *write(t, report).VersionControlProvenance[0].RepositoryURI)
	}
}

func FuzzWrite(f *testing.F) {
	f.Add("src/a.go", "rule", "message", 1)
	f.Add("../a:b\\c", "", "\xff", -1)
	f.Fuzz(func(t *testing.T, path, rule, message string, line int) {
		var out bytes.Buffer
		if err := sarif.Write(&out, reportOf(codeant.Finding{Analysis: codeant.SAST, Path: path, RuleID: rule, Message: message, StartLine: line})); err != nil {
			t.Fatal(err)
		}
		var log official.Report
		if err := json.Unmarshal(out.Bytes(), &log); err != nil {
			t.Fatal(err)
		}
		for _, l := range log.Runs[0].Results[0].Locations {
			checkURI(t, *l.PhysicalLocation.ArtifactLocation.URI)
		}
	})
}
