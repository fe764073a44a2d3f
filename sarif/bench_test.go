package sarif_test

import (
	"encoding/json"
	"fmt"
	"io"
	"testing"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/sarif"
)

// BenchmarkWrite writes a report of 100,000 findings, the most severe 25,000 of which fit. The floor is the standard
// library's encoder, given the same findings and then the finished results.
func BenchmarkWrite(b *testing.B) {
	findings := make([]codeant.Finding, 100_000)
	for i := range findings {
		findings[i] = codeant.Finding{
			Analysis: codeant.SAST, Severity: codeant.Severity(i%5 + 1), RuleID: fmt.Sprintf("python.rule-%d", i%300),
			Title: fmt.Sprintf("Title of rule %d", i%300), Path: fmt.Sprintf("services/shop/module%d/file%d.py", i%40, i%900),
			StartLine: i%2000 + 1, EndLine: i%2000 + 3, Column: i%60 + 1, CWE: []string{"CWE-89"},
			Message: fmt.Sprintf("The query number %d is built from user input and reaches the database without a check.", i),
		}
	}
	report := reportOf(findings...)
	b.Run("sarif", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := sarif.Write(io.Discard, report); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("floor/findings", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := json.NewEncoder(io.Discard).Encode(findings); err != nil {
				b.Fatal(err)
			}
		}
	})
}
