package codeant

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/codeant-sdk/codeant/internal/jsonscan"
)

// duplicates decodes groups of copies. Each copy becomes a finding that names the others.
func (d *scanBody) duplicates(groups jsonscan.Value) error {
	if groups.Kind() != jsonscan.Array {
		return nil
	}
	d.found = true
	for group := range groups.Elements() {
		first := len(d.results.Findings)
		var err error
		switch group.Kind() {
		case jsonscan.Array:
			err = d.elements(group, "")
		case jsonscan.Object: // a copy outside of any group
			if err = d.expect(1); err == nil {
				err = d.add(group, "")
			}
		case jsonscan.Null:
		default:
			err = unusable("a group of duplicates is %s", group.Kind())
		}
		if err != nil {
			return err
		}
		if err := d.completeCopies(d.results.Findings[first:]); err != nil {
			return err
		}
	}
	return nil
}

func (d *scanBody) completeCopies(copies []Finding) error {
	for i := range copies {
		f, err := d.index(jsonscan.Value(copies[i].Raw))
		if err != nil {
			return err
		}
		c := &copies[i]
		c.Path = cmp.Or(c.Path, repositoryPath(f.Text("fileName"), d.commits...))
		if start, end := window(f.Text("window")); start > 0 {
			c.StartLine, c.EndLine = start, max(start, end)
		}
		c.RuleID = cmp.Or(c.RuleID, "duplicate-code")
	}
	const shown = 5
	for i := range copies {
		var paths, places []string
		for j := 0; j < len(copies) && len(places) <= shown; j++ {
			if other := copies[j]; j != i {
				if !slices.Contains(paths, other.Path) {
					paths = append(paths, other.Path)
				}
				places = append(places, place(other))
			}
		}
		title, message := "Duplicate code", "Duplicate code"
		if len(places) > shown {
			paths, places = paths[:min(len(paths), shown)], append(places[:shown], "and more")
		}
		if len(places) > 0 {
			title, message = "The same code as in "+strings.Join(paths, ", "), "The same code as in "+strings.Join(places, ", ")
		}
		copies[i].Title, copies[i].Message = cmp.Or(copies[i].Title, title), cmp.Or(copies[i].Message, message)
	}
	return nil
}

// window returns the first two numbers of a text such as "[5-19]".
func window(text string) (start, end int) {
	numbers := strings.FieldsFunc(text, func(r rune) bool { return r < '0' || r > '9' })
	if len(numbers) > 0 {
		start, _ = strconv.Atoi(numbers[0])
	}
	if len(numbers) > 1 {
		end, _ = strconv.Atoi(numbers[1])
	}
	return start, end
}

func place(f Finding) string {
	switch {
	case f.StartLine == 0:
		return f.Path
	case f.EndLine > f.StartLine:
		return fmt.Sprintf("%s:%d-%d", f.Path, f.StartLine, f.EndLine)
	}
	return fmt.Sprintf("%s:%d", f.Path, f.StartLine)
}

// deadCode decodes the findings of the tools for Python, JavaScript and other languages, a list of findings or a map of
// files.
func (d *scanBody) deadCode(value jsonscan.Value) error {
	if value.Kind() == jsonscan.Array {
		return d.elements(value, "")
	}
	f, err := fieldsOf(value)
	if err != nil {
		return err
	}
	python, js, extra := f.Get("python_dead_code"), f.Get("js_dead_code"), f.Get("extra_dead_code")
	if python.Kind() == jsonscan.Invalid && js.Kind() == jsonscan.Invalid && extra.Kind() == jsonscan.Invalid {
		return d.files(value)
	}
	d.found = true
	if err := d.deadPython(python); err != nil {
		return err
	}
	if err := d.deadJavaScript(js); err != nil {
		return err
	}
	inside, err := fieldsOf(extra)
	if err != nil {
		return err
	}
	if results := inside.Get("results"); results.Kind() == jsonscan.Object {
		extra = results
	}
	return d.deadElsewhere(extra)
}

// deadPython decodes a list of files with their issues, or a map of files. An issue is a text such as "unused variable 'x'".
func (d *scanBody) deadPython(files jsonscan.Value) error {
	first := len(d.results.Findings)
	var err error
	switch files.Kind() {
	case jsonscan.Object:
		err = d.files(files)
	case jsonscan.Array:
		for file := range files.Elements() {
			inside, insideErr := fieldsOf(file)
			issues := inside.Get("issues")
			if err = insideErr; err == nil && issues.Kind() != jsonscan.Array && file.Kind() != jsonscan.Null {
				err = unusable("a file in python_dead_code has no list of issues")
			}
			if err == nil {
				err = d.elements(issues, inside.Text("file_path", "path"))
			}
			if err != nil {
				return err
			}
		}
	}
	for i := first; err == nil && i < len(d.results.Findings); i++ {
		finding := &d.results.Findings[i]
		inside, _ := d.index(jsonscan.Value(finding.Raw))
		sentence := inside.Text("issue")
		finding.RuleID = cmp.Or(finding.RuleID, unusedRule(sentence))
		finding.Title, finding.Message = cmp.Or(sentence, finding.Title), cmp.Or(sentence, finding.Message)
	}
	return err
}

// unusedRule returns the rule of an issue: "unused-variable" for "unused variable 'x' (60% confidence)".
func unusedRule(sentence string) string {
	words := strings.FieldsFunc(strings.ToLower(sentence), func(r rune) bool { return !unicode.IsLetter(r) })
	if at := slices.Index(words, "unused"); at >= 0 && at+1 < len(words) {
		return "unused-" + words[at+1]
	}
	return "dead-code"
}

func (d *scanBody) deadJavaScript(value jsonscan.Value) error {
	f, err := fieldsOf(value)
	if err != nil {
		return err
	}
	dismissed := map[string]bool{}
	for path := range f.Get("dismissed_unused_files").Elements() {
		text, _ := path.Text()
		dismissed[text] = true
	}
	for path := range f.Get("unused_files").Elements() {
		text, isText := path.Text()
		if !isText {
			return unusable("an unused file is %s", path.Kind())
		}
		if err := d.expect(1); err != nil {
			return err
		}
		d.results.Findings = append(d.results.Findings, Finding{
			Analysis: DeadCode, Severity: SeverityLow, Path: repositoryPath(text, d.commits...), RuleID: "unused-file",
			Title: "Unused file", Message: "Nothing uses this file", Dismissed: dismissed[text], Raw: []byte(path),
		})
	}
	for pair := range f.Get("unused_exports").Elements() {
		path, isText := pair.Element(0).Text()
		names := pair.Element(1)
		if !isText || names.Kind() != jsonscan.Array {
			return unusable("an unused export is not a path with a list of names")
		}
		first := len(d.results.Findings)
		if err := d.elements(names, path); err != nil {
			return err
		}
		for i := range d.results.Findings[first:] {
			finding := &d.results.Findings[first+i]
			finding.RuleID = cmp.Or(finding.RuleID, "unused-export")
			finding.Title = strings.TrimSpace("Unused export " + finding.Title)
			finding.Message = finding.Title
		}
	}
	return nil
}

// deadElsewhere decodes a map of files whose findings have a rule such as "python:S1481".
func (d *scanBody) deadElsewhere(files jsonscan.Value) error {
	first := len(d.results.Findings)
	if err := d.files(files); err != nil {
		return err
	}
	for i := range d.results.Findings[first:] {
		finding := &d.results.Findings[first+i]
		rule := finding.RuleID
		if _, behind, found := strings.Cut(rule, ":"); found {
			rule, _, _ = strings.Cut(behind, ":")
		}
		rule = cmp.Or(rule, "dead-code")
		if finding.Title == finding.RuleID {
			finding.Title = rule
		}
		if finding.Message == finding.RuleID {
			finding.Message = rule
		}
		finding.RuleID = rule
	}
	return nil
}
