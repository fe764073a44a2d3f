package codeant

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/codeant-sdk/codeant/internal/jsonscan"
)

var opScansHistory = operation{name: "scans.history", path: "/api/analysis/scan-history", tokenField: "access_token", idempotent: true}

// ScanHistory holds the scans of a repository, newest first. Those without a time come last.
type ScanHistory struct {
	Scans []PastScan
	Raw   json.RawMessage // the whole answer, read-only
}

// PastScan is an entry of the history. A field is empty if the answer lacks it.
type PastScan struct {
	Commit string
	Branch string // without refs/heads/
	Status string // the server's status
	Time   time.Time
	Raw    json.RawMessage
}

// Latest returns the newest scan of a branch, or of all branches if branch is empty, and whether there is one. It ignores
// scans without a commit or a time.
func (h *ScanHistory) Latest(branch string) (PastScan, bool) {
	if h == nil {
		return PastScan{}, false
	}
	var latest PastScan
	found := false
	for _, scan := range h.Scans {
		if scan.Commit == "" || scan.Time.IsZero() || branch != "" && scan.Branch != strings.TrimPrefix(branch, branchPrefix) {
			continue
		}
		if !found || scan.Time.After(latest.Time) {
			latest, found = scan, true
		}
	}
	return latest, found
}

const branchPrefix = "refs/heads/"

// History returns the scans of a repository. It uses only the Provider and Repo of rev. If the answer has no list of scans
// and reports no failure, Scans is empty and Raw has the answer.
//
// Evidence: documented (docs.codeant.ai, api-reference/analysis/get-scan-history, for the path). Uncertain: the request and
// the answer, which is decoded like that of a similar endpoint that CodeAnt-AI/codeant-cli uses.
func (s *ScansService) History(ctx context.Context, rev Revision) (*ScanHistory, error) {
	if err := cmp.Or(rev.Provider.validate(), validateRepo(rev.Repo)); err != nil {
		return nil, err
	}
	in := struct {
		Repo    string   `json:"repo"`
		Service Provider `json:"service"`
	}{rev.Repo, rev.Provider}
	return fetch(ctx, clientOf(s), opScansHistory, in, decodeHistory)
}

func decodeHistory(doc jsonscan.Document) (*ScanHistory, error) {
	list := doc.Value
	if list.Kind() != jsonscan.Array {
		if err := wantObject(doc); err != nil {
			return nil, err
		}
		for _, key := range []string{"last_analysis_results", "scans", "results"} {
			if list = doc.Get(key); list.Kind() == jsonscan.Array {
				break
			}
		}
	}
	if list.Len() > maxElements {
		return nil, tooLarge("it has more than %d scans", maxElements)
	}
	history := &ScanHistory{Raw: doc.Raw()}
	var f jsonscan.Fields
	for element := range list.Elements() {
		var err error
		if f, err = element.Fields(f[:0]); err != nil {
			return nil, unusableJSON(err)
		}
		if element.Kind() != jsonscan.Object {
			continue // only in Raw
		}
		history.Scans = append(history.Scans, PastScan{
			Commit: f.Text("latest_commit_sha", "commit_id", "commit_sha", "commit"),
			Branch: strings.TrimPrefix(f.Text("branch", "ref"), branchPrefix),
			Status: f.Text("status"),
			Time:   timeOf(f, "timestamp", "date", "created_at"),
			Raw:    json.RawMessage(element),
		})
	}
	slices.SortStableFunc(history.Scans, func(a, b PastScan) int { return b.Time.Compare(a.Time) })
	return history, nil
}

// timeOf returns the time under the first of the keys that has one. Like JavaScript, it accepts a text or a number of
// milliseconds; a number too small to be milliseconds is taken as seconds.
func timeOf(f jsonscan.Fields, keys ...string) time.Time {
	for _, key := range keys {
		value := f.Get(key)
		if t, ok := value.Time(); ok {
			return t
		}
		if text, ok := value.Text(); ok {
			for _, layout := range []string{time.RFC1123, time.RFC1123Z} {
				if t, err := time.Parse(layout, strings.TrimSpace(text)); err == nil {
					return t.UTC()
				}
			}
		}
		const earliest = 100_000_000_000 // in milliseconds: 1973
		switch n, ok := value.Int(); {
		case !ok || n <= 0:
		case n < earliest:
			return time.Unix(n, 0).UTC()
		default:
			return time.UnixMilli(n).UTC()
		}
	}
	return time.Time{}
}
