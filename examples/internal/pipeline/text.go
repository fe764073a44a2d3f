package pipeline

import (
	"regexp"
	"strings"

	"github.com/codeant-sdk/codeant/internal/redact"
)

// maxText is the maximum number of characters of a printed text.
const maxText = 4000

// Texts makes all output safe: on the terminal, in the log, in a file. It knows the token in use.
type Texts struct{ secrets []string }

// hide registers a value as secret. It ignores values that are shorter than any token, which would be found everywhere.
func (t *Texts) hide(value string) {
	if value = strings.TrimSpace(value); len(value) >= 8 {
		t.secrets = append(t.secrets, value)
	}
}

// Clean makes a text safe to show; all texts for people pass through it. It masks tokens and the queries of URLs,
// removes line breaks, control and invisible characters, and disarms commands for the CI system that shows the text.
func (t *Texts) Clean(text string) string {
	text = redact.Text(programWords.Replace(text), maxText, t.secrets...)
	for _, c := range commands {
		text = c.pattern.ReplaceAllStringFunc(text, c.defuse)
	}
	return text
}

// mask is for files, in which only the token is masked.
func (t *Texts) mask(text string) string { return redact.Secrets(text, t.secrets...) }

// programWords replaces the Go names in the library's advice with flags.
var programWords = strings.NewReplacer(
	": codeant: ", ": ", "; codeant: ", "; ",
	"gates that WithGatePolicy requires", "gates that -require names",
	"allow it with WithGatePolicy", "allow it with -passing-status",
	"RequiredGates or IgnoredGates", "-require or -ignore",
	"or use WithInsecureHTTP on purpose", "such as that of a proxy with TLS",
	"or use WithToken", "or use -token-file",
	"with WithBaseURL", "with -api",
	", name its file in SSL_CERT_FILE, or use WithHTTPClient with a changed DefaultTransport", ", or name its file in SSL_CERT_FILE",
	"request less, or raise the limit with WithMaxResponseSize", "ask for less",
	"scan fewer files at once with Include", "scan fewer files at once with -i",
	"; or use Cobertura, which takes the module's path and directory", "",
	", or use Cobertura, which takes the module's path and directory", "",
)

// commands lists the texts that CI systems treat as commands in a log. A space is inserted into each.
var commands = []struct {
	pattern *regexp.Regexp
	defuse  func(string) string
}{
	// GitHub Actions
	{regexp.MustCompile(`:{2,}`), spaced},
	// Azure Pipelines, TeamCity
	{regexp.MustCompile(`##[A-Za-z]*\[`), func(s string) string { return "## " + s[2:] }},
	// Buildkite
	{regexp.MustCompile(`\+{3,}|^(-{3,}|~{3,}|\^{3,})`), spaced},
	// GitLab CI
	{regexp.MustCompile(`section_(start|end):`), func(s string) string { return strings.Replace(s, ":", " :", 1) }},
	// A line break inside a command
	{regexp.MustCompile(`%0[AaDd]`), func(s string) string { return "% " + s[1:] }},
}

func spaced(s string) string { return strings.Join(strings.Split(s, ""), " ") }
