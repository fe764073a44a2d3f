package finding

import (
	"bytes"
	"fmt"
	"io"

	"github.com/codeant-sdk/codeant"
)

// Export writes the document that encode makes of a report. It writes nothing if encode fails or the report is nil. format is
// the name of the package, for errors.
func Export(w io.Writer, format string, report *codeant.ScanReport, encode func(*bytes.Buffer) error) error {
	if report == nil {
		return fmt.Errorf("%s: the report is nil: %w", format, codeant.ErrInvalidRequest)
	}
	var document bytes.Buffer
	if err := encode(&document); err != nil {
		return fmt.Errorf("%s: the report cannot be encoded: %w", format, err)
	}
	if _, err := document.WriteTo(w); err != nil {
		return fmt.Errorf("%s: the document cannot be written: %w", format, err)
	}
	return nil
}

// Closed returns why a finding is not open, as sentences. It returns nothing for an open finding.
func Closed(f codeant.Finding) []string {
	var reasons []string
	if f.Dismissed {
		reasons = append(reasons, "Dismissed in CodeAnt.")
	}
	if f.FalsePositive {
		reasons = append(reasons, "A false positive, according to CodeAnt.")
	}
	return reasons
}
