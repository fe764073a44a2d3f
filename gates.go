package codeant

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/codeant-sdk/codeant/internal/jsonscan"
	"github.com/codeant-sdk/codeant/internal/redact"
	"github.com/codeant-sdk/codeant/internal/success"
)

var (
	opGatesStart   = operation{name: "gates.start", path: "/analysis/ci/quality-gates/scan/start"}
	opGatesResults = operation{
		name: "gates.results", path: "/analysis/ci/quality-gates/scan/results", idempotent: true, pollable: true, judges: success.All,
	}
)

const (
	gateSuffix    = "_quality_gate"
	gateCompleted = "COMPLETED"
	gateFailed    = "FAILED"
)

// GatesService starts quality gates and reads their verdict. Verdicts fail closed: only an answer that says of every gate
// that it passed has passed. See GatePolicy for what can be changed about that.
type GatesService struct{ client *Client }

// Verdict is what an answer says about passing. Its zero value is undecided.
type Verdict int

// The verdicts.
const (
	VerdictUndecided Verdict = iota
	VerdictPassed
	VerdictFailed
)

// String returns "passed", "failed" or "undecided".
func (v Verdict) String() string {
	switch v {
	case VerdictPassed:
		return "passed"
	case VerdictFailed:
		return "failed"
	}
	return "undecided"
}

// MarshalText returns the word of String.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText reads the words that String returns. Any other word is ErrInvalidRequest.
func (v *Verdict) UnmarshalText(text []byte) error {
	for _, known := range []Verdict{VerdictUndecided, VerdictPassed, VerdictFailed} {
		if string(text) == known.String() {
			*v = known
			return nil
		}
	}
	return invalid("verdict", string(text), "is not known", "use passed, failed or undecided")
}

// Gate is one quality gate of an answer.
type Gate struct {
	Name    string // "secret" for the field secret_quality_gate
	Status  string // the server's word; empty where there is none
	Verdict Verdict
	Raw     json.RawMessage // shares the memory of the whole answer and is read-only: clone it to keep it alone
}

// GateResult is the state of the quality gates of a commit.
type GateResult struct {
	Status  string // the server's word for the whole: COMPLETED, PENDING, ERROR
	Message string // the server's own words, if the answer holds any
	Gates   []Gate // in the order of the answer, ignored ones included
	Raw     json.RawMessage

	scanID  string
	refused string // why the answer says that it failed, besides its status
	policy  gatePolicy
}

// Verdict returns VerdictPassed only if the status is COMPLETED, the answer does not say elsewhere that it failed, there is
// at least one gate, every gate passed, and every gate that the client's GatePolicy requires is among them. It returns
// VerdictFailed if the status is COMPLETED and a gate failed, and otherwise VerdictUndecided. Gates that the policy ignores
// do not count. A GateResult that was not made by a client is judged by the default policy.
func (r *GateResult) Verdict() Verdict {
	if r == nil || !strings.EqualFold(r.Status, gateCompleted) || r.refused != "" {
		return VerdictUndecided
	}
	gates := r.counted()
	verdict := VerdictPassed
	if len(gates) == 0 || len(r.missing()) > 0 {
		verdict = VerdictUndecided
	}
	for _, gate := range gates {
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

// counted returns the gates that the policy does not ignore.
func (r *GateResult) counted() []Gate {
	if len(r.policy.ignored) == 0 {
		return r.Gates
	}
	return slices.DeleteFunc(slices.Clone(r.Gates), func(g Gate) bool { return r.policy.ignored[gateName(g.Name)] })
}

// missing returns the names of the required gates that are not in the answer, as the policy spells them.
func (r *GateResult) missing() []string {
	return slices.DeleteFunc(slices.Clone(r.policy.required), func(name string) bool {
		return slices.ContainsFunc(r.Gates, func(g Gate) bool { return gateName(g.Name) == gateName(name) })
	})
}

// Err returns nil if and only if the verdict is VerdictPassed. Otherwise the error is ErrGateFailed or ErrGateUndecided and
// names the gates, their words and the server's message.
func (r *GateResult) Err() error {
	kind, text := ErrGateUndecided, ""
	switch r.Verdict() {
	case VerdictPassed:
		return nil
	case VerdictFailed:
		kind, text = ErrGateFailed, r.summary(VerdictFailed)
	default:
		text = r.undecided()
	}
	if r != nil && r.Message != "" {
		text += fmt.Sprintf("; the server says %q", redact.Text(r.Message, maxPrintedMessage))
	}
	return fmt.Errorf("%w: %s", kind, text)
}

func (r *GateResult) undecided() string {
	switch {
	case r == nil:
		return "there is no answer"
	case r.Status == "":
		return "the answer has no status"
	case !strings.EqualFold(r.Status, gateCompleted):
		text := "the status is " + printedWord(r.Status)
		if len(r.counted()) > 0 {
			text += " (" + r.summary(VerdictUndecided, VerdictPassed, VerdictFailed) + ")"
		}
		return text
	case r.refused != "":
		return "the status is COMPLETED, but the answer says that it failed (" + r.refused + ")"
	}
	var reasons []string
	if names := r.missing(); len(names) > 0 {
		for i := range names {
			names[i] = printedWord(names[i])
		}
		reasons = append(reasons, "the answer lacks gates that WithGatePolicy requires: "+strings.Join(names, ", "))
	}
	if unclear := r.summary(VerdictUndecided); unclear != "" {
		reasons = append(reasons, unclear+"; if such an answer counts as passed for you, allow its word with WithGatePolicy")
	}
	switch {
	case len(reasons) > 0:
		return strings.Join(reasons, "; ")
	case len(r.Gates) > 0:
		return "the status is COMPLETED, but WithGatePolicy ignores every quality gate of the answer"
	}
	return "the status is COMPLETED, but the answer has no quality gate"
}

// summary lists the gates of the given verdicts.
func (r *GateResult) summary(verdicts ...Verdict) string {
	var texts []string
	for _, gate := range r.counted() {
		if !slices.Contains(verdicts, gate.Verdict) {
			continue
		}
		if len(texts) == maxGatesPrinted {
			texts = append(texts, "and more")
			break
		}
		word := "answered " + printedWord(gate.Status)
		if gate.Status == "" {
			word = "answered no status"
		}
		texts = append(texts, "gate "+printedWord(gate.Name)+" "+word)
	}
	return strings.Join(texts, ", ")
}

func printedWord(word string) string { return fmt.Sprintf("%q", redact.Text(word, maxPrintedValue)) }

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
// ErrUnknownOutcome. After a 504 the check may run all the same: that is Unconfirmed.
//
// Evidence: observed (CodeAnt-AI/codeant-scripts, quality_gates.sh). Uncertain: whether the answer has a scan_id.
func (s *GatesService) Start(ctx context.Context, rev Revision) (*Started, error) {
	in, err := newGateWire(rev)
	if err != nil {
		return nil, err
	}
	return clientOf(s).start(ctx, opGatesStart, in, newScanStarted)
}

// Results looks at the gates of a commit once. A nil error says only that there is an answer: use its Verdict or Err. If
// there is no result yet, the error is ErrNotReady, and after a 404 also ErrNotFound.
//
// Evidence: observed (CodeAnt-AI/codeant-scripts, quality_gates.sh). Uncertain: which gates there are, and the word for one
// that passed.
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

// Wait polls Results until the gates are decided. The error is nil only if the verdict is VerdictPassed. Otherwise it is
// ErrGateFailed, ErrGateUndecided, ErrNotFound or what else kept the answer away; if the time runs out it is both
// ErrWaitTimeout and ErrGateUndecided. The last result comes with the error, if there was one.
//
// Results belong to a commit and not to a start: right after a second Start on one commit, Wait may read the verdict of the
// first. Run notices that if the answers name their scan.
func (s *GatesService) Wait(ctx context.Context, rev Revision, opts WaitOptions) (*GateResult, error) {
	return s.wait(ctx, rev, opts, "")
}

// Run starts the gates of a commit and waits for their verdict, as Wait does. An answer that names another scan than the
// one that was started is not taken for the verdict. If the answers name no scan, and this commit was checked before, Run
// may read the verdict of the earlier check.
func (s *GatesService) Run(ctx context.Context, rev Revision, opts WaitOptions) (*GateResult, error) {
	started, err := s.Start(ctx, rev)
	if err != nil {
		return nil, err
	}
	return s.wait(ctx, rev, opts, started.ID)
}

func (s *GatesService) wait(ctx context.Context, rev Revision, opts WaitOptions, scanID string) (*GateResult, error) {
	if err := cmp.Or(clientOf(s).ready(ctx), rev.Validate()); err != nil {
		return nil, err
	}
	var result *GateResult
	err := poll(ctx, opGatesResults, opts, func(ctx context.Context) pollState {
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
	var late *waitError
	if errors.Is(err, ErrWaitTimeout) && errors.As(err, &late) {
		late.kinds = append(late.kinds, ErrGateUndecided)
	}
	return result, err
}

const (
	maxGates        = 1000 // of an answer that is read; CodeAnt has about ten
	maxGatesPrinted = 10   // in an error
)

// decodeGates reads an answer of gates.results. Only a body that is not an object is refused: whatever is strange inside
// makes a gate, or the whole, undecided.
func decodeGates(doc jsonscan.Document, policy gatePolicy) (*GateResult, error) {
	if err := wantObject(doc); err != nil {
		return nil, err
	}
	result := &GateResult{
		Status: soleWord(doc.Fields, "status"), Message: serverWords(doc), Raw: doc.Raw(),
		scanID: doc.Text("scan_id"), policy: policy,
	}
	result.refused, _ = success.Refused(doc, success.Status)
	members := doc.Fields.Rest()
	for i, field := range doc.Fields {
		name, found := strings.CutSuffix(jsonscan.Fold(field.Key), gateSuffix)
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
		if string(field.Key) == name+gateSuffix { // a key in another letter case stays undecided
			gate.Verdict = policy.verdict(gate.Status)
		}
		if result.Gates == nil {
			result.Gates = make([]Gate, 0, min(len(doc.Fields)-i, maxGates))
		}
		result.Gates = append(result.Gates, gate)
	}
	return result, nil
}

// serverWords returns what an answer says to a reader, fit to be printed.
func serverWords(doc jsonscan.Document) string {
	inside, _ := fieldsOf(doc.Get("error"))
	words := cmp.Or(inside.Text("message", "detail"), doc.Text("message", "error", "detail", "errorMessage", "reason"))
	if words == "" {
		return ""
	}
	return redact.Text(words, maxPrintedMessage)
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
