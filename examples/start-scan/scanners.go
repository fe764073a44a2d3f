package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/examples/internal/pipeline"
)

// scanners are the analyses that -scanners selects.
type scanners struct {
	available []codeant.Analysis
	missing   []string // known by name alone: no endpoint is known for their results
}

// parseScanners takes the names of CodeAnt's action, which passes -scanners on every run.
func parseScanners(list string) (scanners, error) {
	known := []codeant.Analysis{codeant.SAST, codeant.SCA, codeant.Secrets, codeant.SBOM, codeant.AntiPatterns}
	byNameAlone := []string{"iac"}
	var wanted scanners
	for name := range strings.SplitSeq(list, ",") {
		name = strings.ToLower(strings.TrimSpace(name))
		switch {
		case name == "all":
			return scanners{known, byNameAlone}, nil
		case slices.Contains(known, codeant.Analysis(name)):
			wanted.available = append(wanted.available, codeant.Analysis(name))
		case slices.Contains(byNameAlone, name):
			wanted.missing = append(wanted.missing, name)
		default:
			return wanted, pipeline.UsageError(fmt.Sprintf("-scanners %q has a name other than sast, sca, secrets, sbom, antipatterns, iac or all; see -h", list))
		}
	}
	slices.Sort(wanted.available)
	wanted.available = slices.Compact(wanted.available)
	return wanted, nil
}
