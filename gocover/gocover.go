// Package gocover turns a Go cover profile, which CodeAnt does not read, into Cobertura XML, which it does.
package gocover

import (
	"bufio"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/tools/cover"
)

// maxLine is more than any file has that a person or a generator wrote; beyond it a damaged profile would cost memory.
const maxLine = 1_000_000

const header = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE coverage SYSTEM "http://cobertura.sourceforge.net/xml/coverage-04.dtd">
`

// Cobertura reads a profile of go test -coverprofile, of any mode, and writes it as Cobertura XML. Profiles put together,
// with or without their mode lines, count as one.
//
// modulePath is the module's path as in go.mod: what the names in the profile begin with. moduleDir is the module's
// directory relative to the root of the repository, so that the files in the report are found there: "" or "." for the
// root itself. With an absolute moduleDir the names are relative to the module.
//
// A line counts as often as the most frequent of the blocks with statements that touch it. Equal input gives equal
// output. A profile that is empty or cannot be read, mixed modes and a file outside the module are errors, and nothing is
// written then.
func Cobertura(w io.Writer, profile io.Reader, modulePath, moduleDir string) error {
	if modulePath == "" {
		return errors.New("gocover: the module path is missing; it stands in the first line of go.mod")
	}
	text, err := oneProfile(profile)
	if err != nil {
		return err
	}
	profiles, err := cover.ParseProfilesFromReader(text)
	if err != nil {
		return fmt.Errorf("gocover: the profile cannot be read: %w", err)
	}
	report, err := newReport(profiles, modulePath, moduleDir)
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

// oneProfile makes one profile, with one mode line, of profiles that were put together. The parser takes no other.
func oneProfile(profile io.Reader) (io.Reader, error) {
	var (
		mode  string
		lines bytes.Buffer
	)
	scanner := bufio.NewScanner(profile)
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		line := strings.TrimSpace(strings.TrimPrefix(scanner.Text(), "\uFEFF"))
		kind, isMode := strings.CutPrefix(line, "mode: ")
		switch {
		case line == "":
		case isMode && mode != "" && mode != kind:
			return nil, fmt.Errorf("gocover: the profile mixes the modes %s and %s, whose counts cannot be added up; run all tests with one -covermode", printed(mode), printed(kind))
		case isMode:
			mode = kind
		default:
			lines.WriteString(line + "\n")
		}
	}
	if err := scanner.Err(); err != nil {
		return nil, fmt.Errorf("gocover: the profile cannot be read: %w", err)
	}
	if lines.Len() == 0 {
		return nil, errors.New("gocover: the profile is empty; did the tests run?")
	}
	switch mode {
	case "":
		mode = "count"
	case "set", "count", "atomic":
	default:
		return nil, fmt.Errorf("gocover: the mode %s is not set, count or atomic", printed(mode))
	}
	return io.MultiReader(strings.NewReader("mode: "+mode+"\n"), &lines), nil
}

func printed(s string) string {
	if len(s) > 80 {
		s = s[:80] + "…"
	}
	return strconv.Quote(s)
}

type (
	xmlReport struct {
		XMLName xml.Name `xml:"coverage"`
		counts
		BranchRate      string       `xml:"branch-rate,attr"`
		BranchesCovered int          `xml:"branches-covered,attr"`
		BranchesValid   int          `xml:"branches-valid,attr"`
		Complexity      string       `xml:"complexity,attr"`
		Version         string       `xml:"version,attr"`
		Timestamp       string       `xml:"timestamp,attr"`
		Sources         []string     `xml:"sources>source"`
		Packages        []xmlPackage `xml:"packages>package"`
	}
	counts struct {
		LineRate string `xml:"line-rate,attr"`
		Covered  int    `xml:"lines-covered,attr"`
		Valid    int    `xml:"lines-valid,attr"`
	}
	xmlPackage struct {
		Name       string     `xml:"name,attr"`
		LineRate   string     `xml:"line-rate,attr"`
		BranchRate string     `xml:"branch-rate,attr"`
		Complexity string     `xml:"complexity,attr"`
		Classes    []xmlClass `xml:"classes>class"`
	}
	xmlClass struct {
		Name       string    `xml:"name,attr"`
		Filename   string    `xml:"filename,attr"`
		LineRate   string    `xml:"line-rate,attr"`
		BranchRate string    `xml:"branch-rate,attr"`
		Complexity string    `xml:"complexity,attr"`
		Methods    struct{}  `xml:"methods"`
		Lines      []xmlLine `xml:"lines>line"`
	}
	xmlLine struct {
		Number int `xml:"number,attr"`
		Hits   int `xml:"hits,attr"`
	}
)

func newReport(profiles []*cover.Profile, modulePath, moduleDir string) (*xmlReport, error) {
	// There is no time in a profile, and the report is to depend on nothing else.
	report := &xmlReport{BranchRate: "0", Complexity: "0", Version: "gocover", Timestamp: "0", Sources: []string{"."}}
	packages := map[string]*packageLines{}
	var all tally
	for _, p := range profiles {
		name, err := repositoryName(p.FileName, modulePath, moduleDir)
		if err != nil {
			return nil, err
		}
		lines, covered, err := linesOf(p)
		if err != nil {
			return nil, err
		}
		dir := path.Dir(name)
		pkg := packages[dir]
		if pkg == nil {
			pkg = &packageLines{}
			packages[dir] = pkg
		}
		file := tally{covered, len(lines)}
		pkg.add(file)
		all.add(file)
		pkg.classes = append(pkg.classes, xmlClass{
			Name: path.Base(name), Filename: name, LineRate: file.rate(), BranchRate: "0", Complexity: "0", Lines: lines,
		})
	}
	for dir, pkg := range packages {
		slices.SortFunc(pkg.classes, func(a, b xmlClass) int { return strings.Compare(a.Filename, b.Filename) })
		report.Packages = append(report.Packages, xmlPackage{Name: dir, LineRate: pkg.rate(), BranchRate: "0", Complexity: "0", Classes: pkg.classes})
	}
	slices.SortFunc(report.Packages, func(a, b xmlPackage) int { return strings.Compare(a.Name, b.Name) })
	report.counts = counts{LineRate: all.rate(), Covered: all.covered, Valid: all.valid}
	return report, nil
}

type packageLines struct {
	tally
	classes []xmlClass
}

type tally struct{ covered, valid int }

func (t *tally) add(other tally) {
	t.covered += other.covered
	t.valid += other.valid
}

func (t tally) rate() string {
	if t.valid == 0 {
		return "0"
	}
	return strconv.FormatFloat(float64(t.covered)/float64(t.valid), 'f', -1, 64)
}

// linesOf returns the lines with statements in their order, and how many of them were run.
func linesOf(p *cover.Profile) (lines []xmlLine, covered int, err error) {
	hits := map[int]int{}
	for _, block := range p.Blocks {
		if block.NumStmt == 0 {
			continue
		}
		if block.EndLine > maxLine {
			return nil, 0, fmt.Errorf("gocover: the file %s has a line %d in the profile, which is damaged", printed(p.FileName), block.EndLine)
		}
		for line := block.StartLine; line <= block.EndLine; line++ {
			hits[line] = max(hits[line], block.Count)
		}
	}
	for line, count := range hits {
		lines = append(lines, xmlLine{line, count})
		if count > 0 {
			covered++
		}
	}
	slices.SortFunc(lines, func(a, b xmlLine) int { return a.Number - b.Number })
	return lines, covered, nil
}

// repositoryName returns the name of a file relative to the repository's root.
func repositoryName(file, modulePath, moduleDir string) (string, error) {
	rel, found := strings.CutPrefix(file, strings.TrimSuffix(modulePath, "/")+"/")
	if !found || !filepath.IsLocal(rel) {
		return "", fmt.Errorf("gocover: the file %s is not in the module %s; give the path in the first line of its go.mod, or measure less with -coverpkg", printed(file), printed(modulePath))
	}
	if path.IsAbs(moduleDir) || filepath.IsAbs(moduleDir) {
		return rel, nil
	}
	return path.Join(filepath.ToSlash(moduleDir), rel), nil
}
