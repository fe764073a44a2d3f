package codeant

import (
	"slices"
	"strings"
	"unicode"
)

// GatePolicy says which answers of the quality gates count as passed; see WithGatePolicy. The zero value is the default: a
// gate passes with one of the words PASSED, PASS, SUCCESS, SUCCEEDED and OK, and every gate of the answer must pass.
//
// Gates go by the names in CodeAnt's answers ("secret" for secret_quality_gate) or by those in its pull request comments:
// Secrets, Duplicate Code, SAST, IaC, SCA, Dependencies. Letter case, spaces, dashes and underscores do not matter.
type GatePolicy struct {
	// PassingStatuses are further words that count as passed, in any letter case, such as "SKIPPED" or "WARNING". FAILED
	// cannot be one of them.
	PassingStatuses []string
	// RequiredGates are gates that must be in the answer, such as "secret" or "sast". CodeAnt leaves a disabled gate out,
	// so without RequiredGates disabling a gate makes it pass.
	RequiredGates []string
	// IgnoredGates are gates that do not count, whatever they say.
	IgnoredGates []string
}

// gatePolicy is a GatePolicy that was checked. Its zero value judges what was decoded by the default policy.
type gatePolicy struct {
	passing  map[string]bool // in upper case
	required []string
	ignored  map[string]bool // by gateName
}

// newGatePolicy checks a policy. CodeAnt does not document which word it answers for a gate that passed; PASSED is
// inferred from FAILED, the only word that its script knows (quality_gates.sh), and from its pull request comments.
func newGatePolicy(p GatePolicy) (gatePolicy, error) {
	checked := gatePolicy{
		passing:  map[string]bool{"PASSED": true, "PASS": true, "SUCCESS": true, "SUCCEEDED": true, "OK": true},
		required: slices.Clone(p.RequiredGates),
		ignored:  map[string]bool{},
	}
	for _, word := range p.PassingStatuses {
		word = strings.ToUpper(strings.TrimSpace(word))
		if word == "" || word == gateFailed {
			const instead = "use a word that CodeAnt answers for a gate, such as SKIPPED"
			return gatePolicy{}, invalid("passing status", word, "cannot count as passed", instead)
		}
		checked.passing[word] = true
	}
	for _, name := range slices.Concat(p.RequiredGates, p.IgnoredGates) {
		if gateName(name) == "" {
			return gatePolicy{}, invalid("gate", name, "is not a name", "use the name of a gate, such as secret or sast")
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

// gateName returns the form in which names of gates are compared.
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
		return VerdictUndecided // upper case has letters like ſ become S
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
