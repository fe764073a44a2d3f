package codeant

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/codeant-sdk/codeant/internal/jsonscan"
)

var opScansDismissals = centreOperation("scans.dismissals", "/extension/scans2/dismiss-alerts/get")

// Dismissal is a finding that was dismissed.
type Dismissal struct {
	Path      string // in the repository; empty if Key has none
	RuleID    string // the rule, or the type of a secret
	StartLine int    // 0 if Key has none
	Reason    string
	Comment   string
	Key       string // identifies the finding; its form depends on the analysis
	Raw       json.RawMessage
}

// Dismissals returns the dismissed findings of an analysis in a repository, in the server's order. For SBOM, which has no
// findings, the error is ErrInvalidRequest. Results also returns dismissed findings and marks them as such.
//
// Evidence: observed (CodeAnt-AI/codeant-cli). Uncertain: whether a cdt_ token is accepted; if not, the error is ErrForbidden,
// ErrUnauthorized or ErrUnsupported.
func (s *ScansService) Dismissals(ctx context.Context, repo string, a Analysis) ([]Dismissal, error) {
	if err := validateRepo(repo); err != nil {
		return nil, err
	}
	if err := a.validate(); err != nil {
		return nil, err
	}
	in := struct {
		Repo     string `json:"repo"`
		Analysis string `json:"analysis_type"`
	}{repo, string(a)}
	switch a {
	case SBOM:
		return nil, invalid("analysis", string(a), "has no findings to dismiss", "use another analysis")
	case SAST:
		in.Analysis = "security"
	}
	return fetch(ctx, clientOf(s), opScansDismissals, in, decodeDismissals)
}

func decodeDismissals(doc jsonscan.Document) ([]Dismissal, error) {
	if err := wantObject(doc); err != nil {
		return nil, err
	}
	data := doc.Get("data")
	if kind := data.Kind(); kind != jsonscan.Object && (kind != jsonscan.Null || doc.Find("data").Times == 0) {
		return nil, unusable("%v", wrongField("data", data))
	}
	dismissals := []Dismissal{}
	for key, value := range data.Members() {
		if len(dismissals) == maxElements {
			return nil, tooLarge("it has more than %d dismissals", maxElements)
		}
		f, err := fieldsOf(value)
		if err != nil {
			return nil, err
		}
		d := newDismissal(string(key))
		d.Reason, d.Comment, d.Raw = f.Text("reason_for_dismiss"), f.Text("comment_for_dismiss"), json.RawMessage(value)
		dismissals = append(dismissals, d)
	}
	return dismissals, nil
}

// newDismissal splits a key into a path, a line or a piece of code, and a rule. The code may contain the separator.
func newDismissal(key string) Dismissal {
	const separator = "||::||"
	d := Dismissal{Key: key}
	path, rest, found := strings.Cut(key, separator)
	if !found {
		return d // a dependency, or the number of a group of duplicates
	}
	d.Path = repositoryPath(path)
	middle := rest
	if at := strings.LastIndex(rest, separator); at >= 0 {
		middle, d.RuleID = rest[:at], rest[at+len(separator):]
	}
	if line, err := strconv.Atoi(strings.TrimSpace(middle)); err == nil && line > 0 {
		d.StartLine = line
	}
	return d
}
