package pipeline

import (
	"encoding/json"
	"io"
	"path/filepath"
)

// Result is the object of -json. Its fields are stable; new ones may be added.
type Result struct {
	Program  string `json:"program"`
	Version  string `json:"version"`
	Repo     string `json:"repo"`
	Commit   string `json:"commit"`
	Branch   string `json:"branch"`
	Status   string `json:"status"` // success, failed, undecided, timeout, unavailable, unauthorized, usage
	ExitCode int    `json:"exit_code"`
	Error    string `json:"error"`

	Reports  []Report   `json:"reports,omitempty"`
	Gates    []Gate     `json:"gates,omitempty"`
	Analyses []Analysis `json:"analyses,omitempty"`
	Findings *Findings  `json:"findings,omitempty"`
}

// Report is one coverage report.
type Report struct {
	Path   string `json:"path"`
	Format string `json:"format"`
	Bytes  int64  `json:"bytes"`
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
}

func (r Result) write(name string) error {
	return WriteFile(name, func(w io.Writer) error {
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		return encoder.Encode(r)
	})
}

func dirOf(name string) string { return filepath.Dir(name) }
