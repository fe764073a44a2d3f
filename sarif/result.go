package sarif

import (
	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/internal/finding"
)

func newResult(f *codeant.Finding, identity string, rule *rule) result {
	_, located := finding.File(*f)
	r := result{
		RuleID:       rule.id,
		RuleIndex:    rule.index,
		Level:        level(f.Severity),
		Message:      text{literal.Replace(finding.Message(*f))},
		Locations:    [1]location{newLocation(f, located)},
		Fingerprints: fingerprints{LineHash: identity, CodeAnt: identity},
		Suppressions: newSuppressions(f),
		Properties: resultProperties{
			Severity: f.Severity.String(), CWE: finding.OneLines(f.CWE), CVE: finding.OneLines(f.CVE), Package: newPackage(f.Package),
		},
	}
	if !located {
		r.Properties.Path = finding.Clean(f.Path)
	}
	return r
}

// newLocation returns the location of a finding. Without a file it names the dependency or the analysis, and is not
// relative to the source root, because that is not the name of a file.
func newLocation(f *codeant.Finding, located bool) location {
	place := physicalLocation{Artifact: artifactLocation{URI: escapePath(finding.Place(*f))}}
	if located {
		place.Artifact.URIBaseID = sourceRoot
		if f.StartLine >= 1 {
			// The end column is not known; without one the region ends with the line.
			place.Region = &region{StartLine: f.StartLine, StartColumn: max(f.Column, 1), EndLine: max(f.EndLine, f.StartLine)}
		}
	}
	return location{place}
}

func newSuppressions(f *codeant.Finding) []suppression {
	var suppressions []suppression
	for _, reason := range finding.Closed(*f) {
		suppressions = append(suppressions, suppression{Kind: "external", Status: "accepted", Justification: reason})
	}
	return suppressions
}

func newPackage(p *codeant.Package) *packageInfo {
	if p == nil {
		return nil
	}
	info := packageInfo{
		Name: finding.OneLine(p.Name), Version: finding.OneLine(p.Version), Ecosystem: finding.OneLine(p.Ecosystem),
		License: finding.OneLine(p.License), FixedIn: finding.OneLine(p.FixedIn),
	}
	if info == (packageInfo{}) {
		return nil
	}
	return &info
}
