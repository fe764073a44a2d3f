package codeant

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/codeant-sdk/codeant/internal/jsonscan"
	"github.com/codeant-sdk/codeant/internal/redact"
	"github.com/codeant-sdk/codeant/internal/success"
)

var (
	opGatesStart   = operation{name: "gates.start", path: "/analysis/ci/quality-gates/scan/start"}
	opGatesResults = operation{name: "gates.results", path: "/analysis/ci/quality-gates/scan/results", idempotent: true, pollable: true, judges: success.All}
)

const (
	gateSuffix    = "_quality_gate"
	gateCompleted = "COMPLETED"
	gateFailed    = "FAILED"
)

// GatesService starts quality gates and tells their verdict. Verdicts fail closed: only an answer that says of every gate
// that it passed has passed.
type GatesService struct{ client *Client }

// Verdict is what an answer says about passing. Its zero value is undecided.
type Verdict int

// The verdicts.
const (
	VerdictUndecided Verdict = iota
	VerdictPassed
	VerdictFailed
)

func (v Verdict) String() string {
	switch v {
	case VerdictPassed:
		return "passed"
	case VerdictFailed:
		return "failed"
	}
	return "undecided"
}

// Gate is one quality gate of an answer.
type Gate struct {
	Name    string // "secret" for the field secret_quality_gate
	Status  string // the server's word; empty where there is none
	Verdict Verdict
	Raw     json.RawMessage // shares the memory of the whole answer: clone it to keep it alone
}

// GateResult is the state of the quality gates of a commit.
type GateResult struct {
	Status string // the server's word for the whole: COMPLETED, PENDING, ERROR
	Gates  []Gate // in the order of the answer
	Raw    json.RawMessage

	scanID  string
	refused string // why the answer says that it failed, besides its status
}

// Verdict is VerdictPassed only if the status is COMPLETED and there is at least one gate and every one passed. It is
// VerdictFailed if the status is COMPLETED and any gate failed, and else undecided.
func (r *GateResult) Verdict() Verdict {
	if r == nil || !strings.EqualFold(r.Status, gateCompleted) || r.refused != "" || len(r.Gates) == 0 {
		return VerdictUndecided
	}
	verdict := VerdictPassed
	for _, gate := range r.Gates {
		switch gate.Verdict {
		case VerdictFailed:
			return VerdictFailed
		case VerdictPassed:
		default:
			verdict = VerdictUndecided
		}
	}
	return verdict
}

// Err is nil if and only if the verdict is passed. It is ErrGateFailed or ErrGateUndecided, and names the gates and
// their words.
func (r *GateResult) Err() error {
	switch r.Verdict() {
	case VerdictPassed:
		return nil
	case VerdictFailed:
		return fmt.Errorf("%w: %s", ErrGateFailed, r.summary(VerdictFailed))
	}
	return fmt.Errorf("%w: %s", ErrGateUndecided, r.undecided())
}

func (r *GateResult) undecided() string {
	switch {
	case r == nil:
		return "there is no answer"
	case r.Status == "":
		return "the answer has no status"
	case !strings.EqualFold(r.Status, gateCompleted):
		text := "the status is " + printedWord(r.Status)
		if len(r.Gates) > 0 {
			text += " (" + r.summary(VerdictUndecided, VerdictPassed, VerdictFailed) + ")"
		}
		return text
	case r.refused != "":
		return "the status is COMPLETED, but the answer says that it failed (" + r.refused + ")"
	case len(r.Gates) == 0:
		return "the status is COMPLETED, but the answer has no quality gate"
	}
	return r.summary(VerdictUndecided) + "; if such an answer counts as passed for you, allow its word with WithGatePolicy"
}

// summary lists the gates of the given verdicts.
func (r *GateResult) summary(verdicts ...Verdict) string {
	var texts []string
	for _, gate := range r.Gates {
		for _, verdict := range verdicts {
			if gate.Verdict != verdict {
				continue
			}
			word := "answered " + printedWord(gate.Status)
			if gate.Status == "" {
				word = "answered no status"
			}
			texts = append(texts, "gate "+printedWord(gate.Name)+" "+word)
		}
	}
	return strings.Join(texts, ", ")
}

func printedWord(word string) string { return fmt.Sprintf("%q", redact.Text(word, maxPrintedValue)) }

// GatePolicy says which answers of the quality gates count as passed.
type GatePolicy struct {
	// PassingStatuses are further words that count as passed, in any letter case, such as "SKIPPED" or "WARNING".
	PassingStatuses []string
	// RequiredGates are gates that must be in the answer and have passed, such as "secret" or "sast".
	RequiredGates []string
	// IgnoredGates are gates that do not count, whatever they say.
	IgnoredGates []string
}

// gatePolicy is a GatePolicy that was checked.
type gatePolicy struct{ passing map[string]bool }

// newGatePolicy checks a policy. CodeAnt does not document which word it answers for a gate that passed; PASSED is
// inferred from FAILED, the only word that its script knows (quality_gates.sh).
func newGatePolicy(p GatePolicy) (gatePolicy, error) {
	checked := gatePolicy{map[string]bool{"PASSED": true, "PASS": true, "SUCCESS": true, "SUCCEEDED": true, "OK": true}}
	for _, word := range p.PassingStatuses {
		word = strings.ToUpper(strings.TrimSpace(word))
		if word == "" || word == gateFailed {
			return gatePolicy{}, invalid("passing status", word, "cannot count as passed", "use a word that CodeAnt answers for a gate, such as SKIPPED")
		}
		checked.passing[word] = true
	}
	return checked, nil
}

type gateWire struct {
	Repo        string   `json:"repo"`
	Service     Provider `json:"service"`
	Commit      string   `json:"commit_id"`
	ProviderURL string   `json:"base_url,omitempty"`
}

func newGateWire(rev Revision) (gateWire, error) {
	return gateWire{Repo: rev.Repo, Service: rev.Provider, Commit: rev.Commit, ProviderURL: rev.ProviderURL}, rev.Validate()
}

// Start asks for the quality gates of a commit to be checked. It is not repeated when the answer is lost: that is
// ErrUnknownOutcome.
//
// Observed (CodeAnt-AI/codeant-scripts, quality_gates.sh).
func (s *GatesService) Start(ctx context.Context, rev Revision) (*Started, error) {
	in, err := newGateWire(rev)
	if err != nil {
		return nil, err
	}
	return clientOf(s).start(ctx, opGatesStart, in, newScanStarted)
}

// Results looks at the gates of a commit once. A nil error says only that there is an answer: ask its Verdict or Err.
// No result yet is ErrNotReady.
//
// Observed (CodeAnt-AI/codeant-scripts, quality_gates.sh); which gates and words there are is not known.
func (s *GatesService) Results(ctx context.Context, rev Revision) (*GateResult, error) {
	in, err := newGateWire(rev)
	if err != nil {
		return nil, err
	}
	return fetch(ctx, clientOf(s), opGatesResults, in, func(doc jsonscan.Document) (*GateResult, error) {
		if doc.Kind() == jsonscan.Invalid {
			return nil, noResultYet()
		}
		return decodeGates(doc, s.client.gatePolicy)
	})
}

// Wait polls until the gates are decided. The error is nil only if every gate passed; otherwise it is ErrGateFailed,
// ErrGateUndecided, ErrWaitTimeout, ErrNotFound or what else kept the answer away. The last result comes with it, if
// there was one.
//
// Results belong to a commit and not to a start: right after a second Start, the verdict of the first may still be
// there. Run knows the difference where the answer tells it.
func (s *GatesService) Wait(ctx context.Context, rev Revision, opts WaitOptions) (*GateResult, error) {
	return s.wait(ctx, rev, opts, "")
}

// Run starts the gates of a commit and waits for their verdict, as Wait does. An answer that names another scan than
// the one that was started is waited out.
func (s *GatesService) Run(ctx context.Context, rev Revision, opts WaitOptions) (*GateResult, error) {
	started, err := s.Start(ctx, rev)
	if err != nil {
		return nil, err
	}
	return s.wait(ctx, rev, opts, started.ID)
}

func (s *GatesService) wait(ctx context.Context, rev Revision, opts WaitOptions, scanID string) (*GateResult, error) {
	if err := rev.Validate(); err != nil {
		return nil, err
	}
	var result *GateResult
	err := poll(ctx, opGatesResults.name, opts, func(ctx context.Context) pollState {
		seen, err := s.Results(ctx, rev)
		if err != nil {
			return pollState{err: err}
		}
		if scanID != "" && seen.scanID != "" && seen.scanID != scanID {
			return pollState{status: seen.Status + " of another scan"}
		}
		result = seen
		if !strings.EqualFold(seen.Status, gateCompleted) && stateOf(seen.Status) != stateFailed {
			return pollState{status: seen.Status}
		}
		return pollState{status: seen.Status, done: true, err: seen.Err()}
	})
	if errors.Is(err, ErrWaitTimeout) {
		return result, &alsoError{err, ErrGateUndecided}
	}
	return result, err
}

// maxGates is how many gates of an answer are read. CodeAnt has about ten.
const maxGates = 1000

// decodeGates reads an answer of gates.results. Only a body that is not an object is refused: whatever is strange inside
// makes a gate, or the whole, undecided.
func decodeGates(doc jsonscan.Document, policy gatePolicy) (*GateResult, error) {
	if err := wantObject(doc); err != nil {
		return nil, err
	}
	result := &GateResult{Status: soleWord(doc.Fields, "status"), Raw: doc.Raw(), scanID: doc.Text("scan_id")}
	result.refused, _ = success.Refused(doc, success.Status)
	var members jsonscan.Fields
	for _, field := range doc.Fields {
		name, found := strings.CutSuffix(strings.ToLower(strings.ToUpper(string(field.Key))), gateSuffix)
		if !found {
			continue
		}
		if at := slices.IndexFunc(result.Gates, func(g Gate) bool { return g.Name == name }); at >= 0 {
			result.Gates[at].Status, result.Gates[at].Verdict = "a doubled key", VerdictUndecided
			continue
		}
		if len(result.Gates) == maxGates {
			return nil, tooLarge("it has more than %d gates", maxGates)
		}
		members = members[:0]
		if field.Value.Kind() == jsonscan.Object {
			var err error
			if members, err = field.Value.Fields(members); err != nil {
				return nil, unusableJSON(err)
			}
		}
		gate := Gate{Name: name, Raw: json.RawMessage(field.Value), Status: soleWord(members, "status")}
		if string(field.Key) == name+gateSuffix {
			gate.Verdict = policy.verdict(gate.Status)
		}
		result.Gates = append(result.Gates, gate)
	}
	return result, nil
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

// soleWord returns the string under key if the object has it once and in no other letter case, or else a text that no
// verdict knows.
func soleWord(f jsonscan.Fields, key string) string {
	found := f.Find(key)
	text, isText := found.Value.Text()
	switch {
	case found.Times+len(found.Variants) > 1:
		return "a doubled key"
	case len(found.Variants) > 0:
		return "a key in another letter case"
	case found.Times == 1 && !isText:
		return redact.Text(string(found.Value), maxPrintedValue) + " (no word)"
	}
	return text
}
