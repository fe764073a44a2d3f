// Package report recognises coverage reports from their first bytes. It parses no more than it must, resolves
// no entity, fetches no DTD and opens no network connection.
package report

import (
	"bytes"
	"fmt"
	"io"
)

// Format names a coverage report format that CodeAnt reads. The zero value means none.
type Format string

// The formats that [Detect] accepts.
const (
	Cobertura Format = "cobertura"
	JaCoCo    Format = "jacoco"
	LCOV      Format = "lcov"
	Clover    Format = "clover"
	JSON      Format = "json"
)

// Window is the most that [Detect] reads, in bytes.
const Window = 128 << 10

// Refusal is the error of [Detect] for content that is not a coverage report, or is broken. An error of the
// reader is never a Refusal.
type Refusal struct {
	What   string // what the content is, a clause that begins with "it"
	Advice string // what to do instead, a clause
}

// Error returns both clauses.
func (r *Refusal) Error() string { return r.What + "; " + r.Advice }

const (
	adviseReport = "upload the Cobertura, JaCoCo, Clover, LCOV or JSON report of the coverage tool"
	adviseRerun  = "check that the coverage tool ran to its end and that the disk was not full"
	adviseUnpack = "unpack it and upload the report inside"
)

// Detect reads at most [Window] bytes from r and names the coverage format. Content that is not a coverage report is
// a [*Refusal]; an error of r is wrapped, even if it comes after the first bytes. A report that ends within the
// window is also checked for being complete; of a longer one only the beginning is judged.
func Detect(r io.Reader) (Format, error) {
	var buf bytes.Buffer
	buf.Grow(Window + bytes.MinRead) // a report that fills the window is the usual one
	if _, err := buf.ReadFrom(io.LimitReader(r, Window)); err != nil {
		return "", fmt.Errorf("it could not be read: %w", err)
	}
	data := buf.Bytes()
	// A file of exactly Window bytes counts as longer: finding out would take one more byte.
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
	data = trimBOM(data)
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

func trimBOM(data []byte) []byte { return bytes.TrimPrefix(data, []byte("\xEF\xBB\xBF")) }

// clip shortens s, a piece of foreign content, to what an error text can carry.
func clip(s string) string {
	const most = 40
	for i := range s {
		if i >= most {
			return s[:i] + "…"
		}
	}
	return s
}
