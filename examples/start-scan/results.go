package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/examples/internal/pipeline"
	"github.com/codeant-sdk/codeant/internal/finding"
)

const (
	shown     = 20 // findings on the screen
	annotated = 10 // findings in GitHub's view of the changes
)

// results waits for the analyses and reports what they found.
func results(ctx context.Context, p *pipeline.Program, client *codeant.Client, revision codeant.Revision, o options) error {
	onPoll, done := p.Polling("scan")
	opts := codeant.WaitOptions{Timeout: o.timeout, MaxInterval: o.interval, OnPoll: onPoll}
	report, missing, waitErr := o.wanted.wait(ctx, client, revision, opts)
	done()
	if report == nil {
		return waitErr
	}
	maskFindings(report, p.Mask)
	showAnalyses(p, report, o.wanted, missing)
	fresh := report
	if o.baseline != nil {
		fresh = report.Since(o.baseline)
	}
	showFindings(p, report, fresh, o)
	errs := []error{waitErr, o.files.writeResults(p, report)}
	if waitErr == nil {
		// A partial report is not written: the system it is uploaded to would take missing findings as fixed.
		errs = append(errs, o.files.write(p, report))
	}
	if o.failOn != "" {
		errs = append(errs, blocking(p, fresh, o.threshold))
	}
	return errors.Join(errs...)
}

// maskFindings removes the token from findings that repeat it, before any format escapes it.
func maskFindings(report *codeant.ScanReport, mask func(string) string) {
	for _, results := range report.Results {
		for i := range results.Findings {
			f := &results.Findings[i]
			texts := []*string{&f.Path, &f.RuleID, &f.Title, &f.Message}
			if f.Package != nil {
				texts = append(texts, &f.Package.Name, &f.Package.Version, &f.Package.Ecosystem, &f.Package.License, &f.Package.FixedIn)
			}
			for _, list := range [][]string{f.CWE, f.CVE} {
				for j := range list {
					texts = append(texts, &list[j])
				}
			}
			for _, text := range texts {
				*text = mask(*text)
			}
		}
	}
}

// showAnalyses prints the analyses that have not finished or are not available.
func showAnalyses(p *pipeline.Program, report *codeant.ScanReport, wanted scanners, missing []codeant.Analysis) {
	for _, a := range slices.Concat(wanted.wanted, wanted.optional) {
		state := "not finished"
		if results := report.Results[a]; results != nil {
			if state = results.Status; state == "" {
				state = "finished"
			}
		}
		if slices.Contains(missing, a) {
			state = "not available"
			p.Notice("%s is not available with this token.", a)
		}
		p.Result.Analyses = append(p.Result.Analyses, pipeline.Analysis{Name: string(a), Status: state})
	}
}

// showFindings counts the open findings and shows the most severe new ones.
func showFindings(p *pipeline.Program, report, fresh *codeant.ScanReport, o options) {
	findings := fresh.Blocking(codeant.SeverityUnknown)
	// An unknown severity may be worse than high, so it must not be cut off at the end of the list.
	slices.SortStableFunc(findings, func(a, b codeant.Finding) int { return rank(b) - rank(a) })
	count := pipeline.Findings{Total: len(findings), BySeverity: map[string]int{}}
	var rows [][]string
	for _, f := range findings {
		count.BySeverity[f.Severity.String()]++
		if len(rows) < shown {
			rows = append(rows, []string{f.Severity.String(), place(f), finding.Summary(f)})
		}
	}
	p.Result.Findings = &count
	p.Table(rows)
	if more := len(findings) - len(rows); more > 0 {
		p.Notice("and %d more: %s", more, o.files.where())
	}
	if len(report.Results) > 0 {
		p.Notice("%s.", counted(count, report))
	}
	if fresh != report {
		isNew := count.Total
		all := len(report.Blocking(codeant.SeverityUnknown))
		p.Notice("They are new since the baseline; with those it has there are %d.", all)
		count.New = &isNew
		count.Total, count.BySeverity = all, map[string]int{}
		for _, f := range report.Blocking(codeant.SeverityUnknown) {
			count.BySeverity[f.Severity.String()]++
		}
	}
	if n := count.BySeverity["unknown"]; n > 0 {
		p.Warn("%d %s a severity that is not known; -fail-on counts %s at every level",
			n, plural(n, "finding has", "findings have"), plural(n, "it", "them"))
	}
}

func rank(f codeant.Finding) int {
	if f.Severity == codeant.SeverityUnknown {
		return 2*int(codeant.SeverityHigh) + 1
	}
	return 2 * int(f.Severity)
}

// place returns where a finding is, in a form to paste into an editor.
func place(f codeant.Finding) string {
	dependency := finding.Dependency(f)
	if _, ok := finding.File(f); !ok && dependency != "" {
		return dependency
	}
	text := finding.Place(f)
	if f.StartLine > 0 {
		text = fmt.Sprintf("%s:%d", text, f.StartLine)
	}
	if dependency != "" {
		text += " " + dependency
	}
	return text
}

// counted says how many findings there are, and of which analyses, because a missing analysis may have more.
func counted(c pipeline.Findings, report *codeant.ScanReport) string {
	var names []string
	for a := range report.Results {
		names = append(names, string(a))
	}
	slices.Sort(names)
	in := strings.Join(names, ", ")
	if c.Total == 0 {
		return "No open findings in " + in
	}
	return fmt.Sprintf("%d open %s in %s: %s", c.Total, plural(c.Total, "finding", "findings"), in, c.Severities())
}

func plural(n int, one, several string) string {
	if n == 1 {
		return one
	}
	return several
}

// blocking returns an error if there are findings at or above -fail-on. It shows the first of them on GitHub at their
// lines.
func blocking(p *pipeline.Program, report *codeant.ScanReport, threshold codeant.Severity) error {
	found := report.Blocking(threshold)
	if len(found) == 0 {
		return nil
	}
	for _, f := range found[:min(len(found), annotated)] {
		if file, ok := finding.File(f); ok {
			p.Annotate(file, f.StartLine, f.Severity.String()+": "+finding.RuleID(f), finding.Summary(f))
		}
	}
	unknown := 0
	for _, f := range found {
		if f.Severity == codeant.SeverityUnknown {
			unknown++
		}
	}
	text := fmt.Sprintf("findings that -fail-on %s does not accept: %d", threshold, len(found))
	if unknown > 0 {
		text += fmt.Sprintf(", of which %d %s an unknown severity", unknown, plural(unknown, "has", "have"))
	}
	return pipeline.FindingsError(text)
}
