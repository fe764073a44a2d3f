package sarif

import (
	"cmp"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"

	"github.com/codeant-sdk/codeant"
)

func newResult(f codeant.Finding, identity string, rules *rules) *sarif.Result {
	id := ruleID(f)
	r := sarif.NewRuleResult(id).
		WithRuleIndex(rules.index[id]).
		WithLevel(level(f.Severity)).
		WithMessage(sarif.NewTextMessage(cmp.Or(clean(f.Message), clean(f.Title), id))).
		WithPartialFingerprints(map[string]string{
			// GitHub looks at this key alone. Its name says what CodeQL puts there: a hash of the line.
			"primaryLocationLineHash": identity,
			"codeantFingerprint/v1":   identity,
		}).
		WithSuppressions(newSuppressions(f))
	uri, ok := relativeURI(f.Path)
	if ok {
		r.AddLocation(newLocation(f, uri))
	}
	return r.WithProperties(newProperties(f, ok))
}

func newLocation(f codeant.Finding, uri string) *sarif.Location {
	place := sarif.NewPhysicalLocation().WithArtifactLocation(sarif.NewSimpleArtifactLocation(uri).WithURIBaseID(sourceRoot))
	if f.StartLine >= 1 {
		// An end column is not known, and without one the region ends with the line.
		place.WithRegion(sarif.NewSimpleRegion(f.StartLine, max(f.EndLine, f.StartLine)).WithStartColumn(max(f.Column, 1)))
	}
	// The library writes -1 for no id, which is out of the range that GitHub allows.
	return sarif.NewLocationWithPhysicalLocation(place).WithID(1)
}

func newSuppressions(f codeant.Finding) []*sarif.Suppression {
	var suppressions []*sarif.Suppression
	add := func(justification string) {
		suppressions = append(suppressions,
			sarif.NewSuppression().WithKind("external").WithStatus("accepted").WithJustification(justification))
	}
	if f.Dismissed {
		add("Dismissed in CodeAnt.")
	}
	if f.FalsePositive {
		add("A false positive, as CodeAnt has it.")
	}
	return suppressions
}

// newProperties has what SARIF has no place for. The path is there only where no location tells it.
func newProperties(f codeant.Finding, located bool) *sarif.PropertyBag {
	properties := sarif.NewPropertyBag()
	properties.Add("severity", f.Severity.String())
	if path := clean(f.Path); path != "" && !located {
		properties.Add("path", path)
	}
	if cwe := cleanAll(f.CWE); cwe != nil {
		properties.Add("cwe", cwe)
	}
	if cve := cleanAll(f.CVE); cve != nil {
		properties.Add("cve", cve)
	}
	if dependency := newPackage(f.Package); len(dependency) > 0 {
		properties.Add("package", dependency)
	}
	return properties
}

func newPackage(p *codeant.Package) map[string]string {
	if p == nil {
		return nil
	}
	members := map[string]string{}
	for name, value := range map[string]string{
		"name": p.Name, "version": p.Version, "ecosystem": p.Ecosystem, "license": p.License, "fixedIn": p.FixedIn,
	} {
		if value = oneLine(value); value != "" {
			members[name] = value
		}
	}
	return members
}
