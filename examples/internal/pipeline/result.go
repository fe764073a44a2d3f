package pipeline

import (
	"encoding/json"
	"io"
)

// Result is the object of -json. Its fields are stable; new ones may be added.
type Result struct {
	Program  string `json:"program"`
	Version  string `json:"version"`
	Repo     string `json:"repo"`
	Commit   string `json:"commit"`
	Branch   string `json:"branch"`
	Status   string `json:"status"` // success, unconfirmed, skipped, failed, undecided, timeout, unavailable, unauthorized, usage
	ExitCode int    `json:"exit_code"`
	Error    string `json:"error"`
	Message  string `json:"message,omitempty"` // the server's words

	Reports  []Report   `json:"reports,omitempty"`
	Gates    []Gate     `json:"gates,omitempty"`
	Analyses []Analysis `json:"analyses,omitempty"`
	Findings *Findings  `json:"findings,omitempty"`
}

// Report is one coverage report.
type Report struct {
	Path   string `json:"path"`
	Format string `json:"format"`
	Bytes  int64  `json:"bytes"` // as sent; of a Go cover profile, that of the Cobertura report
	Module string `json:"module"`
	Status string `json:"status"`
	Error  string `json:"error"`
}

// Gate is one quality gate.
type Gate struct {
	Name    string `json:"name"`
	Status  string `json:"status"`
	Verdict string `json:"verdict"`
}

// Analysis is one analysis of a scan.
type Analysis struct {
	Name   string `json:"name"`
	Status string `json:"status"`
}

// Findings counts what a scan found.
type Findings struct {
	Total      int            `json:"total"`
	BySeverity map[string]int `json:"by_severity"`
	New        *int           `json:"new,omitempty"` // those that are not in the baseline
}

// cleaned returns the result with all texts safe to print.
func (r Result) cleaned(clean func(string) string) Result {
	for _, text := range []*string{&r.Repo, &r.Commit, &r.Branch, &r.Status, &r.Error, &r.Message} {
		*text = clean(*text)
	}
	for i := range r.Reports {
		r.Reports[i].Error, r.Reports[i].Module = clean(r.Reports[i].Error), clean(r.Reports[i].Module)
	}
	for i, g := range r.Gates {
		r.Gates[i] = Gate{Name: clean(g.Name), Status: clean(g.Status), Verdict: g.Verdict}
	}
	for i, a := range r.Analyses {
		r.Analyses[i] = Analysis{Name: clean(a.Name), Status: clean(a.Status)}
	}
	return r
}

func (r Result) encode(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(r)
}
