// Package report detects the format of coverage reports from their beginning. It does not resolve entities or fetch DTDs.
package report

import (
	"bytes"
	"fmt"
	"io"

	"github.com/codeant-sdk/codeant/internal/jsonscan"
)

// Format is a format of coverage reports that CodeAnt reads.
type Format string

// The formats that Detect recognizes.
const (
	Cobertura Format = "cobertura"
	JaCoCo    Format = "jacoco"
	LCOV      Format = "lcov"
	Clover    Format = "clover"
	JSON      Format = "json"
)

// Window is how many bytes Detect reads at most.
const Window = 128 << 10

// Refusal is the error of Detect for content that is not a coverage report or is damaged.
type Refusal struct {
	What   string // what the content is, such as "it is a gzip archive"
	Advice string // what to do about it
}

// Error returns What and Advice.
func (r *Refusal) Error() string { return r.What + "; " + r.Advice }

const (
	adviseReport = "upload the Cobertura, JaCoCo, Clover, LCOV or JSON report of the coverage tool"
	adviseRerun  = "check that the coverage tool ran to its end and that the disk was not full"
	adviseUnpack = "unpack it and upload the report inside"
)

// Detect reads at most Window bytes from r and returns the format of the report. If they are not a coverage report, the error
// is a *Refusal. An error of r is wrapped, even if it occurs after the first bytes. If the report is shorter than Window,
// Detect also checks that it is complete; otherwise it checks only the beginning.
func Detect(r io.Reader) (Format, error) {
	var buf bytes.Buffer
	buf.Grow(Window + bytes.MinRead) // most reports fill the window
	if _, err := buf.ReadFrom(io.LimitReader(r, Window)); err != nil {
		return "", fmt.Errorf("it could not be read: %w", err)
	}
	data := buf.Bytes()
	// A file of exactly Window bytes counts as longer, because one more byte would have to be read to know.
	format, refusal := detect(data, len(data) < Window)
	if refusal != nil {
		return "", refusal
	}
	return format, nil
}

func detect(data []byte, whole bool) (Format, *Refusal) {
	if len(data) == 0 {
		return "", &Refusal{"it is empty", "check that the tests ran and that the coverage tool wrote to this path"}
	}
	if refusal := refuseBinary(data); refusal != nil {
		return "", refusal
	}
	data = jsonscan.TrimBOM(data)
	text := bytes.TrimSpace(data)
	if len(text) == 0 {
		return "", &Refusal{"it holds nothing but white space", "check that the tests ran and that the coverage tool wrote to this path"}
	}
	switch text[0] {
	case '<':
		return detectXML(data, whole)
	case '{', '[':
		return detectJSON(data, whole)
	default:
		return detectText(text, whole)
	}
}

// clip shortens a piece of the content for an error.
func clip(s string) string {
	const most = 40
	for i := range s {
		if i >= most {
			return s[:i] + "…"
		}
	}
	return s
}
