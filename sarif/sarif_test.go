package sarif_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/sarif"
)

func smallReport() *codeant.ScanReport {
	report := reportOf(
		codeant.Finding{
			Analysis: codeant.SAST, Severity: codeant.SeverityHigh, RuleID: "python.sqli", Title: "SQL injection",
			Message: "A query is built from user input.", Path: "my shop/cart.py", StartLine: 12, EndLine: 14, Column: 5, CWE: []string{"CWE-89"},
		},
		codeant.Finding{
			Analysis: codeant.SAST, Severity: codeant.SeverityMedium, RuleID: "python.sqli", Title: "SQL injection",
			Message: "A query is built from a constant.", Path: "cart.py", StartLine: 3, Dismissed: true, FalsePositive: true,
		},
	)
	report.Results[codeant.SCA] = &codeant.ScanResults{Findings: []codeant.Finding{{
		Analysis: codeant.SCA, Severity: codeant.SeverityCritical, RuleID: "CVE-2024-0001", Title: "CVE-2024-0001", Message: "Prototype pollution",
		CVE: []string{"CVE-2024-0001"}, Package: &codeant.Package{Name: "left-pad", Version: "1.0.0", FixedIn: "1.0.1"},
	}}}
	report.Results[codeant.AntiPatterns] = &codeant.ScanResults{Findings: []codeant.Finding{{
		Analysis: codeant.AntiPatterns, Severity: codeant.SeverityUnknown, Title: "Long function", Path: "cart.py",
	}}}
	return report
}

func TestASmallReportIsThisDocument(t *testing.T) {
	t.Parallel()
	want, err := os.ReadFile("testdata/small.sarif")
	require.NoError(t, err)
	var got bytes.Buffer
	require.NoError(t, json.Indent(&got, write(t, smallReport()), "", "  "))
	assert.Equal(t, strings.ReplaceAll(string(want), "VERSION", codeant.Version), got.String())
}

func TestEqualReportsGiveEqualBytes(t *testing.T) {
	t.Parallel()
	first := write(t, smallReport())
	for range 20 {
		require.Equal(t, string(first), string(write(t, smallReport())))
	}
}

func TestNoFindingsAreAnEmptyList(t *testing.T) {
	t.Parallel()
	for name, report := range map[string]*codeant.ScanReport{"zero": {}, "no findings": reportOf()} {
		document := write(t, report)
		assert.Contains(t, string(document), `"results":[]`, name)
		assert.NotContains(t, string(document), `"rules"`, name)
		requireValid(t, document)
	}
}

func TestANilReportIsAnErrorBeforeAnythingIsWritten(t *testing.T) {
	t.Parallel()
	var document bytes.Buffer
	err := sarif.Write(&document, nil)
	require.ErrorIs(t, err, codeant.ErrInvalidRequest)
	assert.Zero(t, document.Len())
}

type failingWriter struct{ calls int }

var errFull = errors.New("disk full")

func (w *failingWriter) Write([]byte) (int, error) {
	w.calls++
	return 0, errFull
}

type shortWriter struct{}

func (shortWriter) Write(p []byte) (int, error) { return len(p) / 2, nil }

func TestErrorsOfTheWriterAreReturned(t *testing.T) {
	t.Parallel()
	w := &failingWriter{}
	require.ErrorIs(t, sarif.Write(w, smallReport()), errFull)
	assert.Equal(t, 1, w.calls, "the document is written whole")
	require.ErrorIs(t, sarif.Write(shortWriter{}, smallReport()), io.ErrShortWrite)
}

func TestTheOfficialSchemaAcceptsASmallReport(t *testing.T) {
	t.Parallel()
	requireValid(t, write(t, smallReport()))
}

func TestTheOfficialSchemaAcceptsManyAwkwardFindings(t *testing.T) {
	t.Parallel()
	awkward := []string{
		"", " ", "\x00", "\x1b[31mred", "a\xff\xfeb", "tab\tand\r\nline\rbreaks", "../../etc/passwd", "/abs/x.go", `C:\x\y.cs`, `a\b c.cs`,
		"a#b?c%20d", "ünïcödé/日本/🚀.go", "a:b/c", "app/(auth)/[id]/page.tsx", "<script>&amp;", "{0} and {{1}}", "[link](1)", "\u202egnp.exe",
		strings.Repeat("long ", 1000), "CWE-79: Cross-site scripting", "79", "CWE-99999999999999999999",
	}
	const many = 6_000
	report := &codeant.ScanReport{
		Revision: codeant.Revision{Provider: "?", Repo: "not a name", ProviderURL: "::", Commit: "\xff"},
		Results:  map[codeant.Analysis]*codeant.ScanResults{},
	}
	analyses := []codeant.Analysis{codeant.SAST, codeant.SCA, codeant.Secrets, codeant.AntiPatterns}
	for i := range many {
		pick := func(step int) string { return awkward[(i/step+i*step)%len(awkward)] }
		f := codeant.Finding{
			Analysis: analyses[i%4], Severity: codeant.Severity(i%8 - 1), Path: pick(1), StartLine: i%9 - 3, EndLine: i%7 - 3, Column: i%5 - 2,
			RuleID: pick(2), Title: pick(3), Message: pick(5), CWE: []string{pick(7), pick(11)}, CVE: []string{pick(13)},
			FalsePositive: i%3 == 0, Dismissed: i%5 == 0,
		}
		if i%2 == 0 {
			f.Package = &codeant.Package{Name: pick(17), Version: pick(19), License: pick(23)}
		}
		if report.Results[f.Analysis] == nil {
			report.Results[f.Analysis] = &codeant.ScanResults{}
		}
		report.Results[f.Analysis].Findings = append(report.Results[f.Analysis].Findings, f)
	}
	document := write(t, report)
	requireValid(t, document)

	run := parse(t, document)
	require.Len(t, run.Results, many)
	identities := map[string]bool{}
	for i, r := range run.Results {
		require.NotEmpty(t, strings.TrimSpace(r.Message.Text), "result %d", i)
		require.Equal(t, r.RuleID, run.Tool.Driver.Rules[r.RuleIndex].ID)
		identities[r.PartialFingerprints["primaryLocationLineHash"]] = true
		for _, l := range r.Locations {
			requireInRepository(t, l.PhysicalLocation.ArtifactLocation.URI)
			if region := l.PhysicalLocation.Region; region != nil {
				require.GreaterOrEqual(t, region.StartLine, 1)
				require.GreaterOrEqual(t, region.EndLine, region.StartLine)
				require.GreaterOrEqual(t, region.StartColumn, 1)
			}
		}
	}
	assert.Len(t, identities, many, "no two results have the same identity")
	for _, idle := range []string{`:[]`, `:-1`, `:null`, `:{}`, `:""`} {
		assert.NotContains(t, string(document), idle)
	}
	assert.NotContains(t, string(document), `\u0000`)
	assert.NotContains(t, string(document), `\u001b`)
	assert.Empty(t, run.VersionControlProvenance)
}

func TestOfTooManyFindingsTheWorstAreKept(t *testing.T) {
	t.Parallel()
	const limit = 25_000
	findings := make([]codeant.Finding, 0, limit+5)
	for i := range limit + 5 {
		f := codeant.Finding{Analysis: codeant.SAST, Severity: codeant.SeverityLow, RuleID: "low", Path: fmt.Sprintf("%05d.go", i), StartLine: 1}
		if i >= limit {
			f.Severity, f.RuleID = codeant.SeverityCritical, "critical"
		}
		findings = append(findings, f)
	}

	run := runOf(t, findings[:limit]...)
	assert.Len(t, run.Results, limit)
	assert.Empty(t, run.Invocations)

	run = runOf(t, findings...)
	require.Len(t, run.Results, limit)
	for i, r := range run.Results {
		require.Equal(t, i < 5, r.RuleID == "sast/critical")
	}
	require.Len(t, run.Invocations, 1)
	assert.True(t, run.Invocations[0].ExecutionSuccessful)
	require.Len(t, run.Invocations[0].ToolExecutionNotifications, 1)
	assert.Equal(t, "This document has the 25000 most severe of 25005 findings, because GitHub code scanning takes no more; 5 are left out.",
		run.Invocations[0].ToolExecutionNotifications[0].Message.Text)
}

func TestTheCutChangesTheIdentityOfNoTwin(t *testing.T) {
	t.Parallel()
	twin := codeant.Finding{Analysis: codeant.SAST, RuleID: "twin", Path: "a.go"}
	worse, lesser := twin, twin
	worse.Severity, worse.StartLine = codeant.SeverityCritical, 9
	lesser.Severity, lesser.StartLine = codeant.SeverityInfo, 2
	findings := []codeant.Finding{worse, lesser}
	for i := range 25_000 {
		findings = append(findings, codeant.Finding{Analysis: codeant.SAST, Severity: codeant.SeverityHigh, RuleID: "r", Path: fmt.Sprint(i)})
	}
	assert.Equal(t, worse.Fingerprint()+":2", runOf(t, findings...).Results[0].PartialFingerprints["primaryLocationLineHash"])
}
