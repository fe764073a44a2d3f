// Package gocover turns a Go cover profile, which CodeAnt does not read, into Cobertura XML, which it does.
package gocover

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
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
// A profile that is empty, cannot be read, mixes modes or names a file outside the module is an error, and nothing is
// written then. Errors of w are returned as they are.
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
	out := bytes.NewBufferString(header)
	encoder := xml.NewEncoder(out)
	encoder.Indent("", "  ")
	if err := encoder.Encode(report); err != nil {
		return fmt.Errorf("gocover: %w", err)
	}
	out.WriteByte('\n')
	_, err = w.Write(out.Bytes())
	return err
}
