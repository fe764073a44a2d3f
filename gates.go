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

// GatesService starts quality gates and reads their verdict. Verdicts fail closed: the verdict is VerdictPassed only if the
// answer says that every gate passed. GatePolicy can change that.
type GatesService struct{ client *Client }

// Verdict is the outcome of quality gates. The zero value is VerdictUndecided.
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

// MarshalText returns the text of String.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText parses the text of String. Any other text is ErrInvalidRequest.
func (v *Verdict) UnmarshalText(text []byte) error {
	for _, known := range []Verdict{VerdictUndecided, VerdictPassed, VerdictFailed} {
		if string(text) == known.String() {
			*v = known
			return nil
		}
	}
	return invalid("verdict", string(text), "is not known", "use passed, failed or undecided")
}

// Gate is the state of one quality gate.
type Gate struct {
	Name    string // "secret" for the field secret_quality_gate
	Status  string // the server's status; empty if there is none
	Verdict Verdict
	Raw     json.RawMessage // shares memory with the whole answer and is read-only
}

// GateResult is the state of the quality gates of a commit.
type GateResult struct {
	Status  string // the overall status, such as COMPLETED, PENDING or ERROR
	Message string // the server's message, if any
	Gates   []Gate // in the order of the answer, including ignored ones
	Raw     json.RawMessage

	scanID  string
	refused string // a failure that the answer reports outside of its status
	policy  gatePolicy
}

// Verdict returns VerdictPassed only if the status is COMPLETED, the answer reports no failure elsewhere, there is at least
// one gate, every gate passed, and no gate that the client's GatePolicy requires is missing. It returns VerdictFailed if the
// status is COMPLETED and a gate failed, and otherwise VerdictUndecided. Gates that the policy ignores do not count. A
// GateResult that did not come from a client has the default policy.
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

// Err returns nil if and only if the verdict is VerdictPassed. Otherwise it returns ErrGateFailed or ErrGateUndecided, with
// the gates, their statuses and the server's message.
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
		reasons = append(reasons, unclear+"; if such a status should count as passed, allow it with WithGatePolicy")
	}
	switch {
	case len(reasons) > 0:
		return strings.Join(reasons, "; ")
	case len(r.Gates) > 0:
		return "the status is COMPLETED, but WithGatePolicy ignores every quality gate of the answer"
	}
	return "the status is COMPLETED, but the answer has no quality gate"
}

// summary lists the gates with one of the given verdicts.
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

// Start starts the quality gates of a commit. If the answer is lost, it is not retried and the error is ErrUnknownOutcome.
// After a 504 the gates may be running: the error is nil and the result is Unconfirmed.
//
// Evidence: observed (CodeAnt-AI/codeant-scripts, quality_gates.sh). Uncertain: whether the answer has a scan_id.
func (s *GatesService) Start(ctx context.Context, rev Revision) (*Started, error) {
	in, err := newGateWire(rev)
	if err != nil {
		return nil, err
	}
	return clientOf(s).start(ctx, opGatesStart, in, newScanStarted)
}

// Results returns the current state of the gates of a commit. A nil error does not mean that the gates passed: use Verdict or
// Err of the result. If there is no result yet, the error is ErrNotReady, and after a 404 also ErrNotFound.
//
// Evidence: observed (CodeAnt-AI/codeant-scripts, quality_gates.sh). Uncertain: which gates there are, and the
// status of one that passed.
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
// ErrGateFailed, ErrGateUndecided, ErrNotFound or the error of the last poll; if the time runs out, it is both ErrWaitTimeout
// and ErrGateUndecided. The last result, if any, is returned with the error.
//
// Results belong to a commit, not to a start: right after a second Start for the same commit, Wait may return the verdict of
// the first. Run detects that if the answers name their scan.
func (s *GatesService) Wait(ctx context.Context, rev Revision, opts WaitOptions) (*GateResult, error) {
	return s.wait(ctx, rev, opts, "")
}

// Run starts the gates of a commit and waits for their verdict, as Wait does. It ignores answers that name a scan other than
// the one it started. If the answers name no scan and the commit was checked before, Run may return the earlier verdict.
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
	maxGates        = 1000 // in an answer; CodeAnt has about ten
	maxGatesPrinted = 10   // in an error
)

// decodeGates decodes an answer of gates.results. Only a body that is not an object is an error; anything unexpected inside
// makes a gate or the whole result undecided.
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

// serverWords returns the message of an answer, safe to print.
func serverWords(doc jsonscan.Document) string {
	inside, _ := fieldsOf(doc.Get("error"))
	words := cmp.Or(inside.Text("message", "detail"), doc.Text("message", "error", "detail", "errorMessage", "reason"))
	if words == "" {
		return ""
	}
	return redact.Text(words, maxPrintedMessage)
}

// soleWord returns the string under key if the key occurs exactly once and in no other letter case. Otherwise it returns a
// text that makes the verdict undecided.
func soleWord(f jsonscan.Fields, key string) string {
	found := f.Find(key)
	text, isText := found.Value.Text()
	switch {
	case found.Times+len(found.Variants) > 1:
		return "a doubled key"
	case len(found.Variants) > 0:
		return "a key in another letter case"
	case found.Times == 1 && !isText:
		return redact.Text(string(found.Value), maxPrintedValue) + " (not a string)"
	}
	return text
}
