// Package junit writes what CodeAnt found as a JUnit report, which Jenkins, Azure Pipelines, GitLab and others show as
// results of tests.
//
// Each analysis is a suite, and each of its findings a test case: an open one failed, and one that was dismissed or is a
// false positive was skipped. An analysis that found nothing has one test case, "no findings", that passed. A test case
// bears the name of its rule and the text of its finding, and the file's path as the name of its class; neither changes
// when lines shift, so that the history of a finding is kept.
//
// What a secrets scan found is itself a secret: the report has its type, rule, path and line, and never its message.
package junit

import (
	"bytes"
	"cmp"
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/jstemmer/go-junit-report/v2/junit"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/internal/finding"
)

const (
	maxName = 200 // characters
	noTime  = "0" // how long an analysis took is not known
)

// Write writes the findings of the report to w. Equal reports give equal bytes. Nothing is written before the whole
// report is encoded, and nothing at all for a nil report, which is codeant.ErrInvalidRequest.
func Write(w io.Writer, report *codeant.ScanReport) error {
	return finding.Export(w, "junit", report, func(document *bytes.Buffer) error {
		document.WriteString(xml.Header)
		suites := newSuites(report)
		return suites.WriteXML(document)
	})
}

func newSuites(report *codeant.ScanReport) junit.Testsuites {
	cases := map[codeant.Analysis][]junit.Testcase{}
	seen := map[[2]string]int{}
	for _, f := range report.Findings() {
		c := newCase(f)
		// Jenkins takes test cases of one name for one.
		key := [2]string{c.Classname, c.Name}
		if seen[key]++; seen[key] > 1 {
			c.Name += fmt.Sprintf(" (%d)", seen[key])
		}
		cases[f.Analysis] = append(cases[f.Analysis], c)
	}
	for analysis, results := range report.Results {
		if results != nil && len(results.Findings) == 0 && cases[analysis] == nil {
			cases[analysis] = []junit.Testcase{{Name: "no findings", Classname: suiteName(analysis), Time: noTime}}
		}
	}
	suites := junit.Testsuites{Name: "CodeAnt"}
	for i, analysis := range slices.Sorted(maps.Keys(cases)) {
		suite := junit.Testsuite{Name: suiteName(analysis), ID: i, Time: noTime}
		for _, c := range cases[analysis] {
			suite.AddTestcase(c)
		}
		suites.AddSuite(suite)
	}
	suites.Skipped = 0 // the schema of Jenkins knows this only of a suite
	return suites
}

func suiteName(a codeant.Analysis) string { return cmp.Or(finding.OneLine(string(a)), "codeant") }

func newCase(f codeant.Finding) junit.Testcase {
	c := junit.Testcase{
		Name:      finding.Shorten(finding.RuleID(f)+": "+finding.Summary(f), maxName),
		Classname: finding.OneLine(finding.Place(f)),
		Time:      noTime,
	}
	if reasons := finding.Closed(f); len(reasons) > 0 {
		c.Skipped = &junit.Result{Message: strings.Join(reasons, " "), Data: details(f)}
		return c
	}
	c.Failure = &junit.Result{
		Message: f.Severity.String() + " " + place(f) + ": " + finding.Shorten(finding.Summary(f), maxName),
		Type:    f.Severity.String(),
		Data:    details(f),
	}
	return c
}

func place(f codeant.Finding) string {
	name := finding.OneLine(finding.Place(f))
	if _, ok := finding.File(f); ok && f.StartLine > 0 {
		return fmt.Sprintf("%s:%d", name, f.StartLine)
	}
	return name
}

// details are what a viewer shows below the message.
func details(f codeant.Finding) string {
	lines := []string{finding.Message(f), "", "Rule: " + finding.RuleID(f), "Severity: " + f.Severity.String()}
	add := func(label string, values ...string) {
		if values = finding.OneLines(values); len(values) > 0 {
			lines = append(lines, label+": "+strings.Join(values, ", "))
		}
	}
	if _, ok := finding.File(f); ok {
		add("Place", place(f))
	}
	add("Dependency", finding.Dependency(f))
	if f.Package != nil {
		add("Fixed in", f.Package.FixedIn)
	}
	add("CWE", f.CWE...)
	add("CVE", f.CVE...)
	return "\n" + strings.Join(lines, "\n") + "\n"
}
