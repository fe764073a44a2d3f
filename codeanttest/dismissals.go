package codeanttest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/codeant-sdk/codeant"
)

const keySeparator = "||::||"

// dismissalKey names a finding across the commits of a repository, in the words of the scan centre.
type dismissalKey struct {
	repo     string
	analysis codeant.Analysis
	key      string
}

type dismissal struct {
	Reason  string `json:"reason_for_dismiss,omitempty"`
	Comment string `json:"comment_for_dismiss,omitempty"`
}

// Dismiss dismisses the finding with index i in the list that SetFindings set for an analysis of a commit. The finding
// is marked as dismissed in all results of the repository that contain it.
func (s *Server) Dismiss(rev codeant.Revision, a codeant.Analysis, i int, reason, comment string) {
	if s.tb != nil {
		s.tb.Helper()
	}
	if !s.dismiss(keyOf(rev), a, i, dismissal{reason, comment}) {
		s.fail("the %s findings of %s at %.7s have no element %d", a, rev.Repo, rev.Commit, i)
	}
}

func (s *Server) dismiss(key commitKey, a codeant.Analysis, i int, d dismissal) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	scan := s.scans.of(key)
	if scan == nil {
		return false
	}
	findings := elements(scan.found[a])
	if i < 0 || i >= len(findings) {
		return false
	}
	if s.scans.dismissed == nil {
		s.scans.dismissed = map[dismissalKey]dismissal{}
	}
	s.scans.dismissed[dismissalKey{key.repo, a, keyOfFinding(a, findings[i], i)}] = d
	return true
}

func (s *Server) listDismissals(_ *call, in map[string]string) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range centerAnalyses() {
		if a.dismissed == "" || a.dismissed != in["analysis_type"] {
			continue
		}
		data := map[string]dismissal{}
		for key, d := range s.scans.dismissed {
			if key.repo == in["repo"] && key.analysis == a.analysis {
				data[key.key] = d
			}
		}
		return reply(http.StatusOK, object{"status": "success", "data": data})
	}
	return fails("Unknown analysis type")
}

// finding has the members that a finding's key is made of.
type finding struct {
	FilePath        string      `json:"file_path"`
	Path            string      `json:"path"`
	FileName        string      `json:"filename"`
	Line            json.Number `json:"line_number"`
	StartLine       json.Number `json:"start_line"`
	TestID          string      `json:"test_id"`
	CheckID         string      `json:"check_id"`
	RuleID          string      `json:"rule_id"`
	MessageID       string      `json:"message-id"`
	Type            string      `json:"type"`
	SecretType      string      `json:"secret_type"`
	Code            string      `json:"context_code_block"`
	PackageName     string      `json:"package_name"`
	Name            string      `json:"name"`
	Version         string      `json:"version"`
	Dismissed       bool        `json:"is_dismissed"`
	FalsePositive   bool        `json:"is_false_positive"`
	ConfidenceScore string      `json:"confidence_score"`
	OriginalIndex   *int        `json:"originalIndex"`
}

func readFinding(raw json.RawMessage) finding {
	var f finding
	_ = json.Unmarshal(raw, &f) // tests may give any shape; what cannot be read is empty
	return f
}

func (f finding) path() string { return cmp.Or(f.FilePath, f.Path, f.FileName, "unknown") }

func keyOfFinding(a codeant.Analysis, raw json.RawMessage, i int) string {
	f := readFinding(raw)
	switch a {
	case codeant.SCA:
		return cmp.Or(f.PackageName, f.Name) + "@" + f.Version
	case codeant.Secrets:
		line := cmp.Or(f.Line, f.StartLine, "1")
		return strings.Join([]string{f.path(), line.String(), cmp.Or(f.Type, f.SecretType)}, keySeparator)
	case duplicateCode:
		for _, member := range elements(raw) {
			if m := readFinding(member); m.OriginalIndex != nil {
				i = *m.OriginalIndex
			}
		}
		return strconv.Itoa(i)
	}
	path := f.path()
	for _, known := range centerAnalyses() {
		if known.analysis == a && known.plain {
			path += "/" + known.resultType + ".json"
		}
	}
	return strings.Join([]string{path, f.Code, cmp.Or(f.TestID, f.CheckID, f.RuleID, f.MessageID)}, keySeparator)
}

// elements returns the elements of a JSON list; it returns none if raw is not a list.
func elements(raw json.RawMessage) []json.RawMessage {
	var list []json.RawMessage
	if !isList(raw) || json.Unmarshal(raw, &list) != nil {
		return nil
	}
	return list
}

// mark returns the findings of an analysis, with the dismissed ones marked.
func (st *scanStore) mark(scan *commitScan, a codeant.Analysis) json.RawMessage {
	raw, set := scan.found[a]
	if all := st.of(commitKey{}); !set && all != nil {
		raw, set = all.found[a]
	}
	if !set {
		return json.RawMessage("[]")
	}
	findings := elements(raw)
	changed := false
	for i, f := range findings {
		if d, dismissed := st.dismissed[dismissalKey{scan.key.repo, a, keyOfFinding(a, f, i)}]; dismissed {
			findings[i], changed = marked(f, d), true
		}
	}
	if !changed {
		return raw
	}
	out, err := json.Marshal(findings)
	if err != nil {
		return raw
	}
	return out
}

// marked marks a finding, or each member of a group, as dismissed.
func marked(raw json.RawMessage, d dismissal) json.RawMessage {
	if members := elements(raw); members != nil {
		for i, m := range members {
			members[i] = marked(m, d)
		}
		out, _ := json.Marshal(members) // made of valid JSON
		return out
	}
	markers, _ := json.Marshal(struct {
		Dismissed bool `json:"is_dismissed"`
		dismissal
	}{true, d})
	open := bytes.TrimSuffix(bytes.TrimSpace(raw), []byte("}"))
	if !bytes.HasPrefix(open, []byte("{")) {
		return raw
	}
	if len(bytes.TrimSpace(open)) == 1 {
		return markers
	}
	return append(append(bytes.Clone(open), ','), markers[1:]...)
}

// without removes the findings that the request excludes.
func without(a codeant.Analysis, raw json.RawMessage, dismissed, falsePositives bool) []json.RawMessage {
	kept := []json.RawMessage{}
	for _, f := range elements(raw) {
		judged := f
		if members := elements(f); a == duplicateCode && len(members) > 0 {
			judged = members[0]
		}
		read := readFinding(judged)
		if dismissed && read.Dismissed || falsePositives && (read.FalsePositive || strings.EqualFold(read.ConfidenceScore, "FALSE_POSITIVE")) {
			continue
		}
		kept = append(kept, f)
	}
	return kept
}

func openFindings(a codeant.Analysis, raw json.RawMessage) []json.RawMessage {
	return without(a, raw, true, true)
}
