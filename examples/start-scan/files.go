package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/codequality"
	"github.com/codeant-sdk/codeant/examples/internal/pipeline"
	"github.com/codeant-sdk/codeant/internal/openfile"
	"github.com/codeant-sdk/codeant/junit"
	"github.com/codeant-sdk/codeant/sarif"
)

// outputs names the files to write the findings to.
type outputs struct{ results, sarif, codequality, junit string }

func (o *outputs) flags(p *pipeline.Program) {
	p.String(&o.results, "", "results")
	p.String(&o.sarif, "", "sarif")
	p.String(&o.codequality, "", "codequality")
	p.String(&o.junit, "", "junit")
}

// where says where to find all findings.
func (o *outputs) where() string {
	for _, name := range []string{o.results, o.sarif, o.codequality, o.junit} {
		if name != "" {
			return "see " + name
		}
	}
	return "-results FILE writes them all"
}

// writeResults writes the finished analyses, even if others have not finished. Each has its status.
func (o *outputs) writeResults(p *pipeline.Program, report *codeant.ScanReport) error {
	if o.results == "" {
		return nil
	}
	return p.WriteFile("-results", o.results, func(w io.Writer) error {
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		return encoder.Encode(report)
	})
}

// maxBaseline is in bytes, more than a report of a million findings has.
const maxBaseline = 1 << 30

// readBaseline reads a file that -results wrote.
func readBaseline(ctx context.Context, name string) (*codeant.ScanReport, error) {
	content, err := openfile.ReadAll(ctx, name, maxBaseline)
	var report codeant.ScanReport
	if err == nil {
		err = json.Unmarshal(content, &report)
	}
	if err == nil && report.Results == nil {
		err = errors.New("it has no results; name a file that -results wrote")
	}
	if err != nil {
		return nil, pipeline.UsageError(fmt.Sprintf("the file of -baseline cannot be used: %v", err))
	}
	return &report, nil
}

func (o *outputs) write(p *pipeline.Program, report *codeant.ScanReport) error {
	var errs []error
	write := func(flag, name string, encode func(io.Writer) error) {
		if name != "" {
			errs = append(errs, p.WriteFile(flag, name, encode))
		}
	}
	write("-sarif", o.sarif, func(w io.Writer) error {
		summary, err := sarif.WriteSummary(w, report)
		if n := summary.LeftOut(); n > 0 {
			p.Warn("%s has the %d most severe findings and leaves out %d: GitHub accepts no more", o.sarif, summary.Results, n)
		}
		return err
	})
	write("-codequality", o.codequality, func(w io.Writer) error { return codequality.Write(w, report) })
	write("-junit", o.junit, func(w io.Writer) error { return junit.Write(w, report) })
	return errors.Join(errs...)
}
