package finding

import (
	"bytes"
	"fmt"
	"io"

	"github.com/codeant-sdk/codeant"
)

// Export writes a report in the format of a package, in whole: nothing is written before encode is done, and nothing for
// a nil report.
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

// Closed lists why a finding does not count any more, in sentences. It is empty for an open finding.
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
