package codeant

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/codeant-sdk/codeant/internal/jsonscan"
	"github.com/codeant-sdk/codeant/internal/redact"
)

// decodeScan reads a scan result in any of the shapes that are documented or observed.
func decodeScan(a Analysis, doc jsonscan.Document, commit string) (*ScanResults, error) {
	d := scanBody{finder: finder{analysis: a, commits: []string{commit}, members: doc.Fields.Rest()}, results: &ScanResults{Analysis: a, Raw: doc.Raw()}}
	if doc.Kind() == jsonscan.Array && (a == SAST || a == SCA) {
		d.results.done = true
		return d.results, d.list(doc.Value, "")
	}
	if err := wantObject(doc); err != nil {
		return nil, err
	}
	if other := doc.Text("commit_id"); other != "" {
		d.commits = append(d.commits, other)
	}
	state, err := d.status(doc.Fields)
	if err != nil {
		return nil, err
	}
	err = d.object(doc.Fields)
	switch {
	case errors.Is(err, ErrTooLarge):
		return nil, err
	case state == stateFailed:
		// Whatever is beside it is not the whole result.
		return d.results, scanFailed(d.results.Status)
	case state != stateDone:
		return d.results, nil // what could be read so far; a shape is only due at the end
	case err != nil:
		return nil, err
	case !d.found:
		return nil, unusable("it has no list of results")
	}
	d.results.done = true
	return d.results, nil
}

// scanBody collects what is in one answer.
type scanBody struct {
	finder
	results *ScanResults
	found   bool // a list, even an empty one
}

// status reads the status word. A body without one is finished; an empty or unknown word is waited on.
func (d *scanBody) status(f jsonscan.Fields) (scanState, error) {
	value, err := soleStatus(f)
	if err != nil || value == nil {
		return stateDone, err
	}
	d.results.Status, _ = value.Text()
	return stateOf(d.results.Status), nil
}

// object reads the findings of an answer that is an object. If several places have a list, the first that is not empty
// counts.
func (d *scanBody) object(f jsonscan.Fields) error {
	for _, key := range []string{"results", "issues", "vulnerabilities"} {
		if f.Find(key).Times > 1 {
			return unusable("its field %q is doubled", key)
		}
	}
	results := f.Get("results")
	switch d.analysis {
	case SAST:
		return d.firstOf(f.Get("issues"), results)
	case SCA:
		return d.vulnerabilities(f, results)
	case Secrets:
		inside, err := fieldsOf(results)
		if err != nil {
			return err
		}
		return d.list(inside.Get("secrets"), "")
	case SBOM:
		inside, err := fieldsOf(results)
		if err != nil {
			return err
		}
		return d.sboms(inside.Get("sboms"))
	}
	if results.Kind() == jsonscan.Object {
		return d.byFile(results)
	}
	return nil
}

// vulnerabilities reads the lists of an SCA result. A map of files is not one of its shapes.
func (d *scanBody) vulnerabilities(f jsonscan.Fields, results jsonscan.Value) error {
	inside, err := fieldsOf(results)
	if err != nil {
		return err
	}
	places := []jsonscan.Value{f.Get("vulnerabilities"), inside.Get("vulnerabilities"), inside.Get("all_vulnerabilities"), results}
	return d.firstOf(slices.DeleteFunc(places, func(v jsonscan.Value) bool { return v.Kind() != jsonscan.Array })...)
}

// firstOf reads lists, or maps of files, until one had findings.
func (d *scanBody) firstOf(places ...jsonscan.Value) error {
	for _, place := range places {
		var err error
		switch place.Kind() {
		case jsonscan.Array:
			err = d.list(place, "")
		case jsonscan.Object:
			err = d.byFile(place)
		}
		if err != nil || len(d.results.Findings) > 0 {
			return err
		}
	}
	return nil
}

// fieldsOf returns the members of an object inside an answer. Of any other value there are none.
func fieldsOf(object jsonscan.Value) (jsonscan.Fields, error) {
	if object.Kind() != jsonscan.Object {
		return nil, nil
	}
	fields, err := object.Fields(nil)
	return fields, unusableJSON(err)
}

// list reads a list of findings. What is not a list is left, so that found stays false.
func (d *scanBody) list(list jsonscan.Value, under string) error {
	if list.Kind() != jsonscan.Array {
		return nil
	}
	d.found = true
	if err := d.expect(list.Len()); err != nil {
		return err
	}
	for element := range list.Elements() {
		if err := d.add(element, under); err != nil {
			return err
		}
	}
	return nil
}

// expect makes room for n more findings, so that a list that grows is not copied.
func (d *scanBody) expect(n int) error {
	if len(d.results.Findings)+n > maxElements {
		return errTooManyFindings
	}
	if free := cap(d.results.Findings) - len(d.results.Findings); free < n {
		d.results.Findings = slices.Grow(d.results.Findings, n)
	}
	return nil
}

var errTooManyFindings = tooLarge("it has more than %d findings", maxElements)

func (d *scanBody) add(element jsonscan.Value, under string) error {
	if kind := element.Kind(); kind != jsonscan.Object {
		return unusable("a finding in it is %s", kind)
	}
	finding, err := d.finding(element, under)
	if err != nil {
		return err
	}
	d.results.Findings = append(d.results.Findings, finding)
	return nil
}

// byFile reads a map whose keys are files, or else kinds of findings such as "issues", and whose values are a finding or
// a list of them.
func (d *scanBody) byFile(object jsonscan.Value) error {
	d.found = true
	n := 0
	for _, value := range object.Members() {
		n += max(value.Len(), 1)
	}
	if err := d.expect(n); err != nil {
		return err
	}
	for key, value := range object.Members() {
		under := string(key)
		if !strings.ContainsAny(under, "/.") {
			under = ""
		}
		var err error
		switch kind := value.Kind(); kind {
		case jsonscan.Array:
			err = d.list(value, under)
		case jsonscan.Object:
			err = d.add(value, under)
		default:
			err = unusable("what it has for a file is %s", kind)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (d *scanBody) sboms(list jsonscan.Value) error {
	if list.Kind() != jsonscan.Array {
		return nil
	}
	d.found = true
	for sbom := range list.Elements() {
		inside, err := fieldsOf(sbom)
		if err != nil {
			return err
		}
		packages, isList := inside.List("packages")
		if !isList {
			return unusable("a list of packages is missing in it")
		}
		if n := len(d.results.Packages) + packages.Len(); n > maxElements {
			return tooLarge("it has more than %d packages", maxElements)
		}
		for element := range packages.Elements() {
			if kind := element.Kind(); kind != jsonscan.Object {
				return unusable("a package in it is %s", kind)
			}
			f, err := d.index(element)
			if err != nil {
				return err
			}
			d.results.Packages = append(d.results.Packages, Package{
				Name: f.Text("name", "package_name"), Version: f.Text("version", "package_version"),
				Ecosystem: cmp.Or(f.Text("ecosystem", "package_manager"), inside.Text("language")),
				License:   f.Text("spdxId", "licenseConcluded", "licenseDeclared", "license"),
				FixedIn:   f.Text("fix_version"),
			})
		}
	}
	return nil
}

// scanState is what a status word of CodeAnt means.
type scanState int

const (
	stateUnknown scanState = iota // waited on, and never taken for success
	statePending
	stateDone
	stateFailed
)

func stateOf(word string) scanState {
	switch strings.ToLower(strings.TrimSpace(word)) {
	case "pending", "processing", "in_progress", "queued", "running":
		return statePending
	case "done", "completed", "success":
		return stateDone
	case "failed", "error":
		return stateFailed
	}
	return stateUnknown
}

func scanFailed(status string) error {
	return &refusal{ErrScanFailed, fmt.Sprintf("the scan ended with status %q", redact.Text(status, maxPrintedValue))}
}
