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

// Analysis is a kind of scan result.
type Analysis string

// The analyses whose results can be read. From IaC on they are read from endpoints that CodeAnt's own command line client uses
// and no page documents: whether a token may use them is not known, and ErrForbidden or ErrUnsupported says that it may not.
const (
	SAST             Analysis = "sast"              // security findings in code
	SCA              Analysis = "sca"               // vulnerable dependencies
	Secrets          Analysis = "secrets"           // credentials in code
	SBOM             Analysis = "sbom"              // packages and licences; has Packages and no Findings
	AntiPatterns     Analysis = "antipatterns"      // code smells
	IaC              Analysis = "iac"               // misconfigured infrastructure
	DeadCode         Analysis = "dead_code"         // code that nothing uses
	DuplicateCode    Analysis = "duplicate_code"    // a finding for each copy
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

// ScanRequest names the commit to scan.
type ScanRequest struct {
	// Revision is the commit to scan. Required.
	Revision Revision
	// Include and Exclude are globs of files, such as "src/**/*.py". A glob cannot have a comma in it, which separates
	// globs on the wire. Optional.
	Include, Exclude []string
}

// ScanResults is what one analysis of a commit found. Its JSON form is stable and lacks Raw.
type ScanResults struct {
	Analysis Analysis        `json:"analysis"`
	Status   string          `json:"status"`             // the server's word; empty if the answer has none, which means finished
	Findings []Finding       `json:"findings"`           // in the order of the answer
	Packages []Package       `json:"packages,omitempty"` // of SBOM alone
	Raw      json.RawMessage `json:"-"`                  // the whole answer, to be read only

	done bool // whether the status, or its absence, says that the analysis is finished
}

// ScanReport is what the analyses of a commit found. An analysis that did not finish is not in Results. Its JSON form is
// stable.
type ScanReport struct {
	Revision Revision                  `json:"revision"`
	Results  map[Analysis]*ScanResults `json:"results"`
}

// Findings returns the findings of all analyses, by severity, path, line and rule: a stable order.
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

// Blocking returns the open findings whose severity is min or above, in the order of Findings. A finding of unknown
// severity is among them, because it may be worse than min.
func (r *ScanReport) Blocking(min Severity) []Finding {
	return slices.DeleteFunc(r.Findings(), func(f Finding) bool {
		return !f.Open() || f.Severity < min && f.Severity != SeverityUnknown
	})
}

// Since returns a report of the findings that the baseline lacks, and of all packages. Findings are compared by their
// fingerprints and counted: if the baseline has one with some fingerprint and r has two, one of them is new. Findings that are
// dismissed or false positives are matched first, so that one that is open is not taken for one of them. If baseline is nil,
// every finding is new.
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

// globs joins globs as the wire has them.
func globs(field string, list []string) (string, error) {
	for _, glob := range list {
		if err := validateText(field, glob); err != nil {
			return "", err
		}
		if strings.TrimSpace(glob) == "" || strings.Contains(glob, ",") {
			return "", invalid(field, glob, "cannot be sent", "give one glob for each element, without a comma in it")
		}
	}
	return strings.Join(list, ","), nil
}

// Start asks for a commit to be scanned. It is not repeated when the answer is lost: that is ErrUnknownOutcome. After a
// 504 the scan may run all the same: that is Unconfirmed.
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

// Results looks at the result of one analysis once. While it is pending, the status says so and the findings are those
// so far. If there is no result yet, the error is ErrNotReady, and after a 404 also ErrNotFound; an analysis that failed is
// ErrScanFailed; a body that has none of the known shapes is ErrBadResponse and never "no findings". For SBOM an older path is
// tried when the newer one answers 404.
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
		// A server without the older path says so in some way or other; what counts then is what the newer one said.
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
	// Findings of an analysis that failed are partial; they come with the error.
	if err != nil && !errors.Is(err, ErrScanFailed) {
		return nil, err
	}
	return results, err
}

// Wait polls Results until each of the analyses is finished; none given means SAST and SCA. They are polled side by side.
// Report and error come together: the report has every analysis that finished, and the error names what happened to each of
// the others: ErrScanFailed, ErrWaitTimeout, ErrNotFound or what else kept the answer away.
//
// Results belong to a commit and not to a start: right after a second Start on one commit, Wait may read the results of the
// first.
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
		mu     sync.Mutex // guards report, and keeps OnPoll to one call at a time
		all    sync.WaitGroup
	)
	if told := opts.OnPoll; told != nil {
		opts.OnPoll = func(p Poll) {
			mu.Lock()
			defer mu.Unlock()
			told(p)
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

// Run starts a scan and waits for its results, as Wait does. If this commit was scanned before, Run may read the results of the
// earlier scan.
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

// shownStatus returns a word also for an empty status.
func (r *ScanResults) shownStatus() string {
	if r.Status == "" {
		return "(empty)"
	}
	return r.Status
}
