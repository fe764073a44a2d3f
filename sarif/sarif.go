// Package sarif writes what CodeAnt found as SARIF 2.1.0, the format that GitHub code scanning and other viewers of
// findings read.
//
// The ID of a rule is the analysis and its name of the rule, such as "sast/python.sqli". Its security-severity, which GitHub
// shows as critical, high, medium or low, is that of its most severe result. A rule of an analysis that is not about
// security has none, because GitHub would show its results as security alerts. Dismissed findings and false positives
// are in the document as suppressed results.
//
// Paths are percent-encoded and relative to the root of the repository. GitHub refuses a whole document if one of its
// results has no location. So if a finding has no path, or one outside the repository, its location names the
// dependency or else the analysis, and its text says that it has no place in the repository.
//
// The findings of a secrets scan are themselves secret: the document has their type, rule, path and line, but never
// their message.
package sarif

import (
	"bytes"
	"encoding/json"
	"io"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/internal/finding"
)

const (
	schema         = "https://json.schemastore.org/sarif-2.1.0.json"
	toolName       = "CodeAnt"
	informationURI = "https://docs.codeant.ai"

	usualResult = 800 // bytes

	// sourceRoot is the name that viewers use for the root of the repository.
	sourceRoot = "%SRCROOT%"
)

// Summary says how much of a report is in a document.
type Summary struct {
	Findings int // in the report
	Results  int // in the document
}

// LeftOut returns the number of findings that are not in the document. They are not more severe than those that are.
func (s Summary) LeftOut() int { return s.Findings - s.Results }

// Write writes the findings of the report to w as one SARIF document. Equal reports give equal bytes. Nothing is
// written before the whole document is encoded. A nil report is an error that matches codeant.ErrInvalidRequest.
//
// GitHub refuses documents with more than 25,000 results, or with more than 10 MB after compression. If a report is
// larger, Write writes the most severe findings, and a notification in the document says how many are left out.
// [WriteSummary] returns that number.
func Write(w io.Writer, report *codeant.ScanReport) error {
	_, err := WriteSummary(w, report)
	return err
}

// WriteSummary is like [Write], and also returns how much of the report is in the document.
func WriteSummary(w io.Writer, report *codeant.ScanReport) (Summary, error) {
	var summary Summary
	err := finding.Export(w, "sarif", report, func(document *bytes.Buffer) (err error) {
		summary, err = encode(document, report, limits{maxResults, maxCompressed})
		return err
	})
	if err != nil {
		return Summary{}, err
	}
	return summary, nil
}

// encode returns a document that is within the limits.
func encode(document *bytes.Buffer, report *codeant.ScanReport, limits limits) (Summary, error) {
	findings := report.Findings()
	kept := min(len(findings), limits.results)
	// Equal findings are numbered before the cut, so that it changes no fingerprint.
	identities := finding.Identities(findings, kept)
	for {
		document.Reset()
		ends, err := encodeRun(document, report.Revision, findings, identities, kept)
		if err != nil {
			return Summary{}, err
		}
		fitting, err := limits.fitting(document.Bytes(), ends)
		if err != nil || fitting == kept {
			return Summary{Findings: len(findings), Results: kept}, err
		}
		// The rules before the results change too, so everything is encoded again.
		kept = fitting
	}
}

// encodeRun appends a document with the first findings and returns the offset at which each result ends. It encodes the
// results one by one, because there may be many.
func encodeRun(document *bytes.Buffer, rev codeant.Revision, findings []codeant.Finding, identities []string, kept int) ([]int, error) {
	encoder := json.NewEncoder(document)
	rules := newRules(findings[:kept])
	head := struct {
		Tool        tool              `json:"tool"`
		BaseIDs     map[string]baseID `json:"originalUriBaseIds"`
		Invocations []invocation      `json:"invocations,omitempty"`
		Provenance  []provenance      `json:"versionControlProvenance,omitempty"`
	}{
		Tool:        tool{driver{Name: toolName, InformationURI: informationURI, SemanticVersion: codeant.Version, Rules: rules.descriptors()}},
		BaseIDs:     map[string]baseID{sourceRoot: {text{"The root of the repository."}}},
		Invocations: cutNotice(kept, len(findings)),
		Provenance:  newProvenance(rev),
	}
	document.Grow(kept * usualResult)
	document.WriteString(`{"$schema":"` + schema + `","version":"2.1.0","runs":[`)
	if err := encoder.Encode(head); err != nil {
		return nil, err
	}
	document.Truncate(document.Len() - len("}\n")) // the results follow as another member
	document.WriteString(`,"results":[`)
	ends := make([]int, kept)
	var result result // one for all of them, because the encoder keeps it on the heap
	for i := range kept {
		if i > 0 {
			document.WriteByte(',')
		}
		result = newResult(&findings[i], identities[i], rules.of[i])
		if err := encoder.Encode(&result); err != nil {
			return nil, err
		}
		document.Truncate(document.Len() - len("\n"))
		ends[i] = document.Len()
	}
	document.WriteString("]}]}\n")
	return ends, nil
}
