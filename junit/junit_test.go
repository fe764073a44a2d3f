package junit_test

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/junit"
)

func write(t *testing.T, report *codeant.ScanReport) []byte {
	t.Helper()
	var document bytes.Buffer
	require.NoError(t, junit.Write(&document, report))
	return document.Bytes()
}

func smallReport() *codeant.ScanReport {
	return &codeant.ScanReport{Results: map[codeant.Analysis]*codeant.ScanResults{
		codeant.SAST: {Findings: []codeant.Finding{
			{
				Analysis: codeant.SAST, Severity: codeant.SeverityHigh, RuleID: "python.sqli", Title: "SQL injection",
				Message: "A query is built from user input.\nUse parameters.", Path: "shop/cart.py", StartLine: 12, CWE: []string{"CWE-89"},
			},
			{
				Analysis: codeant.SAST, Severity: codeant.SeverityHigh, RuleID: "python.sqli", Title: "SQL injection",
				Message: "A query is built from user input.\nUse parameters.", Path: "shop/cart.py", StartLine: 30, CWE: []string{"CWE-89"},
			},
			{
				Analysis: codeant.SAST, Severity: codeant.SeverityMedium, RuleID: "python.eval", Message: "Do not use eval.",
				Path: "cart.py", StartLine: 3, Dismissed: true, FalsePositive: true,
			},
		}},
		codeant.SCA: {Findings: []codeant.Finding{{
			Analysis: codeant.SCA, Severity: codeant.SeverityCritical, RuleID: "CVE-2024-0001", Title: "CVE-2024-0001", Message: "Prototype pollution",
			CVE: []string{"CVE-2024-0001"}, Package: &codeant.Package{Name: "left-pad", Version: "1.0.0", FixedIn: "1.0.1"},
		}}},
		codeant.Secrets: {Findings: []codeant.Finding{{
			Analysis: codeant.Secrets, Severity: codeant.SeverityHigh, RuleID: "aws-key", Title: "AWS access key", Message: "AWS_KEY=AKIAhunter2",
			Path: "config/a.env", StartLine: 7, Raw: []byte(`{"match":"AKIAhunter2"}`),
		}}},
		codeant.AntiPatterns: {},
	}}
}

func TestASmallReportIsThisDocument(t *testing.T) {
	t.Parallel()
	want, err := os.ReadFile("testdata/small.xml")
	require.NoError(t, err)
	document := write(t, smallReport())
	assert.Equal(t, string(want), string(document))
	assert.NotContains(t, string(document), "hunter2", "what a secrets scan found")
	requireValid(t, document)
	for range 20 {
		require.Equal(t, string(document), string(write(t, smallReport())))
	}
}

func TestAReportWithoutResultsHasNoSuites(t *testing.T) {
	t.Parallel()
	document := write(t, &codeant.ScanReport{})
	assert.Equal(t, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"CodeAnt\"></testsuites>\n", string(document))
	requireValid(t, document)
}

func TestATestCaseKeepsItsNameWhenLinesShift(t *testing.T) {
	t.Parallel()
	names := func(report *codeant.ScanReport) (names []string) {
		for _, suite := range requireValid(t, write(t, report)).Children {
			for _, c := range suite.Children {
				names = append(names, c.Attrs[0].Value+" in "+c.Attrs[1].Value)
			}
		}
		return names
	}
	shifted := smallReport()
	for _, results := range shifted.Results {
		for i := range results.Findings {
			results.Findings[i].StartLine += 100
		}
	}
	assert.Equal(t, []string{
		"no findings in antipatterns",
		"sast/python.sqli: A query is built from user input. Use parameters. in shop/cart.py",
		"sast/python.sqli: A query is built from user input. Use parameters. (2) in shop/cart.py",
		"sast/python.eval: Do not use eval. in cart.py",
		"sca/CVE-2024-0001: Prototype pollution in left-pad",
		"secrets/aws-key: A secret was found here. Its type is: AWS access key. in config/a.env",
	}, names(smallReport()))
	assert.Equal(t, names(smallReport()), names(shifted))
}

func TestAwkwardTextsStayValid(t *testing.T) {
	t.Parallel()
	awkward := []string{
		"", "]]>", "<testcase/>&amp;\"'", "a\x00b\x1b[31m", "\xff\xfe", "\u202ex\u200b", "\ufffe\uffff", "a\r\nb\rc", strings.Repeat("long ", 5000),
		"::error::x", "##vso[task.complete]", "日本 🚀",
	}
	var findings []codeant.Finding
	for i := range 200 {
		pick := func(step int) string { return awkward[(i/step+i*step)%len(awkward)] }
		findings = append(findings, codeant.Finding{
			Analysis: codeant.Analysis(pick(1)), Severity: codeant.Severity(i%8 - 1), RuleID: pick(2), Title: pick(3), Message: pick(5), Path: pick(7),
			StartLine: i%5 - 2, CWE: []string{pick(11)}, Package: &codeant.Package{Name: pick(13), Version: pick(17), FixedIn: pick(19)},
			Dismissed: i%7 == 0,
		})
	}
	document := write(t, &codeant.ScanReport{Results: map[codeant.Analysis]*codeant.ScanResults{codeant.SAST: {Findings: findings}}})
	root := requireValid(t, document)
	cases := 0
	for _, suite := range root.Children {
		cases += len(suite.Children)
	}
	assert.Equal(t, 200, cases)
	for _, bad := range []string{"\x00", "\x1b", "\u202e", "\u200b", "\ufffe", "\uffff", "\r"} {
		assert.NotContains(t, string(document), bad)
	}
}

func TestANilReportIsAnErrorBeforeAnythingIsWritten(t *testing.T) {
	t.Parallel()
	var document bytes.Buffer
	err := junit.Write(&document, nil)
	require.ErrorIs(t, err, codeant.ErrInvalidRequest)
	assert.EqualError(t, err, "junit: the report is nil: "+codeant.ErrInvalidRequest.Error())
	assert.Zero(t, document.Len())
}

type fullDisk struct{ calls int }

var errFull = errors.New("disk full")

func (w *fullDisk) Write([]byte) (int, error) { w.calls++; return 0, errFull }

func TestErrorsOfTheWriterAreReturned(t *testing.T) {
	t.Parallel()
	w := &fullDisk{}
	require.ErrorIs(t, junit.Write(w, smallReport()), errFull)
	assert.Equal(t, 1, w.calls, "the document is written whole")
}
