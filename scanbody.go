package codeant

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/codeant-sdk/codeant/internal/jsonscan"
	"github.com/codeant-sdk/codeant/internal/redact"
)

// decodeScan decodes a scan result in any of the forms that are documented or were observed.
func decodeScan(a Analysis, doc jsonscan.Document, commit string) (*ScanResults, error) {
	d := scanBody{
		finder:  finder{analysis: a, commits: []string{commit}, members: doc.Fields.Rest()},
		results: &ScanResults{Analysis: a, Findings: []Finding{}, Raw: doc.Raw()},
	}
	if doc.Kind() == jsonscan.Array {
		if err := d.bare(doc.Value); err != nil {
			return nil, err
		}
		d.results.done = true
		return d.results, nil
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
		// Any findings in the answer are partial.
		return d.results, scanFailed(d.results.Status)
	case state != stateDone:
		return d.results, nil // the findings so far; only a finished result must have a known form
	case err != nil:
		return nil, err
	case !d.found:
		return nil, unusable("it has no list of results")
	}
	d.results.done = true
	return d.results, nil
}

// scanBody collects the content of one answer.
type scanBody struct {
	finder
	results *ScanResults
	found   bool // the answer has a list, which may be empty
}

// status returns the state of the scan. A body without a status is finished; an empty or unknown status is pending.
func (d *scanBody) status(f jsonscan.Fields) (scanState, error) {
	value, err := soleStatus(f)
	if err != nil || value == nil {
		return stateDone, err
	}
	d.results.Status, _ = value.Text()
	return stateOf(d.results.Status), nil
}

// object decodes the findings of an answer that is an object. If it has several lists, the first that is not empty is
// used.
func (d *scanBody) object(f jsonscan.Fields) error {
	for _, key := range []string{"results", "result", "issues", "vulnerabilities", "secrets", "dead_code"} {
		if f.Find(key).Times > 1 {
			return unusable("field %q occurs more than once", key)
		}
	}
	results := f.Get("results")
	switch d.analysis {
	case SAST:
		if err := d.firstOf(f.Get("issues"), results); err != nil || d.found {
			return err
		}
		return d.filesBeside(f)
	case SCA:
		return d.vulnerabilities(f, results)
	case Secrets:
		return d.secrets(f, results)
	case SBOM:
		return d.packages(results)
	case IaC:
		if kind := results.Kind(); kind != jsonscan.Array && kind != jsonscan.Object {
			results = f.Get("result")
		}
		return d.checks(results)
	case DeadCode:
		return d.deadCode(f.Get("dead_code"))
	case DuplicateCode:
		return d.duplicates(results)
	}
	switch {
	case d.analysis == AntiPatterns && results.Kind() == jsonscan.Object:
		return d.byFile(results)
	case results.Kind() == jsonscan.Object:
		return d.files(results)
	case results.Kind() == jsonscan.Array:
		return d.elements(results, "")
	}
	return d.filesBeside(f)
}

// vulnerabilities decodes the lists of an SCA result, or a map of files.
func (d *scanBody) vulnerabilities(f jsonscan.Fields, results jsonscan.Value) error {
	inside, err := fieldsOf(results)
	if err != nil {
		return err
	}
	all := inside.Find("all_vulnerabilities")
	places := []jsonscan.Value{f.Get("vulnerabilities"), inside.Get("vulnerabilities"), all.Value, results}
	err = d.firstOf(slices.DeleteFunc(places, func(v jsonscan.Value) bool { return v.Kind() != jsonscan.Array })...)
	switch {
	case err != nil || d.found:
		return err
	case all.Value.Kind() == jsonscan.Null:
		d.found = true
		return nil
	case all.Times > 0:
		return d.files(all.Value)
	case inside.Get("vulnerabilities").Kind() != jsonscan.Invalid || len(inside) == 0:
		return nil
	}
	return d.files(results)
}

// secrets reads the documented place of the secrets, and the one of the scan centre.
func (d *scanBody) secrets(f jsonscan.Fields, results jsonscan.Value) error {
	inside, err := fieldsOf(results)
	if err != nil {
		return err
	}
	for _, place := range []jsonscan.Value{inside.Get("secrets"), f.Get("secrets")} {
		if place.Kind() == jsonscan.Object {
			err = d.files(place)
		} else {
			err = d.list(place, "")
		}
		if err != nil || len(d.results.Findings) > 0 {
			return err
		}
	}
	return nil
}

// firstOf decodes lists or maps of files until one has findings.
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

// fieldsOf returns the members of an object in an answer, or none for any other value.
func fieldsOf(object jsonscan.Value) (jsonscan.Fields, error) {
	if object.Kind() != jsonscan.Object {
		return nil, nil
	}
	fields, err := object.Fields(nil)
	return fields, unusableJSON(err)
}

// list decodes a list of findings. It ignores any other value, and found stays false.
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

// expect makes room for n more findings.
func (d *scanBody) expect(n int) (err error) {
	d.results.Findings, err = roomFor(d.results.Findings, n, "findings")
	return err
}

// roomFor makes room for n more elements, so that a list that grows is not copied, and an answer with too many is refused
// before any memory is taken.
func roomFor[T any](list []T, n int, what string) ([]T, error) {
	if len(list)+n > maxElements {
		return list, tooLarge("it has more than %d %s", maxElements, what)
	}
	return slices.Grow(list, n), nil
}

func (d *scanBody) add(element jsonscan.Value, under string) error {
	if kind := element.Kind(); kind != jsonscan.Object {
		return unusable("a finding is %s", kind)
	}
	finding, err := d.finding(element, under)
	if err != nil {
		return err
	}
	d.results.Findings = append(d.results.Findings, finding)
	return nil
}

// byFile decodes a map whose keys are files, or groups of findings such as "issues", and whose values are a finding or a list
// of findings.
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
			err = d.elements(value, under)
		case jsonscan.Object:
			err = d.add(value, under)
		default:
			err = unusable("the findings of a file are %s", kind)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// scanState is the meaning of a status.
type scanState int

const (
	stateUnknown scanState = iota // treated as pending, never as success
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
	reason := fmt.Sprintf("the scan ended with status %q", redact.Text(status, maxPrintedValue))
	return &refusal{kind: ErrScanFailed, reason: reason, quoted: true}
}
