package pipeline

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestATextIsCleanBeforeItLeaves(t *testing.T) {
	t.Parallel()
	texts := &Texts{}
	texts.hide(`cdt_a!b:c@d&e"f<g`)
	texts.hide("short")
	for text, want := range map[string]string{
		"fine, as it is: a/b.go:3":                                  "fine, as it is: a/b.go:3",
		`the token cdt_a!b:c@d&e"f<g in a text`:                     "the token cdt_••••\"f<g in a text",
		`escaped: cdt_a!b:c@d\u0026e\"f\u003cg`:                     `escaped: cdt_••••"f<g`,
		`in HTML: cdt_a!b:c@d&amp;e&#34;f&lt;g`:                     `in HTML: cdt_••••"f<g`,
		"another token: -tcdt_0123456789abcdef":                     "another token: -tcdt_••••cdef",
		"of GitHub: ghp_0123456789abcdef":                           "of GitHub: ghp_••••",
		"https://s3.example/k?X-Amz-Signature=abc":                  "https://s3.example/k?…",
		"a short secret is none":                                    "a short secret is none",
		"one\n::set-output name=a::b":                               "one : :set-output name=a: :b",
		":::error:::::x":                                            ": : :error: : : : :x",
		"##vso[task.setvariable]a ###[error]":                       "## vso[task.setvariable]a ### [error]",
		"##teamcity[buildStop]":                                     "## teamcity[buildStop]",
		"+++ a section ++++++":                                      "+ + + a section + + + + + +",
		"--- a section":                                             "- - - a section",
		"x%0A::error%0d":                                            "x% 0A: :error% 0d",
		"section_start:1:x":                                         "section_start :1:x",
		"hidden \u202e\u200b\x1b[31mred":                            "hidden [31mred",
		"allow it with WithGatePolicy":                              "allow it with -passing-status",
		"gates that WithGatePolicy requires: \"iac\"":               "gates that -require names: \"iac\"",
		"request less, or raise the limit with WithMaxResponseSize": "ask for less",
		"scan fewer files at once with Include":                     "scan fewer files at once with -i",
		"add it to this system's, name its file in SSL_CERT_FILE, or use WithHTTPClient with a changed DefaultTransport": "add it to this system's, or name its file in SSL_CERT_FILE",
	} {
		assert.Equal(t, want, texts.Clean(text), "%q", text)
		assert.Equal(t, want, texts.Clean(texts.Clean(text)), "cleaning twice changes nothing: %q", text)
	}
}

func TestAColumnIsCutAndAPathShortenedInTheMiddle(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "日本…", fit("日本語の名前", 6))
	assert.Equal(t, "short", fit("short", 6))
	assert.Equal(t, "services…ayment/handler.go", shorten("services/api/internal/payment/handler.go", 26))
	assert.Equal(t, "a.go", shorten("a.go", 26))
}
