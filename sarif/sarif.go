// Package sarif writes what scans found as SARIF 2.1.0, the way GitHub code scanning wants it.
package sarif

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"

	"github.com/codeant-sdk/codeant"
)

const (
	// MaxResults is how many results GitHub takes for one run (GitHub, "SARIF support for code scanning").
	MaxResults = 25_000

	toolName       = "CodeAnt AI"
	toolURI        = "https://codeant.ai"
	sourceRoot     = "%SRCROOT%"
	ownFingerprint = "codeantFingerprint/v1"
)

// Write writes the findings of a report as one SARIF run. Equal reports give equal bytes.
//
// Critical and high findings are errors, medium and unknown ones warnings, low and info ones notes. False positives and
// dismissed findings stay in, suppressed. A finding without a path stays in, without a location. Of more than MaxResults
// findings the worst are kept, and a notification in the log tells the cut.
//
// Nothing is written if the report is nil or cannot be encoded; errors of w are returned as they are.
func Write(w io.Writer, report *codeant.ScanReport) error {
	if report == nil {
		return errors.New("sarif: there is no report")
	}
	findings := report.Findings()
	run := sarif.NewRunWithInformationURI(toolName, toolURI)
	run.Tool.Driver.SemanticVersion = new(string)
	*run.Tool.Driver.SemanticVersion = codeant.Version
	run.AutomationDetails = sarif.NewRunAutomationDetails()
	run.AutomationDetails.ID = text("codeant/")
	root := sarif.NewArtifactLocation()
	root.Description = sarif.NewTextMessage("The root of the repository.")
	run.OriginalUriBaseIds = map[string]sarif.ArtifactLocation{sourceRoot: *root}
	addRevision(run, report.Revision)
	if len(findings) > MaxResults {
		addCut(run, len(findings))
		findings = findings[:MaxResults]
	}
	rules := newRules(findings)
	run.Tool.Driver.Rules = rules.list
	prints := fingerprints(findings)
	for i, f := range findings {
		run.Results = append(run.Results, newResult(f, rules, prints[i]))
	}

	log := sarif.NewReport()
	log.AddRun(run)
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(log); err != nil {
		return fmt.Errorf("sarif: %w", err)
	}
	_, err := w.Write(out.Bytes())
	return err
}

func text(s string) *string { return &s }

// addRevision says which commit the results are of, where its repository has an address.
func addRevision(run *sarif.Run, rev codeant.Revision) {
	address := repositoryURI(rev)
	if address == "" {
		return
	}
	details := sarif.NewVersionControlDetails()
	details.RepositoryURI = &address
	if rev.Commit != "" {
		details.RevisionID = &rev.Commit
	}
	if rev.Branch != "" {
		details.Branch = &rev.Branch
	}
	details.MappedTo = sarif.NewArtifactLocation()
	details.MappedTo.URIBaseID = text(sourceRoot)
	run.VersionControlProvenance = append(run.VersionControlProvenance, details)
}

func repositoryURI(rev codeant.Revision) string {
	base, repo := rev.BaseURL, escapePath(rev.Repo)
	if base == "" {
		base = map[codeant.Provider]string{
			codeant.GitHub: "https://github.com", codeant.GitLab: "https://gitlab.com",
			codeant.Bitbucket: "https://bitbucket.org", codeant.AzureDevOps: "https://dev.azure.com",
		}[rev.Provider]
	}
	if base == "" || repo == "" {
		return ""
	}
	if rev.Provider == codeant.AzureDevOps {
		dir, name := path.Split(repo)
		repo = dir + "_git/" + name
	}
	return strings.TrimRight(base, "/") + "/" + repo
}

func addCut(run *sarif.Run, found int) {
	notification := sarif.NewNotification()
	notification.Level = sarif.LevelWarning
	notification.Message = sarif.NewTextMessage(fmt.Sprintf("The scan has %d findings; the %d most severe are in this log, because code scanning takes no more.", found, MaxResults))
	invocation := sarif.NewInvocation()
	invocation.ExecutionSuccessful = new(bool)
	*invocation.ExecutionSuccessful = true
	invocation.ToolExecutionNotifications = append(invocation.ToolExecutionNotifications, notification)
	run.Invocations = append(run.Invocations, invocation)
}

func newResult(f codeant.Finding, rules *rules, print string) *sarif.Result {
	r := sarif.NewRuleResult(ruleID(f))
	r.RuleIndex = rules.index[ruleID(f)]
	r.Level = level(f.Severity)
	r.Message = sarif.NewTextMessage(firstText(f.Message, f.Title, ruleID(f)))
	r.PartialFingerprints = map[string]string{"primaryLocationLineHash": print, ownFingerprint: print}
	r.Properties = sarif.NewPropertyBag().Add("analysis", string(f.Analysis)).Add("severity", f.Severity.String())
	addFacts(r.Properties, f)
	if uri := relativeURI(f.Path); uri != "" {
		r.Locations = append(r.Locations, newLocation(uri, f))
	}
	if f.FalsePositive {
		r.Suppressions = append(r.Suppressions, suppression("a false positive"))
	}
	if f.Dismissed {
		r.Suppressions = append(r.Suppressions, suppression("dismissed in CodeAnt"))
	}
	return r
}

func addFacts(bag *sarif.PropertyBag, f codeant.Finding) {
	if len(f.CWE) > 0 {
		bag.Add("cwe", f.CWE)
	}
	if len(f.CVE) > 0 {
		bag.Add("cve", f.CVE)
	}
	if f.Package != nil {
		bag.Add("package", strings.TrimSuffix(printable(f.Package.Name+"@"+f.Package.Version), "@"))
	}
	if f.Package != nil && f.Package.FixedIn != "" {
		bag.Add("fixedIn", printable(f.Package.FixedIn))
	}
}

func newLocation(uri string, f codeant.Finding) *sarif.Location {
	place := sarif.NewPhysicalLocation()
	place.ArtifactLocation = sarif.NewSimpleArtifactLocation(uri)
	place.ArtifactLocation.URIBaseID = text(sourceRoot)
	if f.StartLine >= 1 {
		place.Region = sarif.NewSimpleRegion(f.StartLine, max(f.StartLine, f.EndLine))
		if f.Column >= 1 {
			place.Region.StartColumn = &f.Column
		}
	}
	return sarif.NewLocationWithPhysicalLocation(place)
}

func suppression(why string) *sarif.Suppression {
	s := sarif.NewSuppression()
	s.Kind, s.Status, s.Justification = text("external"), text("accepted"), text(why)
	return s
}

func level(s codeant.Severity) string {
	switch s {
	case codeant.SeverityCritical, codeant.SeverityHigh:
		return sarif.LevelError
	case codeant.SeverityLow, codeant.SeverityInfo:
		return sarif.LevelNote
	}
	return sarif.LevelWarning // also for an unknown severity: a finding must not vanish
}

// fingerprints names each finding for code scanning, in the order of the findings. Twins, which differ in their line
// alone, are counted in line order.
func fingerprints(findings []codeant.Finding) []string {
	order := make([]int, len(findings))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return findings[a].StartLine - findings[b].StartLine })
	prints, seen := make([]string, len(findings)), map[string]int{}
	for _, i := range order {
		print := findings[i].Fingerprint()
		seen[print]++
		prints[i] = print + ":" + strconv.Itoa(seen[print])
	}
	return prints
}

// relativeURI makes a reference of a path below the root of the repository. A path cannot lead out of it.
func relativeURI(name string) string {
	name = strings.TrimPrefix(path.Clean("/"+strings.ReplaceAll(name, `\`, "/")), "/")
	uri := escapePath(name)
	if first, _, _ := strings.Cut(uri, "/"); strings.Contains(first, ":") {
		uri = "./" + uri // else what stands before the colon would be a scheme (RFC 3986, section 4.2)
	}
	return uri
}

func escapePath(name string) string {
	segments := strings.Split(strings.ToValidUTF8(name, "\uFFFD"), "/")
	for i, segment := range segments {
		segments[i] = url.PathEscape(segment)
	}
	return strings.Join(segments, "/")
}

// firstText returns the first text that is not blank, fit for a log.
func firstText(texts ...string) string {
	for _, t := range texts {
		if t = printable(t); t != "" {
			return t
		}
	}
	return "finding"
}

func printable(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD")))
}
