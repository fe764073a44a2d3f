package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/examples/internal/pipeline"
)

var (
	documented = []codeant.Analysis{codeant.SAST, codeant.SCA, codeant.Secrets, codeant.SBOM, codeant.AntiPatterns}
	// observed are the analyses of endpoints that only CodeAnt's command line client uses and that may refuse a token.
	observed = []codeant.Analysis{codeant.IaC, codeant.DeadCode, codeant.DuplicateCode, codeant.Docstrings, codeant.ComplexFunctions}
)

// scanners are the analyses that -scanners selects.
type scanners struct {
	wanted []codeant.Analysis
	// optional are those of "all" that an installation may lack; that is not a failure.
	optional []codeant.Analysis
}

// parseScanners takes the names of CodeAnt's action, which passes -scanners on every run.
func parseScanners(list string) (scanners, error) {
	var s scanners
	for name := range strings.SplitSeq(list, ",") {
		name = strings.ToLower(strings.TrimSpace(name))
		a := codeant.Analysis(name)
		switch {
		case name == "all":
			s.wanted, s.optional = append(s.wanted, documented...), observed
		case slices.Contains(documented, a), slices.Contains(observed, a):
			s.wanted = append(s.wanted, a)
		default:
			known := words(slices.Concat(documented, observed))
			return s, pipeline.UsageError(fmt.Sprintf("-scanners %q has a name other than %s, all; see -h", list, known))
		}
	}
	slices.Sort(s.wanted)
	s.wanted = slices.Compact(s.wanted)
	s.optional = slices.DeleteFunc(slices.Clone(s.optional), func(a codeant.Analysis) bool { return slices.Contains(s.wanted, a) })
	return s, nil
}

func words(as []codeant.Analysis) string {
	texts := make([]string, len(as))
	for i, a := range as {
		texts[i] = string(a)
	}
	return strings.Join(texts, ", ")
}

// wait waits for the wanted analyses, then for the optional ones, after one call for each to see whether it is
// available.
func (s scanners) wait(ctx context.Context, client *codeant.Client, rev codeant.Revision, opts codeant.WaitOptions) (
	report *codeant.ScanReport, missing []codeant.Analysis, err error,
) {
	report, err = client.Scans.Wait(ctx, rev, opts, s.wanted...)
	if err != nil {
		return report, nil, err
	}
	var there []codeant.Analysis
	for _, a := range s.optional {
		if _, err := client.Scans.Results(ctx, rev, a); refused(err) {
			missing = append(missing, a)
		} else {
			there = append(there, a)
		}
	}
	if len(there) == 0 { // Wait without analyses would wait for sast and sca
		return report, missing, nil
	}
	more, err := client.Scans.Wait(ctx, rev, opts, there...)
	if more != nil {
		for a, results := range more.Results {
			report.Results[a] = results
		}
	}
	return report, missing, err
}

// refused reports whether CodeAnt answered that the token may not read an analysis, or that it does not exist.
func refused(err error) bool {
	var answer *codeant.APIError
	if !errors.As(err, &answer) || errors.Is(err, codeant.ErrBadResponse) {
		return false
	}
	return answer.StatusCode == http.StatusForbidden || answer.StatusCode == http.StatusNotFound
}
