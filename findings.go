package codeant

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/codeant-sdk/codeant/internal/strictjson"
)

// Finding is one thing that an analysis found. What its fields are filled from is observed in CodeAnt's clients and not
// documented for all analyses, so a field may be empty; Raw has everything.
type Finding struct {
	Analysis  Analysis
	Severity  Severity
	Path      string // in the repository; empty where the finding has none
	StartLine int    // from 1; 0 where the finding has none
	EndLine   int
	Column    int
	RuleID    string
	Title     string
	Message   string
	CWE       []string // such as "CWE-79"
	CVE       []string // such as "CVE-2024-0001"
	Package   *Package // of a vulnerability, or nil

	FalsePositive bool
	Dismissed     bool

	// Raw shares the memory of the whole answer: clone it to keep one finding alone.
	Raw json.RawMessage
}

// Open reports whether the finding still counts: it is neither dismissed nor a false positive.
func (f Finding) Open() bool { return !f.Dismissed && !f.FalsePositive }

// Package is a dependency.
type Package struct{ Name, Version, Ecosystem, License, FixedIn string }

// Fingerprint names a finding in a way that survives shifted lines: it depends on the analysis, the rule, the path, the
// text, the package and, of a secret, its hash. Findings that differ in their line alone have the same one.
func (f Finding) Fingerprint() string {
	h := sha256.New()
	parts := []string{string(f.Analysis), f.RuleID, f.Path, f.Title, f.Message, scalar(f.Raw, "hashed_secret")}
	if f.Package != nil {
		parts = append(parts, f.Package.Name, f.Package.Version)
	}
	for _, part := range slices.Concat(parts, f.CWE, f.CVE) {
		// Lengths between the parts keep "a"+"bc" and "ab"+"c" apart.
		fmt.Fprintf(h, "%d:", len(part))
		io.WriteString(h, part)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// sortFindings orders by severity, path, line and rule, and what is equal in these by the rest, so that equal input
// gives equal output.
func sortFindings(findings []Finding) {
	slices.SortStableFunc(findings, func(a, b Finding) int {
		return cmp.Or(
			-cmp.Compare(a.Severity, b.Severity), cmp.Compare(a.Path, b.Path), cmp.Compare(a.StartLine, b.StartLine), cmp.Compare(a.RuleID, b.RuleID),
			cmp.Compare(a.Column, b.Column), cmp.Compare(a.Title, b.Title), cmp.Compare(a.Message, b.Message), cmp.Compare(a.Analysis, b.Analysis),
		)
	})
}

// fields are the members of one finding as it came.
type fields map[string]json.RawMessage

func newFields(raw json.RawMessage) fields {
	f := fields{}
	for key, value := range strictjson.Members(raw) {
		f[key] = value
	}
	return f
}

// text returns the first of the keys that holds a text, or a number as text.
func (f fields) text(keys ...string) string {
	for _, key := range keys {
		value := f[key]
		switch strictjson.KindOf(value) {
		case strictjson.String:
			if s, _ := strictjson.Text(value); strings.TrimSpace(s) != "" {
				return s
			}
		case strictjson.Number:
			return string(value)
		}
	}
	return ""
}

// number returns the first of the keys that holds a whole number that is not negative, or an array whose element at
// the index is one.
func (f fields) number(index int, keys ...string) int {
	for _, key := range keys {
		value := f[key]
		if strictjson.KindOf(value) == strictjson.Array {
			elements := slices.Collect(strictjson.Elements(value))
			if index >= len(elements) {
				continue
			}
			value = elements[index]
		}
		if n, err := strconv.ParseFloat(string(value), 64); err == nil && n >= 0 && n < 1<<31 && n == float64(int(n)) {
			return int(n)
		}
	}
	return 0
}

// float returns the number under key, or 0.
func (f fields) float(key string) float64 {
	n, _ := strconv.ParseFloat(string(f[key]), 64)
	return n
}

// texts returns the first of the keys that holds a text, a number, or a list of them.
func (f fields) texts(keys ...string) []string {
	for _, key := range keys {
		var found []string
		if strictjson.KindOf(f[key]) == strictjson.Array {
			for element := range strictjson.Elements(f[key]) {
				if s := (fields{"": element}).text(""); s != "" {
					found = append(found, s)
				}
			}
		} else if s := f.text(key); s != "" {
			found = []string{s}
		}
		if len(found) > 0 {
			return found
		}
	}
	return nil
}

func (f fields) isTrue(keys ...string) bool {
	return slices.ContainsFunc(keys, func(key string) bool { return string(f[key]) == "true" })
}

// newFinding fills a finding from the first of the keys that the vendor's clients look at. under is the key of the map
// that the finding stood in, which names its file where the finding does not.
func newFinding(analysis Analysis, raw json.RawMessage, under string, commits ...string) Finding {
	f := newFields(raw)
	finding := Finding{
		Analysis:      analysis,
		Severity:      f.severity(analysis),
		Path:          repositoryPath(cmp.Or(f.text("file_path", "path", "filename", "relevant_file", "file"), under), commits...),
		StartLine:     f.number(0, "line_number", "start_line", "line", "file_line_range", "line_range"),
		EndLine:       f.number(1, "end_line", "endLine", "file_line_range", "line_range"),
		Column:        f.number(0, "column", "start_column", "col"),
		RuleID:        f.ruleID(analysis),
		CWE:           prefixed("CWE-", f.texts("cwe", "cwe_id", "cwes")),
		CVE:           f.cve(),
		FalsePositive: f.isTrue("is_false_positive", "false_positive") || strings.EqualFold(f.text("confidence_score"), "FALSE_POSITIVE"),
		Dismissed:     f.isTrue("is_dismissed", "dismissed"),
		Raw:           raw,
	}
	finding.EndLine = max(finding.EndLine, finding.StartLine)
	finding.Title = f.title(analysis, finding)
	finding.Message = cmp.Or(f.text("message", "issue_text", "suggestion_content", "description"), finding.Title)
	if analysis == SCA {
		finding.Package = f.vulnerablePackage()
	}
	return finding
}

func (f fields) ruleID(analysis Analysis) string {
	if analysis == Secrets {
		return f.text("check_id", "rule_id", "type", "secret_type")
	}
	return f.text("check_id", "test_id", "rule_id", "vulnerability_id", "cve_id", "message-id", "id", "symbol", "label")
}

func (f fields) title(analysis Analysis, finding Finding) string {
	switch analysis {
	case SCA:
		if id := f.text("vulnerability_id", "cve_id", "advisory_id", "id"); id != "" {
			return id
		}
		return strings.TrimSpace("Vulnerability in " + cmp.Or(f.text("package_name", "name"), "a dependency"))
	case Secrets:
		return cmp.Or(f.text("type", "secret_type", "rule_id"), "Secret")
	}
	return cmp.Or(f.text("check_name", "one_sentence_summary", "issue_text", "message", "description", "name"), finding.RuleID)
}

// severity falls back, where a finding tells none, to what the vendor's clients take for its analysis: high for a secret,
// medium for a vulnerability.
func (f fields) severity(analysis Analysis) Severity {
	if word := f.text("severity"); word != "" {
		severity, _ := ParseSeverity(word) // a word that is not known is SeverityUnknown
		return severity
	}
	worst := SeverityUnknown
	for rating := range strictjson.Elements(f["ratings"]) {
		severity, _ := ParseSeverity(scalar(rating, "severity"))
		worst = max(worst, severity)
	}
	switch {
	case worst != SeverityUnknown:
		return worst
	case analysis == Secrets:
		return SeverityHigh
	case analysis == SCA:
		return SeverityMedium
	}
	return SeverityUnknown
}

func (f fields) cve() []string {
	found := f.texts("cve", "cve_id")
	if id := f.text("vulnerability_id", "id"); len(found) == 0 && strings.HasPrefix(strings.ToUpper(id), "CVE-") {
		found = []string{id}
	}
	return prefixed("CVE-", found)
}

// prefixed writes bare numbers in their usual form: 79 is CWE-79.
func prefixed(prefix string, ids []string) []string {
	for i, id := range ids {
		if strings.Trim(id, "0123456789-") == "" {
			ids[i] = prefix + id
		}
	}
	return ids
}

func (f fields) vulnerablePackage() *Package {
	p := Package{
		Name:      f.text("package_name", "name"),
		Version:   f.text("version", "package_version"),
		Ecosystem: f.text("ecosystem", "package_manager"),
		License:   f.text("license"),
		FixedIn:   f.text("fix_version", "fixed_version", "fixed_in"),
	}
	if p == (Package{}) {
		return nil
	}
	return &p
}

var (
	resultSuffix = regexp.MustCompile(`/(anti_patterns|security_issues|docstring|complex_functions|dead_code|sca|secrets)\.json$`)
	hexSegment   = regexp.MustCompile(`^(?i:[0-9a-f]{40})$`)
)

// repositoryPath takes off a path what the scan server put around it: everything up to the segment with the commit, and
// the name of a result file.
func repositoryPath(path string, commits ...string) string {
	path = resultSuffix.ReplaceAllString(strings.ReplaceAll(path, `\`, "/"), "")
	segments := strings.Split(path, "/")
	for i, segment := range segments[:len(segments)-1] {
		if hexSegment.MatchString(segment) || slices.ContainsFunc(commits, func(c string) bool { return c != "" && strings.EqualFold(c, segment) }) {
			segments = segments[i+1:]
			break
		}
	}
	path = strings.Join(segments, "/")
	return strings.TrimPrefix(strings.TrimLeft(path, "/"), "./")
}
