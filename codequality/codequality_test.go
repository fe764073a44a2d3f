package codequality_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/codequality"
)

type entry struct {
	Description string `json:"description"`
	CheckName   string `json:"check_name"`
	Fingerprint string `json:"fingerprint"`
	Severity    string `json:"severity"`
	Location    struct {
		Path  string `json:"path"`
		Lines struct {
			Begin int `json:"begin"`
		} `json:"lines"`
	} `json:"location"`
}

func write(t *testing.T, report *codeant.ScanReport) []byte {
	t.Helper()
	var document bytes.Buffer
	require.NoError(t, codequality.Write(&document, report))
	return document.Bytes()
}

func reportOf(findings ...codeant.Finding) *codeant.ScanReport {
	return &codeant.ScanReport{Results: map[codeant.Analysis]*codeant.ScanResults{codeant.SAST: {Findings: findings}}}
}

// requireValid reads a report that GitLab's schema and its documentation accept.
func requireValid(t *testing.T, document []byte) []entry {
	t.Helper()
	compiler := jsonschema.NewCompiler()
	schema, err := compiler.Compile("testdata/codeclimate.json")
	require.NoError(t, err)
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(document))
	require.NoError(t, err)
	require.IsType(t, []any{}, parsed)
	for _, one := range parsed.([]any) {
		require.NoError(t, schema.Validate(one))
	}
	decoder := json.NewDecoder(bytes.NewReader(document))
	decoder.DisallowUnknownFields()
	var entries []entry
	require.NoError(t, decoder.Decode(&entries))
	seen := map[string]bool{}
	for _, e := range entries {
		require.NotEmpty(t, e.Description)
		require.NotEmpty(t, e.CheckName)
		require.Contains(t, []string{"info", "minor", "major", "critical", "blocker"}, e.Severity)
		require.NotEmpty(t, e.Location.Path)
		require.False(t, strings.HasPrefix(e.Location.Path, "./") || strings.HasPrefix(e.Location.Path, "/"), e.Location.Path)
		require.Positive(t, e.Location.Lines.Begin)
		require.False(t, seen[e.Fingerprint], "GitLab shows one of the entries with the same fingerprint")
		seen[e.Fingerprint] = true
	}
	return entries
}

func smallReport() *codeant.ScanReport {
	report := reportOf(
		codeant.Finding{
			Analysis: codeant.SAST, Severity: codeant.SeverityHigh, RuleID: "python.sqli", Title: "SQL injection",
			Message: "A query is built from user input.\nUse parameters.", Path: "./my shop/cart.py", StartLine: 12,
		},
		codeant.Finding{Analysis: codeant.SAST, Severity: codeant.SeverityLow, RuleID: "python.eval", Message: "Do not use eval.", Path: "a.py", Dismissed: true},
	)
	report.Results[codeant.SCA] = &codeant.ScanResults{Findings: []codeant.Finding{{
		Analysis: codeant.SCA, Severity: codeant.SeverityCritical, RuleID: "CVE-2024-0001", Message: "Prototype pollution",
		Package: &codeant.Package{Name: "left-pad", Version: "1.0.0"},
	}}}
	report.Results[codeant.Secrets] = &codeant.ScanResults{Findings: []codeant.Finding{{
		Analysis: codeant.Secrets, Severity: codeant.SeverityHigh, RuleID: "aws-key", Title: "AWS access key", Message: "AWS_KEY=AKIAhunter2",
		Path: "config/a.env", StartLine: 7, Raw: []byte(`{"match":"AKIAhunter2"}`),
	}}}
	return report
}

func TestASmallReportIsThisDocument(t *testing.T) {
	t.Parallel()
	want, err := os.ReadFile("testdata/small.json")
	require.NoError(t, err)
	document := write(t, smallReport())
	assert.Equal(t, string(want), string(document))
	assert.NotContains(t, string(document), "hunter2", "what a secrets scan found")
	requireValid(t, document)
	for range 20 {
		require.Equal(t, string(document), string(write(t, smallReport())))
	}
}

func TestOnlyOpenFindingsAreWritten(t *testing.T) {
	t.Parallel()
	twin := codeant.Finding{Analysis: codeant.SAST, RuleID: "r", Path: "a.go", StartLine: 1}
	dismissed, wrong, second := twin, twin, twin
	dismissed.Dismissed, wrong.FalsePositive = true, true
	wrong.StartLine, second.StartLine = 2, 3
	entries := requireValid(t, write(t, reportOf(dismissed, wrong, second)))
	require.Len(t, entries, 1)
	assert.Equal(t, 3, entries[0].Location.Lines.Begin)
	assert.Equal(t, second.Fingerprint()+":3", entries[0].Fingerprint, "dismissing its twins does not make it another")
	assert.Equal(t, "[]\n", string(write(t, reportOf(dismissed))))
	assert.Equal(t, "[]\n", string(write(t, &codeant.ScanReport{})))
}

func TestSeverities(t *testing.T) {
	t.Parallel()
	for severity, want := range map[codeant.Severity]string{
		codeant.SeverityCritical: "blocker", codeant.SeverityHigh: "critical", codeant.SeverityMedium: "major", codeant.SeverityLow: "minor",
		codeant.SeverityInfo: "info", codeant.SeverityUnknown: "major",
	} {
		entries := requireValid(t, write(t, reportOf(codeant.Finding{Analysis: codeant.SAST, Severity: severity, Path: "a.go"})))
		assert.Equal(t, want, entries[0].Severity, severity)
	}
}

func TestAwkwardTextsStayValid(t *testing.T) {
	t.Parallel()
	awkward := []string{
		"", "<b>&\"", "a\x00b\x1b[31m", "\xff\xfe", "\u202ex\u200b", "a\r\nb\rc", strings.Repeat("long ", 5000), "../../x", "/abs", `C:\x`, "日本 🚀",
	}
	var findings []codeant.Finding
	for i := range 200 {
		pick := func(step int) string { return awkward[(i/step+i*step)%len(awkward)] }
		findings = append(findings, codeant.Finding{
			Analysis: codeant.SAST, Severity: codeant.Severity(i%8 - 1), RuleID: pick(2), Title: pick(3), Message: pick(5), Path: pick(7),
			StartLine: i%5 - 2, Package: &codeant.Package{Name: pick(13), Version: pick(17)},
		})
	}
	document := write(t, reportOf(findings...))
	entries := requireValid(t, document)
	assert.Len(t, entries, 200)
	for _, e := range entries {
		for _, s := range []string{e.Description, e.CheckName, e.Location.Path} {
			assert.False(t, strings.ContainsAny(s, "\x00\x1b\u202e\u200b\r\n"), "%q", s)
		}
	}
}

func TestANilReportIsAnErrorBeforeAnythingIsWritten(t *testing.T) {
	t.Parallel()
	var document bytes.Buffer
	err := codequality.Write(&document, nil)
	require.ErrorIs(t, err, codeant.ErrInvalidRequest)
	assert.EqualError(t, err, "codequality: the report is nil: "+codeant.ErrInvalidRequest.Error())
	assert.Zero(t, document.Len())
}

type fullDisk struct{ calls int }

var errFull = errors.New("disk full")

func (w *fullDisk) Write([]byte) (int, error) { w.calls++; return 0, errFull }

func TestErrorsOfTheWriterAreReturned(t *testing.T) {
	t.Parallel()
	w := &fullDisk{}
	require.ErrorIs(t, codequality.Write(w, smallReport()), errFull)
	assert.Equal(t, 1, w.calls, "the document is written whole")
}
