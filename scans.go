package codeant

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/codeant-sdk/codeant/internal/jsonscan"
	"github.com/codeant-sdk/codeant/internal/success"
)

var (
	opScansStart        = operation{name: "scans.start", path: "/api/analysis/start", tokenField: "access_token"}
	opScansSAST         = scanResults("scans.results.sast", "/api/analysis/results")
	opScansSCA          = scanResults("scans.results.sca", "/api/analysis/results/sca")
	opScansSecrets      = scanResults("scans.results.secrets", "/api/analysis/results/secrets")
	opScansSBOM         = scanResults("scans.results.sbom", "/api/analysis/results/sbom")
	opScansSBOMOlder    = scanResults("scans.results.sbom", "/api/analysis/results/sbomb")
	opScansAntiPatterns = scanResults("scans.results.antipatterns", "/api/analysis/results/antipatterns")
)

func scanResults(name, path string) operation {
	return operation{
		name: name, path: path, tokenField: "access_token", idempotent: true, pollable: true, judges: success.Status | success.Errors,
	}
}

// ScansService starts scans of a commit and reads what they found.
type ScansService struct{ client *Client }

// Analysis is one of the analyses of a scan, each of which has its own results.
type Analysis string

// The analyses whose results can be read. Those from IaC on use endpoints that CodeAnt's own command line client uses and no
// page documents. It is not known whether they accept an API token; if not, the error is ErrForbidden or ErrUnsupported.
const (
	SAST             Analysis = "sast"              // security findings in code
	SCA              Analysis = "sca"               // vulnerable dependencies
	Secrets          Analysis = "secrets"           // credentials in code
	SBOM             Analysis = "sbom"              // packages and licenses; has Packages and no Findings
	AntiPatterns     Analysis = "antipatterns"      // code smells
	IaC              Analysis = "iac"               // misconfigured infrastructure
	DeadCode         Analysis = "dead_code"         // code that nothing uses
	DuplicateCode    Analysis = "duplicate_code"    // duplicated code, with a finding for each copy
	Docstrings       Analysis = "docstring"         // missing documentation
	ComplexFunctions Analysis = "complex_functions" // functions that are hard to follow
)

var analysesInOrder = [...]Analysis{SAST, SCA, Secrets, SBOM, AntiPatterns, IaC, DeadCode, DuplicateCode, Docstrings, ComplexFunctions}

func (a Analysis) validate() error {
	if slices.Contains(analysesInOrder[:], a) {
		return nil
	}
	return invalid("analysis", string(a), "is not known", "use sast, sca, secrets, sbom, antipatterns, iac, dead_code, "+
		"duplicate_code, docstring or complex_functions")
}

// operation returns the operation that reads the results of a valid analysis.
func (a Analysis) operation() operation {
	switch a {
	case SAST:
		return opScansSAST
	case SCA:
		return opScansSCA
	case Secrets:
		return opScansSecrets
	case SBOM:
		return opScansSBOM
	case AntiPatterns:
		return opScansAntiPatterns
	case IaC:
		return opScansIaC
	case DeadCode:
		return opScansDeadCode
	case DuplicateCode:
		return opScansDuplicateCode
	case Docstrings:
		return opScansDocstrings
	}
	return opScansComplexFunctions
}

// ScanRequest describes a scan of a commit.
type ScanRequest struct {
	// Revision is the commit to scan. Required.
	Revision Revision
	// Include and Exclude are globs of files, such as "src/**/*.py". A glob must not contain a comma, because CodeAnt uses it
	// to separate globs. Optional.
	Include, Exclude []string
}

// ScanResults holds the results of one analysis of a commit. The JSON form is stable and omits Raw.
type ScanResults struct {
	Analysis Analysis        `json:"analysis"`
	Status   string          `json:"status"`             // the server's status; empty if the answer has none, which means finished
	Findings []Finding       `json:"findings"`           // in the order of the answer
	Packages []Package       `json:"packages,omitempty"` // only for SBOM
	Raw      json.RawMessage `json:"-"`                  // the whole answer, read-only

	done bool // the status, or its absence, means that the analysis is finished
}

// ScanReport holds the results of several analyses of a commit. Results has only the analyses that finished. The JSON form
// is stable.
type ScanReport struct {
	Revision Revision                  `json:"revision"`
	Results  map[Analysis]*ScanResults `json:"results"`
}

// Findings returns the findings of all analyses, sorted by severity, path, line and rule.
func (r *ScanReport) Findings() []Finding {
	if r == nil {
		return nil
	}
	var lists [][]Finding
	for _, a := range analysesInOrder {
		if results := r.Results[a]; results != nil && len(results.Findings) > 0 {
			lists = append(lists, results.Findings)
		}
	}
	if lists == nil {
		return nil
	}
	return sortFindings(lists)
}

// Blocking returns the open findings with severity min or above, in the order of Findings. It includes findings of unknown
// severity, because they may be that severe.
func (r *ScanReport) Blocking(min Severity) []Finding {
	return slices.DeleteFunc(r.Findings(), func(f Finding) bool {
		return !f.Open() || f.Severity < min && f.Severity != SeverityUnknown
	})
}

// Since returns a report with the findings that are not in baseline, and all packages. Findings are compared and counted by
// fingerprint: if baseline has one finding with a fingerprint and r has two, one of the two is new. Dismissed findings and
// false positives are matched first, so that an open finding counts as new rather than one of them. If baseline is nil, all
// findings are new.
func (r *ScanReport) Since(baseline *ScanReport) *ScanReport {
	if r == nil {
		return nil
	}
	known := map[string]int{}
	for _, finding := range baseline.Findings() {
		known[finding.Fingerprint()]++
	}
	since := &ScanReport{Revision: r.Revision, Results: make(map[Analysis]*ScanResults, len(r.Results))}
	for a, results := range r.Results {
		if results == nil {
			continue
		}
		isKnown := make([]bool, len(results.Findings))
		for _, open := range []bool{false, true} {
			for i, finding := range results.Findings {
				if finding.Open() != open {
					continue
				}
				if fingerprint := finding.Fingerprint(); known[fingerprint] > 0 {
					known[fingerprint]--
					isKnown[i] = true
				}
			}
		}
		fresh := *results
		fresh.Findings = []Finding{}
		for i, finding := range results.Findings {
			if !isKnown[i] {
				fresh.Findings = append(fresh.Findings, finding)
			}
		}
		since.Results[a] = &fresh
	}
	return since
}

type scanWire struct {
	Repo    string   `json:"repo"`
	Service Provider `json:"service"`
	Commit  string   `json:"commit_id"`
	baseURLs
}

func newScanWire(rev Revision) (scanWire, error) {
	return scanWire{rev.Repo, rev.Provider, rev.Commit, newBaseURLs(rev.Provider, scanAddress(rev))}, rev.Validate()
}

// globs validates globs and joins them as CodeAnt expects them.
func globs(field string, list []string) (string, error) {
	for _, glob := range list {
		if err := validateText(field, glob); err != nil {
			return "", err
		}
		if strings.TrimSpace(glob) == "" || strings.Contains(glob, ",") {
			return "", invalid(field, glob, "is empty or contains a comma", "use one element for each glob")
		}
	}
	return strings.Join(list, ","), nil
}

// Start starts a scan of a commit. If the answer is lost, it is not retried and the error is ErrUnknownOutcome. After a 504
// the scan may be running: the error is nil and the result is Unconfirmed.
//
// Evidence: documented (docs.codeant.ai, api-reference/analysis/start-analysis). Uncertain: whether a cdt_ token is accepted
// in the body; bitbucket_base_url.
func (s *ScansService) Start(ctx context.Context, req ScanRequest) (*Started, error) {
	wire, err := newScanWire(req.Revision)
	if err != nil {
		return nil, err
	}
	in := struct {
		scanWire
		Include string `json:"include_files"`
		Exclude string `json:"exclude_files"`
		Branch  string `json:"branch"`
	}{scanWire: wire, Branch: req.Revision.Branch}
	if in.Include, err = globs("include glob", req.Include); err != nil {
		return nil, err
	}
	if in.Exclude, err = globs("exclude glob", req.Exclude); err != nil {
		return nil, err
	}
	return clientOf(s).start(ctx, opScansStart, in, newScanStarted)
}

// Results returns the current results of one analysis. The analysis may still be pending: then Status says so, and the
// findings are those found so far. If there is no result yet, the error is ErrNotReady, and after a 404 also ErrNotFound. If
// the analysis failed, it is ErrScanFailed. If the answer has an unknown form, it is ErrBadResponse, never an empty list of
// findings. For SBOM, an older path is tried if the newer one answers 404.
//
// Evidence: documented (docs.codeant.ai, api-reference/analysis/get-…-results, for SAST, Secrets, SBOM and AntiPatterns),
// observed (CodeAnt-AI/codeant-scripts start_scan.sh, for SCA and the bodies of SAST; CodeAnt-AI/codeant-cli, for the analyses
// from IaC on). Uncertain: the fields of a finding; from IaC on also whether a cdt_ token is accepted.
func (s *ScansService) Results(ctx context.Context, rev Revision, a Analysis) (*ScanResults, error) {
	if err := a.validate(); err != nil {
		return nil, err
	}
	op := a.operation()
	wire, err := newScanWire(rev)
	if err != nil {
		return nil, err
	}
	if kind := a.centreName(); kind != "" {
		return s.results(ctx, op, newCentreWire(rev, kind), a, rev.Commit)
	}
	results, err := s.results(ctx, op, wire, a, rev.Commit)
	if a == SBOM && errors.Is(err, ErrNotFound) {
		// An error of the older path only means that the server does not have it: return that of the newer one.
		if older, olderErr := s.results(ctx, opScansSBOMOlder, wire, a, rev.Commit); olderErr == nil || errors.Is(olderErr, ErrScanFailed) {
			return older, olderErr
		}
	}
	return results, err
}

func (s *ScansService) results(ctx context.Context, op operation, in any, a Analysis, commit string) (*ScanResults, error) {
	var results *ScanResults
	err := clientOf(s).send(ctx, op, in, func(doc jsonscan.Document) (err error) {
		if doc.Kind() == jsonscan.Invalid {
			return noResultYet()
		}
		results, err = decodeScan(a, doc, commit)
		return err
	})
	// A failed analysis returns its partial findings with the error.
	if err != nil && !errors.Is(err, ErrScanFailed) {
		return nil, err
	}
	return results, err
}

// Wait polls Results of all given analyses concurrently until they are finished. Default: SAST and SCA. It returns both a
// report with the analyses that finished and an error that wraps those of the others: ErrScanFailed, ErrWaitTimeout,
// ErrNotFound or the error of the last poll.
//
// Results belong to a commit, not to a start: right after a second Start for the same commit, Wait may return the results of
// the first.
func (s *ScansService) Wait(ctx context.Context, rev Revision, opts WaitOptions, as ...Analysis) (*ScanReport, error) {
	if err := cmp.Or(clientOf(s).ready(ctx), rev.Validate()); err != nil {
		return nil, err
	}
	if len(as) == 0 {
		as = []Analysis{SAST, SCA}
	}
	wanted := slices.Compact(slices.Sorted(slices.Values(as)))
	for _, a := range wanted {
		if err := a.validate(); err != nil {
			return nil, err
		}
	}
	var (
		report = &ScanReport{Revision: rev, Results: map[Analysis]*ScanResults{}}
		errs   = make([]error, len(wanted))
		mu     sync.Mutex // guards report and the calls of OnPoll
		all    sync.WaitGroup
	)
	if onPoll := opts.OnPoll; onPoll != nil {
		opts.OnPoll = func(p Poll) {
			mu.Lock()
			defer mu.Unlock()
			onPoll(p)
		}
	}
	for i, a := range wanted {
		all.Go(func() {
			results, err := s.wait(ctx, rev, opts, a)
			mu.Lock()
			defer mu.Unlock()
			errs[i] = err
			if err == nil {
				report.Results[a] = results
			}
		})
	}
	all.Wait()
	return report, join(errs...)
}

func (s *ScansService) wait(ctx context.Context, rev Revision, opts WaitOptions, a Analysis) (*ScanResults, error) {
	op := a.operation()
	var results *ScanResults
	err := poll(ctx, op, opts, func(ctx context.Context) pollState {
		seen, err := s.Results(ctx, rev, a)
		switch {
		case errors.Is(err, ErrScanFailed):
			return pollState{done: true, err: err}
		case err != nil:
			return pollState{err: err}
		case seen.done:
			results = seen
			return pollState{status: seen.Status, done: true}
		}
		return pollState{status: seen.shownStatus()}
	})
	return results, err
}

// Run starts a scan and waits for its results, as Wait does. If the commit was scanned before, Run may return the earlier
// results.
func (s *ScansService) Run(ctx context.Context, req ScanRequest, opts WaitOptions, as ...Analysis) (*ScanReport, error) {
	for _, a := range as {
		if err := a.validate(); err != nil {
			return nil, err
		}
	}
	if _, err := s.Start(ctx, req); err != nil {
		return nil, err
	}
	return s.Wait(ctx, req.Revision, opts, as...)
}

// shownStatus returns the status, or a text for an empty one.
func (r *ScanResults) shownStatus() string {
	if r.Status == "" {
		return "(empty)"
	}
	return r.Status
}
