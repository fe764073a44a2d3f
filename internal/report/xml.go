package report

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// foreignRoots lists documents that are recognized by their root element alone.
var foreignRoots = map[string]Refusal{
	"testsuite":        {"it is a JUnit test result, not a coverage report", adviseReport},
	"testsuites":       {"it is a JUnit test result, not a coverage report", adviseReport},
	"testng-results":   {"it is a TestNG test result, not a coverage report", adviseReport},
	"test-run":         {"it is an NUnit test result, not a coverage report", adviseReport},
	"test-results":     {"it is an NUnit test result, not a coverage report", adviseReport},
	"assemblies":       {"it is an xUnit.net test result, not a coverage report", adviseReport},
	"TestRun":          {"it is a Visual Studio test result (.trx), not a coverage report", adviseReport},
	"CoverageSession":  {"it is an OpenCover report", adviseCobertura},
	"CoverageDSPriv":   {"it is a Visual Studio coverage report", adviseCobertura},
	"phpunit":          {"it is PHPUnit's own XML", "run PHPUnit with --coverage-cobertura or --coverage-clover and upload that file"},
	"checkstyle":       {"it is a Checkstyle report, not a coverage report", adviseReport},
	"BugCollection":    {"it is a SpotBugs report, not a coverage report", adviseReport},
	"pmd":              {"it is a PMD report, not a coverage report", adviseReport},
	"issues":           {"it is a lint report, not a coverage report", adviseReport},
	"project":          {"it is a build file, not a coverage report", adviseReport},
	"BullseyeCoverage": {"it is a BullseyeCoverage report", adviseCobertura},
}

const adviseCobertura = "let the coverage tool write Cobertura and upload that file"

var refuseHTML = Refusal{"it is an HTML page", "upload the XML, LCOV or JSON report of the coverage tool, not the page for the browser"}

// xmlHead is the beginning of a document.
type xmlHead struct {
	doctype string // in lower case
	root    *xml.StartElement
	child   string // the name of the first element in the root; empty if there is none
}

func (h *xmlHead) has(attr string) bool {
	for _, a := range h.root.Attr {
		if a.Name.Local == attr {
			return true
		}
	}
	return false
}

// xmlScan reads a document as raw tokens, without a stack and without expanding entities, so that deep nesting and entity
// bombs cost no memory.
type xmlScan struct {
	dec   *xml.Decoder
	size  int64
	depth int
	head  xmlHead
}

func detectXML(data []byte, whole bool) (Format, *Refusal) {
	s := newXMLScan(data)
	err := s.readHead()
	var refusal *Refusal
	switch {
	case errors.As(err, &refusal):
		return "", refusal
	case err != nil && whole:
		return "", s.broken()
	case s.head.root == nil:
		return "", &Refusal{"it is XML without an element in its first 128 KiB", adviseReport}
	}
	format, refusal := s.head.classify()
	if refusal == nil && whole {
		refusal = s.readBody()
	}
	if refusal != nil {
		return "", refusal
	}
	return format, nil
}

func newXMLScan(data []byte) *xmlScan {
	// Only the structure matters here, so bytes of other encodings become "?".
	text := bytes.ToValidUTF8(data, []byte("?"))
	blankDeclaration(text)
	s := &xmlScan{dec: xml.NewDecoder(bytes.NewReader(text)), size: int64(len(text))}
	s.dec.Strict = false
	s.dec.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
	return s
}

// blankDeclaration overwrites <?xml …?> with spaces, because encoding/xml refuses versions and encodings that are harmless
// here (coverlet declares utf-16 and writes UTF-8). It keeps line ends, and so the line numbers.
func blankDeclaration(text []byte) {
	start := len(text) - len(bytes.TrimLeft(text, " \t\r\n"))
	if !bytes.HasPrefix(text[start:], []byte("<?xml")) {
		return
	}
	end := bytes.Index(text, []byte("?>"))
	if end < 0 {
		return
	}
	for i := start; i < end+2; i++ {
		if text[i] != '\n' {
			text[i] = ' '
		}
	}
}

// readHead reads to the first element in the root, or to the end of the root.
func (s *xmlScan) readHead() error {
	for {
		token, err := s.dec.RawToken()
		if err != nil {
			return err
		}
		switch t := token.(type) {
		case xml.Directive:
			if err := s.readDirective(string(t)); err != nil {
				return err
			}
		case xml.StartElement:
			s.depth++
			if s.head.root != nil {
				s.head.child = t.Name.Local
				return nil
			}
			root := t.Copy()
			s.head.root = &root
			if err := refuseRoot(root.Name.Local); err != nil {
				return err
			}
		case xml.EndElement:
			s.depth--
			return nil
		}
	}
}

func (s *xmlScan) readDirective(text string) error {
	fields := strings.Fields(strings.ToLower(text))
	if len(fields) == 0 || fields[0] != "doctype" {
		return nil
	}
	if len(fields) > 1 && fields[1] == "html" {
		return &refuseHTML
	}
	s.head.doctype = strings.Join(fields, " ")
	return nil
}

func refuseRoot(name string) error {
	switch strings.ToLower(name) {
	case "html", "head", "body":
		return &refuseHTML
	}
	if refusal, ok := foreignRoots[name]; ok {
		return &refusal
	}
	return nil
}

func (h *xmlHead) classify() (Format, *Refusal) {
	switch root := h.root.Name.Local; root {
	case "coverage":
		return h.classifyCoverage()
	case "report":
		return h.classifyReport()
	case "Root":
		if h.has("DotCoverVersion") {
			return "", &Refusal{"it is a dotCover report", adviseCobertura}
		}
	case "results":
		if h.child == "modules" {
			return "", &Refusal{"it is a Visual Studio coverage report", adviseCobertura}
		}
	}
	return "", &Refusal{fmt.Sprintf("it is XML with the root <%s>, not a coverage report", clip(h.root.Name.Local)), adviseReport}
}

// classifyCoverage distinguishes the formats that share the root <coverage>. It checks the DOCTYPE last, because many tools
// omit it and it says little about the content.
func (h *xmlHead) classifyCoverage() (Format, *Refusal) {
	switch {
	case h.has("line-rate"), h.has("branch-rate"), h.child == "sources", h.child == "packages":
		return Cobertura, nil
	case h.has("generated"), h.has("clover"), h.child == "project":
		return Clover, nil
	case h.child == "file":
		return "", &Refusal{"it is SonarQube's generic coverage format", adviseCobertura}
	case strings.Contains(h.doctype, "cobertura"):
		return Cobertura, nil
	}
	return "", &Refusal{"it is XML with the root <coverage>, but neither Cobertura nor Clover", adviseReport}
}

func (h *xmlHead) classifyReport() (Format, *Refusal) {
	if strings.Contains(h.doctype, "jacoco") || strings.Contains(h.doctype, "report.dtd") {
		return JaCoCo, nil
	}
	switch h.child {
	case "sessioninfo", "group", "package", "counter":
		return JaCoCo, nil
	case "stats", "data":
		return "", &Refusal{"it is an EMMA report", adviseCobertura}
	}
	return "", &Refusal{"it is XML with the root <report>, but not of JaCoCo", adviseReport}
}

// readBody reads to the end of a document that fits in the window.
func (s *xmlScan) readBody() *Refusal {
	for {
		token, err := s.dec.RawToken()
		switch {
		case err == io.EOF && s.depth == 0:
			return nil
		case err != nil:
			return s.broken()
		}
		switch t := token.(type) {
		case xml.StartElement:
			if s.depth == 0 {
				return &Refusal{"it is more than one XML document in one file", "upload each report for itself"}
			}
			s.depth++
		case xml.EndElement:
			if s.depth == 0 {
				return s.malformed()
			}
			s.depth--
		case xml.CharData:
			if s.depth == 0 && len(bytes.TrimSpace(t)) > 0 {
				return &Refusal{
					fmt.Sprintf("it has text after </%s>", clip(s.head.root.Name.Local)),
					"keep the output of other commands out of the file",
				}
			}
		}
	}
}

// broken returns why a document that fits in the window could not be read to its end.
func (s *xmlScan) broken() *Refusal {
	switch {
	case s.dec.InputOffset() < s.size:
		return s.malformed()
	case s.head.root == nil:
		return &Refusal{"it is XML that ends before its root element", adviseRerun}
	}
	return &Refusal{fmt.Sprintf("it is XML that is cut off: it ends inside <%s>", clip(s.head.root.Name.Local)), adviseRerun}
}

func (s *xmlScan) malformed() *Refusal {
	line, _ := s.dec.InputPos()
	return &Refusal{fmt.Sprintf("it is XML with a syntax error near line %d", line), adviseRerun}
}
