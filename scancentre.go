package codeant

import (
	"cmp"
	"strings"

	"github.com/codeant-sdk/codeant/internal/jsonscan"
	"github.com/codeant-sdk/codeant/internal/success"
)

var (
	opScansIaC              = centreResults("iac", "/extension/scans2/fetch-advanced-results")
	opScansDeadCode         = centreResults("dead_code", "/extension/scans2/fetch-advanced-results")
	opScansDuplicateCode    = centreResults("duplicate_code", "/extension/scans2/fetch-advanced-results")
	opScansDocstrings       = centreResults("docstring", "/extension/scans2/fetch-results")
	opScansComplexFunctions = centreResults("complex_functions", "/extension/scans2/fetch-results")
)

// centreResults returns an operation of the scan centre. There, a 404 means that the endpoint or the repository does not
// exist, not that the result is not ready.
func centreResults(name, path string) operation {
	op := centreOperation("scans.results."+name, path)
	op.judges = success.Status | success.Errors
	return op
}

// centreOperation returns an operation that CodeAnt's own command line client uses and no page documents.
func centreOperation(name, path string) operation {
	return operation{
		name: name, path: path, idempotent: true, observed: true,
		unsupported: "this token may not use this endpoint: it belongs to CodeAnt's command line client, " +
			"which is not documented to accept API tokens",
	}
}

// centreName is the name of an analysis in requests to the scan centre, or "" for one that has an endpoint of its own.
func (a Analysis) centreName() string {
	switch a {
	case IaC, DeadCode, DuplicateCode, Docstrings, ComplexFunctions:
		return string(a)
	}
	return ""
}

// centreWire also requests dismissed findings and false positives, which the answer marks.
type centreWire struct {
	Repo                  string `json:"repo"`
	Commit                string `json:"commit_id"`
	ResultType            string `json:"result_type"`
	FilterDismissed       bool   `json:"filter_dismissed"`
	IncludeFalsePositives bool   `json:"include_false_positives"`
}

func newCentreWire(rev Revision, resultType string) centreWire {
	return centreWire{Repo: rev.Repo, Commit: rev.Commit, ResultType: resultType, IncludeFalsePositives: true}
}

// bare decodes an answer that is a list.
func (d *scanBody) bare(list jsonscan.Value) error {
	switch d.analysis {
	case SBOM:
		return d.packages(list)
	case IaC:
		return d.checks(list)
	case DuplicateCode:
		return d.duplicates(list)
	}
	return d.list(list, "")
}

// elements decodes a list of findings with a path, if any. It skips null.
func (d *scanBody) elements(list jsonscan.Value, under string) error {
	d.found = true
	if err := d.expect(list.Len()); err != nil {
		return err
	}
	for element := range list.Elements() {
		if element.Kind() == jsonscan.Null {
			continue
		}
		if err := d.add(element, under); err != nil {
			return err
		}
	}
	return nil
}

// files decodes a map whose keys are paths and whose values are a finding or a list of findings. The key replaces the path in
// the finding. Other values, such as a count, are skipped; if the map has nothing else, found stays false.
func (d *scanBody) files(object jsonscan.Value) error {
	empty := true
	for key, value := range object.Members() {
		empty = false
		first := len(d.results.Findings)
		var err error
		switch value.Kind() {
		case jsonscan.Array:
			err = d.elements(value, string(key))
		case jsonscan.Object:
			d.found = true
			if err = d.expect(1); err == nil {
				err = d.add(value, string(key))
			}
		}
		if err != nil {
			return err
		}
		for i := first; len(key) > 0 && i < len(d.results.Findings); i++ {
			d.results.Findings[i].Path = repositoryPath(string(key), d.commits...)
		}
	}
	d.found = d.found || empty && object.Kind() == jsonscan.Object
	return nil
}

// filesBeside decodes an answer that is itself a map of files: besides a status and a message, it has lists under keys that
// look like paths.
func (d *scanBody) filesBeside(f jsonscan.Fields) error {
	for _, field := range f {
		if field.Value.Kind() != jsonscan.Array || !strings.ContainsAny(string(field.Key), "/.") {
			continue
		}
		if err := d.elements(field.Value, string(field.Key)); err != nil {
			return err
		}
	}
	return nil
}

// checks decodes the failed checks of infrastructure: one Checkov report or a list of them, a list of findings or a map of
// files.
func (d *scanBody) checks(value jsonscan.Value) error {
	switch value.Kind() {
	case jsonscan.Object:
		failed, isReport, err := failedChecks(value)
		switch {
		case err != nil || isReport && failed == nil:
			return err
		case isReport:
			return d.elements(failed, "")
		}
		return d.files(value)
	case jsonscan.Array:
		d.found = true
		for element := range value.Elements() {
			failed, isReport, err := failedChecks(element)
			switch {
			case err != nil || element.Kind() == jsonscan.Null:
			case isReport:
				err = d.elements(failed, "")
			default:
				if err = d.expect(1); err == nil {
					err = d.add(element, "")
				}
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// failedChecks returns the list of failed checks of a report, if it has one, and whether an object is a report.
func failedChecks(object jsonscan.Value) (failed jsonscan.Value, isReport bool, err error) {
	f, err := fieldsOf(object)
	if err != nil {
		return nil, false, err
	}
	inside := f
	if f.Get("results").Kind() == jsonscan.Object {
		isReport = true
		if inside, err = fieldsOf(f.Get("results")); err != nil {
			return nil, false, err
		}
	}
	found := inside.Find("failed_checks")
	switch found.Value.Kind() {
	case jsonscan.Array, jsonscan.Null:
		return found.Value, true, nil
	case jsonscan.Invalid:
		return nil, isReport, nil
	}
	return nil, true, unusable("%v", wrongField("failed_checks", found.Value))
}

// packages decodes an SBOM: the documented form with a list for each language, a list of packages or a map of files.
func (d *scanBody) packages(value jsonscan.Value) error {
	if value.Kind() == jsonscan.Array {
		return d.components(value, "")
	}
	f, err := fieldsOf(value)
	if err != nil {
		return err
	}
	if f.Get("sboms").Kind() == jsonscan.Invalid {
		for _, field := range f {
			switch field.Value.Kind() {
			case jsonscan.Array:
				err = d.components(field.Value, "")
			case jsonscan.Object:
				err = d.component(field.Value, "")
			}
			if err != nil {
				return err
			}
		}
		return nil
	}
	sboms, isList := f.List("sboms")
	if !isList {
		return nil
	}
	d.found = true
	for sbom := range sboms.Elements() {
		inside, err := fieldsOf(sbom)
		if err != nil {
			return err
		}
		packages, isList := inside.List("packages")
		if !isList {
			return unusable("an SBOM has no list of packages")
		}
		if err := d.components(packages, inside.Text("language")); err != nil {
			return err
		}
	}
	return nil
}

func (d *scanBody) components(list jsonscan.Value, language string) error {
	d.found = true
	var err error
	if d.results.Packages, err = roomFor(d.results.Packages, list.Len(), "packages"); err != nil {
		return err
	}
	for element := range list.Elements() {
		if err := d.component(element, language); err != nil {
			return err
		}
	}
	return nil
}

func (d *scanBody) component(element jsonscan.Value, language string) error {
	if kind := element.Kind(); kind != jsonscan.Object {
		return unusable("a package is %s", kind)
	}
	if len(d.results.Packages) == maxElements {
		return tooLarge("it has more than %d packages", maxElements)
	}
	f, err := d.index(element)
	if err != nil {
		return err
	}
	d.found = true
	d.results.Packages = append(d.results.Packages, Package{
		Name: f.Text("name", "package_name"), Version: f.Text("version", "package_version"),
		Ecosystem: cmp.Or(f.Text("ecosystem", "package_manager"), language),
		License:   f.Text("spdxId", "licenseConcluded", "licenseDeclared", "license"),
		FixedIn:   f.Text("fix_version"),
	})
	return nil
}
