package junit_test

import (
	"testing"

	"github.com/codeant-sdk/codeant"
)

// FuzzWrite: whatever text a finding holds, the document is one that its readers accept.
func FuzzWrite(f *testing.F) {
	for _, seed := range []string{"", "a/b.go", "]]>", "\x00\x1b[31m", "\xff", "\u202e", "../x", " /", "/ /a", `C:\x`, "%2e%2e/", "::error::x", "\r\n"} {
		f.Add(seed, "message", 3, 4)
		f.Add("a.go", seed, -1, 9)
	}
	f.Fuzz(func(t *testing.T, name, text string, line, severity int) {
		finding := codeant.Finding{
			Analysis: codeant.SAST, Severity: codeant.Severity(severity), RuleID: text, Title: name, Message: text, Path: name, StartLine: line,
			EndLine: line, Column: line, CWE: []string{text}, Dismissed: severity%2 == 0,
		}
		dependency := finding
		dependency.Package = &codeant.Package{Name: text, Version: name, FixedIn: text}
		requireValid(t, write(t, &codeant.ScanReport{Results: map[codeant.Analysis]*codeant.ScanResults{
			codeant.SAST: {Findings: []codeant.Finding{finding, finding}}, codeant.Analysis(text): {Findings: []codeant.Finding{dependency}},
		}}))
	})
}
