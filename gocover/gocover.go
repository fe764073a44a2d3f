// Package gocover converts Go cover profiles, which CodeAnt cannot read, to Cobertura XML, which it can.
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

// Cobertura reads a profile that go test -coverprofile wrote, in any mode, and writes it as Cobertura XML. Several
// profiles may be concatenated, with or without their mode lines. Blocks that occur more than once are merged: in mode
// set a block is covered if it ran in any profile, in the other modes the counts are added.
//
// modulePath is the module's path in go.mod, with which the names in the profile begin. moduleDir is the module's
// directory relative to the root of the repository; it is "" or "." for the root itself. The names in the report begin
// with it. If moduleDir is absolute, they are relative to the module.
//
// Every line of a block with statements counts. Its hits are the highest count of the blocks on the line. Equal input
// gives equal output.
//
// Cobertura returns an error and writes nothing if the profile is empty, cannot be read, mixes modes, names a file
// outside the module or has more than 5,000,000 lines. It returns an error of w unchanged; w may then have part of the
// report.
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
