package redact_test

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"

	"github.com/codeant-sdk/codeant/internal/redact"
)

func TestLast4SparesShortSecrets(t *testing.T) {
	t.Parallel()
	for secret, want := range map[string]string{
		"":             "",
		"1234567":      "",
		"12345678":     "5678",
		"cdt_abcdwxyz": "wxyz",
		"äöüß":         "",
		"äöüßäöü1234":  "1234",
	} {
		t.Run(secret, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, want, redact.Last4(secret))
		})
	}
}

func TestMaskShowsPrefixAndEnd(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "cdt_••••wxyz", redact.Mask("cdt_", "cdt_abcdefwxyz"))
	assert.Equal(t, "cdt_••••", redact.Mask("cdt_", "short"))
}

func TestTextHidesSecrets(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		text, want string
		secrets    []string
	}{
		"nothing to hide":         {text: "the scan failed", want: "the scan failed"},
		"empty":                   {text: "", want: ""},
		"given secret":            {text: "bad token s3cr3t-value!", secrets: []string{"s3cr3t-value"}, want: "bad token cdt_••••alue!"},
		"given secret twice":      {text: "abcdefgh1 abcdefgh1", secrets: []string{"abcdefgh1"}, want: "cdt_••••fgh1 cdt_••••fgh1"},
		"several secrets":         {text: "first-one-1111 second-one-2222", secrets: []string{"first-one-1111", "second-one-2222"}, want: "cdt_••••1111 cdt_••••2222"},
		"empty secret":            {text: "as it is", secrets: []string{""}, want: "as it is"},
		"unknown CodeAnt token":   {text: "used cdt_0123456789abcdef here", want: "used cdt_••••cdef here"},
		"prefix alone":            {text: "tokens begin with cdt_", want: "tokens begin with cdt_"},
		"GitHub":                  {text: "ghp_0123456789abcdef", want: "ghp_••••"},
		"GitHub fine-grained":     {text: "github_pat_0123456789abcdef", want: "github_pat_••••"},
		"GitLab":                  {text: "x glpat-0123456789abcdef y", want: "x glpat-•••• y"},
		"Bitbucket":               {text: "ATBB0123456789abcdef", want: "ATBB••••"},
		"user information":        {text: "https://user:pass@example.com/x", want: "https://…@example.com/x"},
		"query":                   {text: `Put "https://s3.example.com/key?X-Amz-Signature=abc&x=1": EOF`, want: `Put "https://s3.example.com/key?…": EOF`},
		"query without a URL":     {text: "X-Amz-Signature=abcdef&x=1", want: "X-Amz-Signature=…&x=1"},
		"lower-case query":        {text: "x-amz-credential=abcdef", want: "x-amz-credential=…"},
		"access token of a query": {text: "access_token=abcdef", want: "access_token=…"},
		"terminal escapes":        {text: "\x1b]0;title\x07\x1b[31mred", want: "]0;title [31mred"},
		"forged log lines":        {text: "a\r\n::set-output name=x::y\u2028b\u2029c\u0085d", want: "a ::set-output name=x::y b c d"},
		"invalid UTF-8":           {text: "a\xff\xfeb", want: "a\uFFFDb"},
		"white space":             {text: "  a \t\n b  ", want: "a b"},
		"invisible characters":    {text: "a\u200b\u202eb\u115f\u1160c\u3164\uffa0d\u034fe", want: "abcde"},
		"too short for a token":   {text: "cdt_1234567", want: "cdt_1234567"},
		"the shortest token":      {text: "cdt_12345678", want: "cdt_••••5678"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, test.want, redact.Text(test.text, 200, test.secrets...))
		})
	}
}

func TestSecretsAreMaskedInEveryFormThatTextsQuoteThem(t *testing.T) {
	t.Parallel()
	const secret = `a"b\c/d<e>&f g=é+1234`
	for name, form := range map[string]string{
		"as it is":        secret,
		"JSON":            `a\"b\\c/d\u003ce\u003e\u0026f g=é+1234`,
		"JSON, not HTML":  `a\"b\\c/d<e>&f g=é+1234`,
		"query":           `a%22b%5Cc%2Fd%3Ce%3E%26f+g%3D%C3%A9%2B1234`,
		"lower-case":      `a%22b%5cc%2fd%3ce%3e%26f+g%3d%c3%a9%2b1234`,
		"path":            `a%22b%5Cc%2Fd%3Ce%3E&f%20g=%C3%A9+1234`,
		"HTML":            `a&#34;b\c/d&lt;e&gt;&amp;f g=é+1234`,
		"password of URL": `a%22b%5Cc%2Fd%3Ce%3E&f%20g=%C3%A9+1234`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, "before cdt_••••1234 behind", redact.Secrets("before "+form+" behind", secret))
		})
	}
	assert.Equal(t, "used cdt_••••_.-9", redact.Secrets("used Az09_.-9", "Az09_.-9"))
}

func TestTextKeepsItsLimitInCharacters(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		text, want string
		limit      int
	}{
		"at the limit":      {text: "abcde", limit: 5, want: "abcde"},
		"above":             {text: "abcdef", limit: 5, want: "abcd…"},
		"characters":        {text: "äöüßé", limit: 5, want: "äöüßé"},
		"characters, above": {text: "äöüßéx", limit: 5, want: "äöüß…"},
		"one":               {text: "ab", limit: 1, want: "…"},
		"hostile":           {text: strings.Repeat("a", 10<<20), limit: 8, want: "aaaaaaa…"},
		"long characters":   {text: strings.Repeat("😀", 3000), limit: 3000, want: strings.Repeat("😀", 3000)},
		"at the margin":     {text: "ab" + strings.Repeat(" ", 8220) + "cd", limit: 8, want: "ab cd"},
		"above the margin":  {text: "ab" + strings.Repeat(" ", 8221) + "cd", limit: 8, want: "ab"},
		"one long word":     {text: " " + strings.Repeat("a", 9000), limit: 8, want: ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, test.want, redact.Text(test.text, test.limit))
		})
	}
}

func TestTextRecognisesASecretAcrossTheLimit(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "aaaaaaaa cdt_••…", redact.Text("aaaaaaaa cdt_0123456789abcdef", 16))
}

func FuzzText(f *testing.F) {
	for _, seed := range []string{"", "Bearer ", "https://u:", "https://x/?a=", "\x1b[31m", "\xff", "cdt_", "\u2028", "Signature="} {
		f.Add(seed, "@ after", seed, uint16(40))
		f.Add(seed+strings.Repeat(" ", 9000), "", seed, uint16(0))
	}
	f.Fuzz(func(t *testing.T, before, after, seed string, size uint16) {
		sum := sha256.Sum256([]byte(seed))
		secret := "cdt_" + hex.EncodeToString(sum[:])
		limit := int(size) + 1
		got := redact.Text(before+secret+after+secret, limit, secret)
		assert.NotContains(t, got, secret)
		assert.LessOrEqual(t, utf8.RuneCountInString(got), limit)
		assert.True(t, utf8.ValidString(got))
		assert.Equal(t, -1, strings.IndexFunc(got, unicode.IsControl))
	})
}
