package codeant

import (
	"slices"
	"strings"
	"unicode"
)

// GatePolicy defines which answers of the quality gates count as passed; see WithGatePolicy. By default, a gate passes if its
// status is PASSED, PASS, SUCCESS, SUCCEEDED or OK, and every gate in the answer must pass.
//
// Use the names of gates in CodeAnt's answers ("secret" for secret_quality_gate) or in its pull request comments: Secrets,
// Duplicate Code, SAST, IaC, SCA, Dependencies. Letter case, spaces, dashes and underscores do not matter.
type GatePolicy struct {
	// PassingStatuses are additional statuses that count as passed, in any letter case, such as "SKIPPED" or "WARNING".
	// FAILED is not allowed.
	PassingStatuses []string
	// RequiredGates are gates that must be in the answer, such as "secret" or "sast". CodeAnt omits a disabled gate, so a
	// gate that is not required passes when it is disabled.
	RequiredGates []string
	// IgnoredGates are gates whose status does not matter.
	IgnoredGates []string
}

// gatePolicy is a validated GatePolicy. Its zero value requires and ignores no gates.
type gatePolicy struct {
	passing  map[string]bool // in upper case
	required []string
	ignored  map[string]bool // by gateName
}

// newGatePolicy validates a policy. CodeAnt does not document the status of a gate that passed. PASSED is inferred from
// FAILED, the only status that its script knows (quality_gates.sh), and from its pull request comments.
func newGatePolicy(p GatePolicy) (gatePolicy, error) {
	checked := gatePolicy{
		passing:  map[string]bool{"PASSED": true, "PASS": true, "SUCCESS": true, "SUCCEEDED": true, "OK": true},
		required: slices.Clone(p.RequiredGates),
		ignored:  map[string]bool{},
	}
	for _, word := range p.PassingStatuses {
		word = strings.ToUpper(strings.TrimSpace(word))
		if word == "" || word == gateFailed {
			const instead = "use another status of a gate, such as SKIPPED"
			return gatePolicy{}, invalid("passing status", word, "cannot count as passed", instead)
		}
		checked.passing[word] = true
	}
	for _, name := range slices.Concat(p.RequiredGates, p.IgnoredGates) {
		if gateName(name) == "" {
			return gatePolicy{}, invalid("gate", name, "is not a name of a gate", "use a name such as secret or sast")
		}
	}
	for _, name := range p.IgnoredGates {
		checked.ignored[gateName(name)] = true
	}
	for _, name := range p.RequiredGates {
		if checked.ignored[gateName(name)] {
			return gatePolicy{}, invalid("gate", name, "is both required and ignored", "remove it from RequiredGates or IgnoredGates")
		}
	}
	return checked, nil
}

// gateName returns the normalized name of a gate, for comparisons.
func gateName(name string) string {
	name = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r == '-' || r == '_' {
			return -1
		}
		return r
	}, strings.ToLower(name))
	switch name {
	case "secrets":
		return "secret"
	case "duplicatecode":
		return "duplicate"
	case "dependencies":
		return "sca"
	}
	return name
}

func (p gatePolicy) verdict(word string) Verdict {
	if strings.ContainsFunc(word, func(r rune) bool { return r > unicode.MaxASCII }) {
		return VerdictUndecided // strings.ToUpper maps ſ to S
	}
	word = strings.ToUpper(word)
	switch {
	case word == gateFailed:
		return VerdictFailed
	case p.passing[word]:
		return VerdictPassed
	}
	return VerdictUndecided
}
