// Package codequality writes findings as a Code Quality report, which GitLab shows in merge requests if the job names
// it under artifacts:reports:codequality.
//
// Only open findings are in the report, because the format cannot mark findings as dismissed. The severities critical,
// high, medium, low and information become GitLab's blocker, critical, major, minor and info. An unknown severity
// becomes major.
//
// GitLab requires a file and a line for each finding. If a finding has no file, its path is the name of the dependency
// or else of the analysis, and its description says that it has no place in the repository.
//
// The findings of a secrets scan are themselves secret: the report has their type, rule, path and line, but never their
// message.
package codequality

import (
	"bytes"
	"encoding/json"
	"io"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/internal/finding"
)

// violation has the members that GitLab reads (GitLab, "Code Quality report format").
type violation struct {
	Description string   `json:"description"`
	CheckName   string   `json:"check_name"`
	Fingerprint string   `json:"fingerprint"`
	Severity    string   `json:"severity"`
	Location    location `json:"location"`
}

type location struct {
	Path  string `json:"path"`
	Lines lines  `json:"lines"`
}

type lines struct {
	Begin int `json:"begin"`
}

// Write writes the open findings of the report to w. Equal reports give equal bytes. Nothing is written before the
// whole report is encoded. A nil report is an error that matches codeant.ErrInvalidRequest.
func Write(w io.Writer, report *codeant.ScanReport) error {
	return finding.Export(w, "codequality", report, func(document *bytes.Buffer) error {
		findings := report.Findings()
		// Equal findings are numbered among all findings: dismissing one must not make another look new.
		identities := finding.Identities(findings, len(findings))
		violations := []violation{}
		for i, f := range findings {
			if len(finding.Closed(f)) == 0 {
				violations = append(violations, newViolation(f, identities[i]))
			}
		}
		encoder := json.NewEncoder(document)
		encoder.SetIndent("", "  ")
		return encoder.Encode(violations)
	})
}

func newViolation(f codeant.Finding, identity string) violation {
	line := 1
	if _, ok := finding.File(f); ok {
		line = max(f.StartLine, 1)
	}
	return violation{
		Description: finding.Line(f),
		CheckName:   finding.RuleID(f),
		Fingerprint: identity,
		Severity:    severity(f.Severity),
		Location:    location{finding.OneLine(finding.Place(f)), lines{line}},
	}
}

func severity(s codeant.Severity) string {
	switch s {
	case codeant.SeverityCritical:
		return "blocker"
	case codeant.SeverityHigh:
		return "critical"
	case codeant.SeverityLow:
		return "minor"
	case codeant.SeverityInfo:
		return "info"
	}
	return "major"
}
