// Package sarif writes what CodeAnt found as SARIF 2.1.0, the format that GitHub code scanning and other viewers of
// findings read.
//
// A rule is an analysis and the rule's name in it, such as "sast/python.sqli". Its security-severity, which GitHub shows
// as critical, high, medium or low, is that of the worst of its results; a rule of an analysis that is not about
// security has none, because GitHub would take its results for security alerts. Dismissed findings and false positives
// are in the document as suppressed results.
//
// Paths are percent-encoded and relative to the root of the repository. A finding without a path, or with one that
// leaves the repository, has no location. Other viewers show it; GitHub refuses a whole document that has one.
package sarif

import (
	"bytes"
	"fmt"
	"io"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"

	"github.com/codeant-sdk/codeant"
)

const (
	schema         = "https://json.schemastore.org/sarif-2.1.0.json"
	toolName       = "CodeAnt"
	informationURI = "https://docs.codeant.ai"

	// sourceRoot is the name that viewers know for the root of the repository.
	sourceRoot = "%SRCROOT%"
)

// Write writes the findings of the report to w as one SARIF document. Equal reports give equal bytes. Nothing is written
// before the whole document is encoded, and nothing at all for a nil report, which is codeant.ErrInvalidRequest.
//
// GitHub refuses a document of more than 25,000 results. Of a report with more the most severe are written, and a
// notification in the document tells how many are not. GitHub's other limit, 10 MB after compression, is the caller's
// to watch.
func Write(w io.Writer, report *codeant.ScanReport) error {
	if report == nil {
		return fmt.Errorf("sarif: the report is nil: %w", codeant.ErrInvalidRequest)
	}
	var document bytes.Buffer
	if err := newDocument(report).Write(&document); err != nil {
		return fmt.Errorf("sarif: the report cannot be encoded: %w", err)
	}
	document.WriteByte('\n')
	if _, err := document.WriteTo(w); err != nil {
		return fmt.Errorf("sarif: the document cannot be written: %w", err)
	}
	return nil
}

func newDocument(report *codeant.ScanReport) *sarif.Report {
	findings := report.Findings()
	// Twins are numbered before the cut, so that it changes the identity of none.
	identities := newIdentities(findings)
	kept := findings[:min(len(findings), maxResults)]
	rules := newRules(kept)

	run := sarif.NewRunWithInformationURI(toolName, informationURI)
	run.Tool.Driver.WithSemanticVersion(codeant.Version).WithRules(rules.descriptors())
	run.OriginalUriBaseIds = map[string]sarif.ArtifactLocation{
		sourceRoot: *sarif.NewArtifactLocation().WithDescription(sarif.NewTextMessage("The root of the repository.")),
	}
	for i, f := range kept {
		run.AddResult(newResult(f, identities[i], rules))
	}
	if len(kept) < len(findings) {
		run.AddInvocation(cutNotice(len(findings)))
	}
	if details := newProvenance(report.Revision); details != nil {
		run.AddVersionControlProvenance(details)
	}

	document := sarif.NewReport().AddRun(run)
	// The library's own address follows a branch, and with it the bytes would follow the library's version.
	document.Schema = schema
	return document
}
