package main

import (
	"bytes"
	"context"
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
	"github.com/codeant-sdk/codeant/internal/openfile"
	reports "github.com/codeant-sdk/codeant/internal/report"
)

// report is one file to upload.
type report struct {
	path, module string
	format       codeant.ReportFormat
	size         int64  // of what is sent
	content      []byte // of a converted Go cover profile
}

func (r report) String() string {
	if r.module == "" {
		return r.path
	}
	return r.path + " (module " + r.module + ")"
}

// find pairs files with modules. A name that is not a file is a glob; all its matches have the module of its flag. No
// two reports may have the same module: CodeAnt keeps only one report for each, so one would be lost.
func find(files, modules []string, moduleFromDir bool) ([]report, error) {
	switch {
	case len(files) == 0:
		return nil, pipeline.UsageError("no report is named: use -f; see -h")
	case moduleFromDir && len(modules) > 0:
		return nil, pipeline.UsageError("-m and -module-from-dir exclude each other; see -h")
	case len(modules) > 1 && len(modules) != len(files):
		return nil, pipeline.UsageError(fmt.Sprintf("there are %d -m for %d -f: give one for each; see -h", len(modules), len(files)))
	}
	var found []report
	byModule := map[string]string{}
	for i, file := range files {
		paths, err := expand(file)
		if err != nil {
			return nil, err
		}
		for _, path := range paths {
			r := report{path: path}
			if len(modules) > 0 {
				r.module = strings.TrimSpace(modules[min(i, len(modules)-1)])
			}
			if moduleFromDir {
				r.module = directory(path)
			}
			if other, taken := byModule[r.module]; taken {
				return nil, pipeline.UsageError(clash(other, path, r.module))
			}
			byModule[r.module] = path
			found = append(found, r)
		}
	}
	return found, nil
}

func clash(one, other, module string) string {
	what := fmt.Sprintf("both have the module %q", module)
	if module == "" {
		what = "both have no module"
	}
	return fmt.Sprintf("%s and %s %s, and CodeAnt keeps one report of each module: "+
		"give each -f an -m of its own, or use -module-from-dir; see -h", one, other, what)
}

func expand(file string) ([]string, error) {
	if _, err := os.Stat(file); err == nil || !strings.ContainsAny(file, "*?[{") {
		return []string{file}, nil
	}
	found, err := doublestar.FilepathGlob(file, doublestar.WithFilesOnly())
	if err != nil {
		return nil, pipeline.UsageError(fmt.Sprintf("-f %q is not a glob: %v", file, err))
	}
	if len(found) == 0 {
		return nil, pipeline.UsageError(fmt.Sprintf("-f %q finds no file; does the test step write it here, and before this step?", file))
	}
	slices.Sort(found)
	return found, nil
}

// directory returns the module of a report: its directory, relative to the working directory if it is below it.
func directory(path string) string {
	dir := filepath.Dir(path)
	if filepath.IsAbs(dir) {
		if here, err := os.Getwd(); err == nil {
			if relative, err := filepath.Rel(here, dir); err == nil && filepath.IsLocal(relative) {
				dir = relative
			}
		}
	}
	if dir = filepath.ToSlash(filepath.Clean(dir)); dir == "." {
		return ""
	}
	return dir
}

// workspace returns the root of the repository, if the CI system names it.
func workspace(env pipeline.Env) string {
	for _, name := range []string{
		"GITHUB_WORKSPACE", "CI_PROJECT_DIR", "BITBUCKET_CLONE_DIR", "BUILD_SOURCESDIRECTORY", "BUILDKITE_BUILD_CHECKOUT_PATH",
		"TRAVIS_BUILD_DIR", "WORKSPACE",
	} {
		if dir, _ := env.Lookup(name); dir != "" {
			return dir
		}
	}
	return ""
}

// recognise detects the format of a report, and converts a Go cover profile.
func (r *report) recognise(ctx context.Context, goModule, root string) error {
	f, err := openfile.Open(r.path)
	if err != nil {
		return fmt.Errorf("%w: %w", codeant.ErrInvalidReport, err)
	}
	defer f.Close()
	if !f.Info.Mode().IsRegular() {
		return fmt.Errorf("%w: %s is %s, not a regular file", codeant.ErrInvalidReport, r.path, openfile.Kind(f.Info.Mode()))
	}
	r.size = f.Info.Size()
	in := f.Reader(ctx)
	start := make([]byte, reports.Window)
	n, err := io.ReadFull(in, start)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return fmt.Errorf("%w: %s cannot be read: %w", codeant.ErrInvalidReport, r.path, err)
	}
	in = io.MultiReader(bytes.NewReader(start[:n]), in)
	if reports.IsGoProfile(start[:n]) {
		return r.convert(in, goModule, root)
	}
	r.format, err = codeant.DetectReportFormat(in)
	if err != nil {
		return fmt.Errorf("%s: %w", r.path, err)
	}
	return nil
}

// convert converts a Go cover profile to Cobertura, with names relative to the root of the repository.
func (r *report) convert(profile io.Reader, goModule, root string) error {
	module, err := gocover.FindModule(r.path, root)
	if goModule != "" {
		module.Path, err = goModule, nil
	}
	if err != nil {
		return fmt.Errorf("%w: %s is a Go cover profile whose module is not known: %w; see -go-module", codeant.ErrInvalidReport, r.path, err)
	}
	var out bytes.Buffer
	if err := gocover.Cobertura(&out, profile, module.Path, module.Dir); err != nil {
		return fmt.Errorf("%w: %s: %w", codeant.ErrInvalidReport, r.path, err)
	}
	r.format, r.content, r.size = codeant.FormatCobertura, out.Bytes(), int64(out.Len())
	return nil
}
