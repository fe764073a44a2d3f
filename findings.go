package codeant

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/codeant-sdk/codeant/internal/jsonscan"
	"github.com/codeant-sdk/codeant/internal/redact"
)

// Finding is an issue that an analysis found. CodeAnt does not document the form of findings for all analyses, so fields are
// filled as CodeAnt's own clients do it and may be empty; Raw has everything.
//
// The JSON form is stable. It includes the fingerprint and omits Raw and the message of a secret.
type Finding struct {
	Analysis  Analysis `json:"analysis"`
	Severity  Severity `json:"severity"`
	Path      string   `json:"path"`       // in the repository; empty if the finding has none
	StartLine int      `json:"start_line"` // from 1; 0 if the finding has none
	EndLine   int      `json:"end_line"`
	Column    int      `json:"column,omitempty"`
	RuleID    string   `json:"rule_id"`
	Title     string   `json:"title"`
	Message   string   `json:"message"`
	CWE       []string `json:"cwe,omitempty"`     // such as "CWE-79"
	CVE       []string `json:"cve,omitempty"`     // such as "CVE-2024-0001"
	Package   *Package `json:"package,omitempty"` // the vulnerable dependency, or nil

	FalsePositive  bool   `json:"false_positive"`
	Dismissed      bool   `json:"dismissed"`
	DismissReason  string `json:"dismiss_reason,omitempty"`  // why it was dismissed, if the answer says so
	DismissComment string `json:"dismiss_comment,omitempty"` // the comment on the dismissal

	// Raw shares memory with the whole answer and is read-only: clone it to keep a finding without the rest.
	Raw json.RawMessage `json:"-"`

	fingerprint string // set by UnmarshalJSON, because there is no Raw
}

// Open reports whether the finding is neither dismissed nor a false positive.
func (f Finding) Open() bool { return !f.Dismissed && !f.FalsePositive }

// String returns the finding on one line, such as "high src/app.js:3 sql-injection: Query built from input". A dependency is
// written as name@version. The message of a secret is omitted, because it may quote the secret.
func (f Finding) String() string {
	parts := []string{f.Severity.String()}
	switch {
	case f.Path != "" && f.StartLine > 0:
		parts = append(parts, fmt.Sprintf("%s:%d", f.Path, f.StartLine))
	case f.Path != "":
		parts = append(parts, f.Path)
	}
	if f.Package != nil {
		parts = append(parts, strings.TrimSuffix(f.Package.Name+"@"+f.Package.Version, "@"))
	}
	text := cmp.Or(f.Message, f.Title)
	if f.Analysis == Secrets {
		text = f.Title
	}
	switch {
	case f.RuleID == "" || f.RuleID == text:
		parts = append(parts, text)
	case text == "":
		parts = append(parts, f.RuleID)
	default:
		parts = append(parts, f.RuleID+": "+text)
	}
	return redact.Text(strings.TrimSpace(strings.Join(parts, " ")), maxPrintedMessage)
}

// plainFinding is a Finding without methods.
type plainFinding Finding

type findingJSON struct {
	plainFinding
	Fingerprint string `json:"fingerprint"`
}

// MarshalJSON encodes the fields and the fingerprint. The message of a secret, which may quote the secret, is replaced by
// its title.
func (f Finding) MarshalJSON() ([]byte, error) {
	out := findingJSON{plainFinding(f), f.Fingerprint()}
	if f.Analysis == Secrets {
		out.Message = f.Title
	}
	return json.Marshal(out)
}

// UnmarshalJSON decodes the form that MarshalJSON writes.
func (f *Finding) UnmarshalJSON(data []byte) error {
	var in findingJSON
	if err := json.Unmarshal(data, &in); err != nil {
		return err
	}
	*f = Finding(in.plainFinding)
	f.fingerprint = in.Fingerprint
	return nil
}

// Package is a dependency.
type Package struct {
	Name      string `json:"name"`
	Version   string `json:"version"`
	Ecosystem string `json:"ecosystem,omitempty"`
	License   string `json:"license,omitempty"`
	FixedIn   string `json:"fixed_in,omitempty"`
}

// Fingerprint returns an identifier that does not change when lines move. It depends on the analysis, rule, path, text and
// package, and for a secret on its hash. Findings that differ only in their lines have the same fingerprint.
func (f Finding) Fingerprint() string {
	if f.fingerprint != "" {
		return f.fingerprint
	}
	message := f.Message
	if f.Analysis == DuplicateCode {
		message = "" // it contains line numbers
	}
	text := make([]byte, 0, 512)
	add := func(parts ...string) {
		for _, part := range parts {
			// Lengths between the parts keep "a"+"bc" and "ab"+"c" apart.
			text = strconv.AppendInt(text, int64(len(part)), 10)
			text = append(append(text, ':'), part...)
		}
	}
	add(string(f.Analysis), f.RuleID, f.Path, f.Title, message, hashedSecret(f.Raw))
	if f.Package != nil {
		add(f.Package.Name, f.Package.Version)
	}
	add(f.CWE...)
	add(f.CVE...)
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16])
}

func hashedSecret(raw json.RawMessage) string {
	f, _ := fieldsOf(jsonscan.Value(raw))
	return f.Text("hashed_secret")
}

// maxTexts limits the texts that are read from a list inside a finding.
const maxTexts = 1000

// finder decodes the findings of one answer. It reuses its memory for each finding.
type finder struct {
	analysis Analysis
	commits  []string // that paths on the scan server contain
	members  jsonscan.Fields
}

// index returns the members of an object. They are valid until the next call.
func (d *finder) index(object jsonscan.Value) (f jsonscan.Fields, err error) {
	d.members, err = object.Fields(d.members[:0])
	return d.members, unusableJSON(err)
}

// finding decodes a finding from the keys that CodeAnt's clients use; the first one found wins. under is the key of the map
// that contains the finding: its path, unless the finding names one.
func (d *finder) finding(raw jsonscan.Value, under string) (Finding, error) {
	f, err := d.index(raw)
	if err != nil {
		return Finding{}, err
	}
	finding := Finding{
		Analysis:  d.analysis,
		Severity:  severityOf(f, d.analysis),
		Path:      repositoryPath(cmp.Or(f.Text("file_path", "path", "filename", "relevant_file", "file"), under), d.commits...),
		StartLine: lineOf(f, 0, "line_number", "start_line", "line", "file_line_range", "line_range"),
		EndLine:   lineOf(f, 1, "end_line", "endLine", "file_line_range", "line_range"),
		Column:    lineOf(f, 0, "column", "start_column", "col"),
		RuleID:    f.Text(ruleKeys(d.analysis)...),
		CWE:       prefixed("CWE-", f.Texts(maxTexts, "cwe", "cwe_id", "cwes")),
		CVE:       cveOf(f),
		FalsePositive: f.True("is_false_positive", "false_positive") ||
			bytes.EqualFold(f.Bytes("confidence_score"), []byte("FALSE_POSITIVE")),
		Dismissed: f.True("is_dismissed", "dismissed"),
		Raw:       json.RawMessage(raw),
	}
	if finding.Dismissed {
		finding.DismissReason, finding.DismissComment = f.Text("reason_for_dismiss"), f.Text("comment_for_dismiss")
	}
	finding.EndLine = max(finding.EndLine, finding.StartLine)
	finding.Title = titleOf(f, finding)
	finding.Message = cmp.Or(f.Text("message", "issue_text", "suggestion_content", "description"), finding.Title)
	if d.analysis == SCA {
		finding.Package = packageOf(f)
	}
	return finding, nil
}

func ruleKeys(analysis Analysis) []string {
	if analysis == Secrets {
		return []string{"check_id", "rule_id", "type", "secret_type"}
	}
	return []string{"check_id", "test_id", "rule_id", "vulnerability_id", "cve_id", "message-id", "id", "symbol", "label", "policy_id"}
}

// lineOf returns the count under the first of the keys that has one, either itself or as the list element at index.
func lineOf(f jsonscan.Fields, index int, keys ...string) int {
	for _, key := range keys {
		value := f.Get(key)
		if value.Kind() == jsonscan.Array {
			value = value.Element(index)
		}
		if n, ok := value.Count(); ok {
			return n
		}
	}
	return 0
}

func titleOf(f jsonscan.Fields, finding Finding) string {
	switch finding.Analysis {
	case SCA:
		if id := f.Text("vulnerability_id", "cve_id", "advisory_id", "id"); id != "" {
			return id
		}
		return "Vulnerability in " + cmp.Or(f.Text("package_name", "name"), "a dependency")
	case Secrets:
		return cmp.Or(f.Text("type", "secret_type", "rule_id"), "Secret")
	}
	title := f.Text("check_name", "one_sentence_summary", "issue_text", "message", "description", "name", "title",
		"function_name", "symbol_name")
	return cmp.Or(title, finding.RuleID)
}

// severityOf returns the severity of a finding, or if it has none the default of its analysis in CodeAnt's clients. SAST and
// agents have no default: the severity is unknown.
func severityOf(f jsonscan.Fields, analysis Analysis) Severity {
	if word := f.Bytes("severity"); word != nil {
		severity, _ := knownSeverity(word)
		return severity
	}
	worst := SeverityUnknown
	for rating := range f.Get("ratings").Elements() {
		if inside, err := fieldsOf(rating); err == nil {
			severity, _ := knownSeverity(inside.Bytes("severity"))
			worst = max(worst, severity)
		}
	}
	switch {
	case worst != SeverityUnknown:
		return worst
	case analysis == Secrets:
		return SeverityHigh
	case analysis == SCA, analysis == IaC:
		return SeverityMedium
	case analysis == SAST, analysis == agentAnalysis:
		return SeverityUnknown
	}
	return SeverityLow
}

func cveOf(f jsonscan.Fields) []string {
	found := f.Texts(maxTexts, "cve", "cve_id")
	if len(found) == 0 {
		if id := f.Bytes("vulnerability_id", "id"); len(id) > 4 && bytes.EqualFold(id[:4], []byte("CVE-")) {
			found = []string{string(id)}
		}
	}
	return prefixed("CVE-", found)
}

// prefixed adds the prefix to bare numbers: 79 becomes CWE-79.
func prefixed(prefix string, ids []string) []string {
	for i, id := range ids {
		if strings.Trim(id, "0123456789-") == "" {
			ids[i] = prefix + id
		}
	}
	return ids
}

func packageOf(f jsonscan.Fields) *Package {
	p := Package{
		Name:      f.Text("package_name", "name"),
		Version:   f.Text("version", "package_version"),
		Ecosystem: f.Text("ecosystem", "package_manager"),
		License:   f.Text("license"),
		FixedIn:   f.Text("fix_version", "fixed_version", "fixed_in"),
	}
	if p == (Package{}) {
		return nil
	}
	return &p
}

// repositoryPath removes what the scan server adds to a path: everything up to the segment with the commit, and the name of
// a result file.
func repositoryPath(path string, commits ...string) string {
	path = withoutResultFile(strings.ReplaceAll(path, `\`, "/"))
	for rest := path; ; {
		segment, behind, found := strings.Cut(rest, "/")
		if !found {
			break
		}
		if isCommit(segment, commits) {
			path = behind
			break
		}
		rest = behind
	}
	return strings.TrimPrefix(strings.TrimLeft(path, "/"), "./")
}

func withoutResultFile(path string) string {
	at := strings.LastIndexByte(path, '/')
	if at < 0 {
		return path
	}
	switch path[at+1:] {
	case "anti_patterns.json", "security_issues.json", "docstring.json", "complex_functions.json",
		"dead_code.json", "sca.json", "secrets.json":
		return path[:at]
	}
	return path
}

func isCommit(segment string, commits []string) bool {
	if len(segment) == 40 && strings.Trim(segment, "0123456789abcdefABCDEF") == "" {
		return true
	}
	return slices.ContainsFunc(commits, func(c string) bool { return c != "" && strings.EqualFold(c, segment) })
}
