package codeant

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/codeant-sdk/codeant/internal/redact"
	"github.com/codeant-sdk/codeant/internal/strictjson"
)

// decodeScan reads the body of a scan result, in any of the shapes that are documented or observed.
func decodeScan(a Analysis, body []byte, commit string) (*ScanResults, error) {
	d := scanBody{analysis: a, commits: []string{commit}, results: &ScanResults{Analysis: a, Raw: body}}
	switch kind := strictjson.KindOf(body); {
	case kind == strictjson.Array && (a == SAST || a == SCA):
		d.results.done = true
		return d.results, d.list(body, "")
	case kind != strictjson.Object:
		return nil, unusable("it is %s", kind)
	}
	if other := scalar(body, "commit_id"); other != "" {
		d.commits = append(d.commits, other)
	}
	state, err := d.status(body)
	if err != nil {
		return nil, err
	}
	err = d.object(body)
	switch {
	case state == stateFailed:
		// Whatever stands beside it is not the whole result.
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

// scanBody collects what stands in one answer.
type scanBody struct {
	analysis Analysis
	commits  []string
	results  *ScanResults
	found    bool // a list, even an empty one
}

// status reads the status word. A body without one is finished; an empty or unknown word is waited on.
func (d *scanBody) status(body []byte) (scanState, error) {
	for key, value := range strictjson.Members(body) {
		switch {
		case key != "status" && strings.EqualFold(key, "status"):
			return stateUnknown, unusable("its status stands under %q", key)
		case key == "error" && !isNothing(value):
			return stateUnknown, unusable("it holds an error")
		}
	}
	value, times := strictjson.Get(body, "status")
	switch kind := strictjson.KindOf(value); {
	case times == 0:
		return stateDone, nil
	case times > 1:
		return stateUnknown, unusable(`its field "status" is doubled`)
	case kind == strictjson.Null:
		return stateUnknown, nil
	case kind != strictjson.String:
		return stateUnknown, unusable(`its field "status" is %s`, kind)
	}
	d.results.Status, _ = strictjson.Text(value)
	return stateOf(d.results.Status), nil
}

// object reads the findings of an answer that is an object. Of several places that a list may stand in, the first that
// is not empty counts.
func (d *scanBody) object(body []byte) error {
	for _, key := range []string{"results", "issues", "vulnerabilities"} {
		if _, times := strictjson.Get(body, key); times > 1 {
			return unusable("its field %q is doubled", key)
		}
	}
	results := member(body, "results")
	switch d.analysis {
	case SAST:
		return d.firstOf(member(body, "issues"), results)
	case SCA:
		// A map of files is no shape of this analysis.
		lists := []json.RawMessage{member(body, "vulnerabilities"), member(results, "vulnerabilities"), member(results, "all_vulnerabilities"), results}
		return d.firstOf(slices.DeleteFunc(lists, func(l json.RawMessage) bool { return strictjson.KindOf(l) != strictjson.Array })...)
	case Secrets:
		return d.list(member(results, "secrets"), "")
	case SBOM:
		return d.sboms(member(results, "sboms"))
	}
	if strictjson.KindOf(results) == strictjson.Object {
		return d.byFile(results)
	}
	return nil
}

// firstOf reads lists, or maps of files, until one had findings.
func (d *scanBody) firstOf(candidates ...json.RawMessage) error {
	for _, candidate := range candidates {
		var err error
		switch strictjson.KindOf(candidate) {
		case strictjson.Array:
			err = d.list(candidate, "")
		case strictjson.Object:
			err = d.byFile(candidate)
		}
		if err != nil || len(d.results.Findings) > 0 {
			return err
		}
	}
	return nil
}

func member(object []byte, key string) json.RawMessage {
	value, _ := strictjson.Get(object, key)
	return value
}

// list reads a list of findings; what is no list is left, so that found stays false.
func (d *scanBody) list(list json.RawMessage, under string) error {
	if strictjson.KindOf(list) != strictjson.Array {
		return nil
	}
	d.found = true
	for element := range strictjson.Elements(list) {
		if err := d.finding(element, under); err != nil {
			return err
		}
	}
	return nil
}

func (d *scanBody) finding(element json.RawMessage, under string) error {
	if kind := strictjson.KindOf(element); kind != strictjson.Object {
		return unusable("a finding in it is %s", kind)
	}
	d.results.Findings = append(d.results.Findings, newFinding(d.analysis, element, under, d.commits...))
	return nil
}

// byFile reads a map whose keys are files, and whose values are a finding or a list of them.
func (d *scanBody) byFile(object json.RawMessage) error {
	d.found = true
	for key, value := range strictjson.Members(object) {
		var err error
		switch strictjson.KindOf(value) {
		case strictjson.Array:
			err = d.list(value, pathKey(key))
		case strictjson.Object:
			err = d.finding(value, pathKey(key))
		default:
			err = unusable("what it has for a file is %s", strictjson.KindOf(value))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// pathKey returns the key of a map if it can name a file, rather than a kind of finding such as "issues".
func pathKey(key string) string {
	for _, r := range key {
		if r == '/' || r == '.' {
			return key
		}
	}
	return ""
}

func (d *scanBody) sboms(list json.RawMessage) error {
	if strictjson.KindOf(list) != strictjson.Array {
		return nil
	}
	d.found = true
	for sbom := range strictjson.Elements(list) {
		packages := member(sbom, "packages")
		if strictjson.KindOf(packages) != strictjson.Array {
			return unusable("a list of packages is missing in it")
		}
		for element := range strictjson.Elements(packages) {
			if kind := strictjson.KindOf(element); kind != strictjson.Object {
				return unusable("a package in it is %s", kind)
			}
			f := newFields(element)
			d.results.Packages = append(d.results.Packages, Package{
				Name: f.text("name", "package_name"), Version: f.text("version", "package_version"),
				Ecosystem: cmp.Or(f.text("ecosystem", "package_manager"), scalar(sbom, "language")),
				License:   f.text("spdxId", "licenseConcluded", "licenseDeclared", "license"),
				FixedIn:   f.text("fix_version"),
			})
		}
	}
	return nil
}

// scalar returns a string or number of an object as text.
func scalar(object []byte, key string) string {
	value, _ := strictjson.Get(object, key)
	switch strictjson.KindOf(value) {
	case strictjson.String:
		text, _ := strictjson.Text(value)
		return text
	case strictjson.Number:
		return string(value)
	}
	return ""
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
