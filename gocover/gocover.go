// Package gocover turns a Go cover profile, which CodeAnt does not read, into Cobertura XML, which it does.
package gocover

import (
	"bufio"
	"encoding/xml"
	"errors"
	"io"
)

const header = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE coverage SYSTEM "http://cobertura.sourceforge.net/xml/coverage-04.dtd">
`

// Cobertura reads a profile of go test -coverprofile, of any mode, and writes it as Cobertura XML. Profiles put
// together, with or without their mode lines, count as one: blocks that occur more than once are merged, in mode set
// by whether they ran at all and otherwise by the sum of their counts.
//
// modulePath is the module's path as in go.mod: what the names in the profile begin with. moduleDir is the module's
// directory relative to the root of the repository, so that the files in the report are found there: "" or "." for
// the root itself. With an absolute moduleDir the names are relative to the module.
//
// Every line of a block with statements counts, and its hits are those of the most frequent of the blocks that touch
// it. Equal input gives equal output.
//
// A profile that is empty, cannot be read, mixes modes, names a file outside the module or has more than 5,000,000 lines
// is an error, and nothing is written then. The report is written piece by piece: after an error of w, which is returned
// as it is, w holds a part of it.
func Cobertura(w io.Writer, profile io.Reader, modulePath, moduleDir string) error {
	if modulePath == "" {
		return errors.New("gocover: the module path is missing; it is in the module line of go.mod")
	}
	namer, err := newNamer(modulePath, moduleDir)
	if err != nil {
		return err
	}
	profiles, err := readProfiles(profile)
	if err != nil {
		return err
	}
	report, err := newReport(profiles, namer)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(w) // keeps the first error of w
	out.WriteString(header)
	encoder := xml.NewEncoder(out)
	encoder.Indent("", "  ")
	if err := encoder.Encode(report); err != nil {
		return err
	}
	out.WriteByte('\n')
	return out.Flush()
}
