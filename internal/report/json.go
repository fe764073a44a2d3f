package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// jsonRule recognizes a document by a value at a path in it.
type jsonRule struct {
	path    []string // keys from the root; "*" is any key, "[]" an element of an array
	kind    byte     // of the value: '{', '[', or 's' for a scalar
	refusal *Refusal // nil if the document has line coverage
}

const (
	adviseJSONReport = "upload the report with lines: the JSON or Cobertura of coverage.py and gcovr, coverage-final.json " +
		"of Istanbul, .resultset.json of SimpleCov"
	adviseLCOV = "let the coverage tool write LCOV and upload that file"
)

var (
	refuseGoTestJSON = &Refusal{"it is the output of go test -json", adviseGo}
	refuseJestResult = &Refusal{"it is a Jest test result, not a coverage report", adviseLCOV}
	refuseLastRun    = &Refusal{"it is SimpleCov's .last_run.json, a summary without lines", adviseJSONReport}
)

// jsonRules match the structure of a document and use "*" for keys that can be anything, such as file names (Istanbul) and
// test commands (SimpleCov).
var jsonRules = []jsonRule{
	{path: []string{"files", "*", "executed_lines"}, kind: '['}, // coverage.py
	{path: []string{"files", "*", "missing_lines"}, kind: '['},  // coverage.py
	{path: []string{"files", "[]", "lines"}, kind: '['},         // gcovr
	{path: []string{"*", "statementMap"}, kind: '{'},            // Istanbul
	{path: []string{"*", "coverage", "*", "lines"}, kind: '['},  // SimpleCov
	{path: []string{"*", "coverage", "*"}, kind: '['},           // SimpleCov before 0.18
	{path: []string{"coverage", "*", "lines"}, kind: '['},       // SimpleCov's JSON formatter
	{[]string{"*", "lines", "pct"}, 's', &Refusal{"it is Istanbul's coverage-summary.json, a summary without lines", adviseJSONReport}},
	{[]string{"gcovr/summary_format_version"}, 's', &Refusal{"it is gcovr's JSON summary, without lines", adviseJSONReport}},
	{[]string{"result", "line"}, 's', refuseLastRun},
	{[]string{"result", "covered_percent"}, 's', refuseLastRun},
	{[]string{"files", "*", "summary"}, '{', &Refusal{"it is a JSON summary without lines", adviseJSONReport}},
	{[]string{"*", "*", "*", "*", "Lines"}, '{', &Refusal{"it is Coverlet's own JSON", adviseCobertura}},
	{[]string{"data", "[]", "files"}, '[', &Refusal{"it is the JSON of llvm-cov export", adviseLLVM}},
	{[]string{"result", "[]", "scriptId"}, 's', &Refusal{"it is V8's raw coverage", "run c8 with the lcov reporter and upload lcov.info"}},
	{[]string{"source_files", "[]", "coverage"}, '[', &Refusal{"it is a Coveralls payload", adviseLCOV}},
	{[]string{"Action"}, 's', refuseGoTestJSON},
	{[]string{"testResults"}, '[', refuseJestResult},
	{[]string{"runs"}, '[', &Refusal{"it is a SARIF log, not a coverage report", adviseReport}},
}

// maxRuleDepth is the length of the longest path among the rules.
const maxRuleDepth = 5

func (r *jsonRule) matches(path []string, kind byte) bool {
	if r.kind != kind || len(r.path) != len(path) {
		return false
	}
	for i, want := range r.path {
		if want != path[i] && (want != "*" || path[i] == "[]") {
			return false
		}
	}
	return true
}

// jsonScan reads a document token by token, so that the beginning of a document that exceeds the window is enough.
type jsonScan struct {
	dec   *json.Decoder
	open  []byte   // the arrays ('[') and objects ('{') around the next token
	path  []string // the path of the next value
	isKey bool     // the next token is a key

	values  int
	found   bool     // line coverage
	refusal *Refusal // the first foreign document that a rule recognized
}

func detectJSON(data []byte, whole bool) (Format, *Refusal) {
	s := &jsonScan{dec: json.NewDecoder(bytes.NewReader(data))}
	s.dec.UseNumber() // a number beyond float64 does not invalidate a report
	err := s.scan(!whole)
	switch {
	case !s.found && s.refusal != nil:
		return "", s.refusal
	case err != nil && !atEnd(err):
		return "", &Refusal{fmt.Sprintf("it begins like JSON and has a syntax error near byte %d", s.dec.InputOffset()), adviseReport}
	case err != nil && whole:
		return "", &Refusal{"it is JSON that is cut off", adviseRerun}
	case s.found:
		return JSON, nil
	case whole && s.values == 1:
		return "", &Refusal{"it is an empty JSON document", adviseRerun}
	case whole:
		return "", &Refusal{"it is JSON without line coverage", adviseJSONReport}
	}
	return "", &Refusal{"it is JSON without line coverage in its first 128 KiB", adviseJSONReport}
}

func atEnd(err error) bool { return err == io.EOF || err == io.ErrUnexpectedEOF }

// scan reads to the end of the input, or only to the first line coverage if early is set.
func (s *jsonScan) scan(early bool) error {
	for {
		token, err := s.dec.Token()
		if err != nil {
			return err
		}
		s.take(token)
		if s.refusal != nil && len(s.open) == 0 || s.found && early {
			return nil
		}
		if len(s.open) > 0 {
			continue
		}
		if _, err := s.dec.Token(); err != io.EOF {
			return errors.New("data after the document")
		}
		return nil
	}
}

// take processes one token and updates open, path and isKey for the next one.
func (s *jsonScan) take(token json.Token) {
	delim, isDelim := token.(json.Delim)
	switch {
	case isDelim && (delim == '{' || delim == '['):
		s.value(byte(delim))
		s.open = append(s.open, byte(delim))
		s.isKey = delim == '{'
		if delim == '[' {
			s.path = append(s.path, "[]")
		}
	case isDelim:
		if delim == ']' {
			s.path = s.path[:len(s.path)-1]
		}
		s.open = s.open[:len(s.open)-1]
		s.endValue()
	case s.isKey:
		key, _ := token.(string)
		s.path = append(s.path, key)
		s.isKey = false
	default:
		s.value('s')
		s.endValue()
	}
}

// value applies the rules to a value that begins at the current path.
func (s *jsonScan) value(kind byte) {
	s.values++
	if len(s.path) > maxRuleDepth {
		return
	}
	for i := range jsonRules {
		rule := &jsonRules[i]
		switch {
		case !rule.matches(s.path, kind):
		case rule.refusal == nil:
			s.found = true
		case s.refusal == nil:
			s.refusal = rule.refusal
		}
	}
}

func (s *jsonScan) endValue() {
	s.isKey = len(s.open) > 0 && s.open[len(s.open)-1] == '{'
	if s.isKey {
		s.path = s.path[:len(s.path)-1]
	}
}
