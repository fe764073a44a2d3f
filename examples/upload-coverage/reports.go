package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/examples/internal/pipeline"
	"github.com/codeant-sdk/codeant/gocover"
)

// report is one file to upload.
type report struct {
	path, module string
	format       codeant.ReportFormat
	size         int64
	content      []byte // of a converted Go cover profile
}

// find pairs files with modules. A name that is no file is a glob; all that it finds has the module of its flag.
func find(files, modules []string) ([]report, error) {
	switch {
	case len(files) == 0:
		return nil, pipeline.UsageError("no report is named: use -f; see -h")
	case len(modules) > 1 && len(modules) != len(files):
		return nil, pipeline.UsageError(fmt.Sprintf("%d -m for %d -f: give one -m for all, or one for each; see -h", len(modules), len(files)))
	}
	var reports []report
	for i, file := range files {
		module := ""
		if len(modules) > 0 {
			module = modules[min(i, len(modules)-1)]
		}
		paths := []string{file}
		if _, err := os.Stat(file); err != nil && strings.ContainsAny(file, "*?[{") {
			found, err := doublestar.FilepathGlob(file, doublestar.WithFilesOnly())
			if err != nil {
				return nil, pipeline.UsageError(fmt.Sprintf("-f %q is no glob: %v", file, err))
			}
			if len(found) == 0 {
				return nil, pipeline.UsageError(fmt.Sprintf("-f %q finds no file; does the test step write it here, and before this step?", file))
			}
			slices.Sort(found)
			paths = found
		}
		for _, path := range paths {
			reports = append(reports, report{path: path, module: module})
		}
	}
	return reports, nil
}

// check recognises every report before the first is sent, and converts Go cover profiles.
func check(reports []report, goModule string) error {
	for i := range reports {
		r := &reports[i]
		f, err := os.Open(r.path)
		if err != nil {
			return fmt.Errorf("%w: %w", codeant.ErrInvalidReport, err)
		}
		err = r.recognise(f, goModule)
		f.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *report) recognise(f *os.File, goModule string) error {
	info, err := f.Stat()
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", codeant.ErrInvalidReport, err)
	case !info.Mode().IsRegular():
		return fmt.Errorf("%w: %s is no regular file", codeant.ErrInvalidReport, r.path)
	}
	r.size = info.Size()
	start := make([]byte, 512)
	n, _ := f.ReadAt(start, 0)
	if bytes.HasPrefix(start[:n], []byte("mode: ")) {
		return r.convert(f, goModule)
	}
	r.format, err = codeant.DetectReportFormat(f)
	if err != nil {
		return fmt.Errorf("%s: %w", r.path, err)
	}
	return nil
}

// convert makes Cobertura of a Go cover profile. The module is the one whose go.mod is nearest above the profile.
func (r *report) convert(f io.Reader, goModule string) error {
	dir, module, err := nearestModule(filepath.Dir(r.path))
	if goModule != "" {
		module, err = goModule, nil
	}
	if err != nil {
		return fmt.Errorf("%w: %s is a Go cover profile, and %w; see -go-module", codeant.ErrInvalidReport, r.path, err)
	}
	var out bytes.Buffer
	if err := gocover.Cobertura(&out, f, module, dir); err != nil {
		return fmt.Errorf("%w: %s: %w", codeant.ErrInvalidReport, r.path, err)
	}
	r.format, r.content, r.size = codeant.FormatCobertura, out.Bytes(), 0
	return nil
}

// nearestModule finds go.mod in dir or above it. The directory is relative to the working directory, which is taken for
// the root of the repository.
func nearestModule(dir string) (moduleDir, module string, err error) {
	for {
		content, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil {
			for line := range strings.Lines(string(content)) {
				if name, found := strings.CutPrefix(strings.TrimSpace(line), "module "); found {
					return filepath.ToSlash(dir), strings.Trim(strings.TrimSpace(name), `"`), nil
				}
			}
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return ".", "", fmt.Errorf("there is no go.mod at it or above it")
		}
		dir = parent
	}
}
