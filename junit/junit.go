// Package junit writes findings as a JUnit report, which Jenkins, Azure Pipelines, GitLab and others show as test
// results.
//
// Each analysis is a suite, and each of its findings a test case: failed if the finding is open, skipped if it was
// dismissed or is a false positive. An analysis that found nothing has one test case that passed, "no findings". The
// name of a test case consists of the rule and the text of the finding, and its class name is the file's path. Neither
// changes when lines shift, so viewers keep the history of a finding.
//
// The findings of a secrets scan are themselves secret: the report has their type, rule, path and line, but never their
// message.
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
	noTime  = "0" // the duration of an analysis is not known
)

// Write writes the findings of the report to w. Equal reports give equal bytes. Nothing is written before the whole
// report is encoded. A nil report is an error that matches codeant.ErrInvalidRequest.
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
		// Jenkins treats test cases with the same name as one.
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
	suites.Skipped = 0 // the schema of Jenkins has this only in a suite
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

// details returns what a viewer shows below the message.
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
