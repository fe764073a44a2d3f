package finding_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/internal/finding"
)

func TestClean(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"plain text":             "plain text",
		" \tround \n":            "round",
		"a\r\nb\rc\nd\te":        "a\nb\nc\nd\te",
		"a\x00b\x1b[31mc\x7f":    "a\ufffdb\ufffd[31mc\ufffd",
		"a\xffb\u0085c":          "a\ufffdb\ufffdc",
		"\u202egnp.exe\u2066":    "\ufffdgnp.exe\ufffd",
		"zero\u200bwidth\ufeff":  "zero\ufffdwidth\ufffd",
		"line\u2028par\u2029end": "line\ufffdpar\ufffdend",
		"日本 é 🚀":                 "日本 é 🚀",
		"":                       "",
	} {
		assert.Equal(t, want, finding.Clean(text), "%q", text)
	}
}

func TestOneLine(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"one line": "one line", "a\n\tb  c ": "a b c", "a\u00a0\u00a0b": "a b", "a\vb": "a\ufffdb", "  ": "",
	} {
		assert.Equal(t, want, finding.OneLine(text), "%q", text)
	}
	assert.Equal(t, []string{"a b", "c"}, finding.OneLines([]string{"a\nb", " ", "c"}))
	assert.Nil(t, finding.OneLines([]string{"", "\t"}))
}

func TestShorten(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "äöü", finding.Shorten("äöü", 3))
	assert.Equal(t, "ä…", finding.Shorten("äöü", 2))
	assert.Equal(t, "abc", finding.Shorten("abc", 3))
	assert.Equal(t, "ab…", finding.Shorten("abcd", 3))
}

func TestTheTextsOfAFinding(t *testing.T) {
	t.Parallel()
	left := &codeant.Package{Name: "left-pad", Version: "1.0\n0"}
	for _, c := range []struct {
		finding                             codeant.Finding
		rule, message, summary, place, file string
	}{
		{
			codeant.Finding{Analysis: codeant.SAST, RuleID: "r", Title: "t", Message: "a\nb", Path: `.\src\a.go`},
			"sast/r", "a\nb", "a b", "src/a.go", "src/a.go",
		},
		{
			codeant.Finding{Analysis: codeant.SCA, Title: "CVE-1", Package: left},
			"sca/CVE-1", "CVE-1\n\nThis finding has no place in the repository: it is about the dependency left-pad@1.0 0.", "CVE-1", "left-pad", "",
		},
		{
			codeant.Finding{Analysis: codeant.SCA, Title: "CVE-1", Package: left, Path: "package.json"},
			"sca/CVE-1", "CVE-1", "CVE-1", "package.json", "package.json",
		},
		{
			codeant.Finding{Path: "../x", Message: " "},
			"codeant/unnamed", "codeant/unnamed\n\nThis finding has no place in the repository: CodeAnt names ../x.", "codeant/unnamed", "codeant", "",
		},
		{
			codeant.Finding{Analysis: codeant.Secrets, RuleID: "aws-key", Title: "AWS\nkey", Message: "AKIAhunter2", Path: "a.env"},
			"secrets/aws-key", "A secret was found here. Its type is: AWS key.", "A secret was found here. Its type is: AWS key.", "a.env", "a.env",
		},
	} {
		assert.Equal(t, c.rule, finding.RuleID(c.finding))
		assert.Equal(t, c.message, finding.Message(c.finding))
		assert.Equal(t, c.summary, finding.Summary(c.finding))
		assert.Equal(t, c.place, finding.Place(c.finding))
		file, ok := finding.File(c.finding)
		assert.Equal(t, c.file, file)
		assert.Equal(t, c.file != "", ok)
	}
}

func TestAFileIsNamedWithoutWhiteSpaceAroundItOrNotAtAll(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"a.go": "a.go", " a.go\n": "a.go", "/a b/c.go": "a b/c.go", "a/ b.go": "a/ b.go", " ../a/../b.go": "",
		"": "", " ": "", "/": "", " /": "", "/ /": "", "/ /a.go": "", "a/../ /b.go": "", "\t/ ": "",
	} {
		file, ok := finding.File(codeant.Finding{Path: name})
		assert.Equal(t, want, file, "%q", name)
		assert.Equal(t, want != "", ok, "%q", name)
	}
}

func TestLine(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "a b", finding.Line(codeant.Finding{Path: "a.go", Message: "a\nb"}))
	assert.Equal(t, "Vulnerable. This finding has no place in the repository: CodeAnt names no file for it.",
		finding.Line(codeant.Finding{Message: "Vulnerable."}))
}

func TestALongRuleKeepsItsBeginningAndAHash(t *testing.T) {
	t.Parallel()
	one := finding.RuleID(codeant.Finding{Analysis: codeant.SAST, RuleID: strings.Repeat("ü", 300)})
	two := finding.RuleID(codeant.Finding{Analysis: codeant.SAST, RuleID: strings.Repeat("ü", 300) + "!"})
	assert.LessOrEqual(t, len(one), 255)
	assert.True(t, strings.HasPrefix(one, "sast/üüü"))
	assert.NotEqual(t, one, two)
}

func TestIdentitiesNumberTwinsByTheirLines(t *testing.T) {
	t.Parallel()
	twin := func(line, column int) codeant.Finding {
		return codeant.Finding{Analysis: codeant.SAST, RuleID: "r", Path: "a.go", StartLine: line, Column: column}
	}
	other := codeant.Finding{Analysis: codeant.SAST, RuleID: "other"}
	same, alone := twin(1, 1).Fingerprint(), other.Fingerprint()
	assert.Equal(t, []string{same + ":3", alone + ":1", same + ":1", same + ":2"},
		finding.Identities([]codeant.Finding{twin(9, 2), other, twin(3, 0), twin(9, 1)}, 4))
	assert.Equal(t, []string{same + ":3", alone + ":1"},
		finding.Identities([]codeant.Finding{twin(9, 2), other, twin(3, 0), other, twin(9, 1)}, 2), "the others count")
	assert.Empty(t, finding.Identities(nil, 0))
}
