package pipeline

import (
	"regexp"
	"strings"

	"github.com/codeant-sdk/codeant/internal/redact"
)

// maxText is the most characters of one text that leaves the program.
const maxText = 4000

// Texts makes what leaves the program harmless: on the terminal, in the log, in a file. It knows the token in use.
type Texts struct{ secrets []string }

// hide makes a value a secret. What is shorter than any token is not one, and would be found everywhere.
func (t *Texts) hide(value string) {
	if value = strings.TrimSpace(value); len(value) >= 8 {
		t.secrets = append(t.secrets, value)
	}
}

// Clean is the one way of a text to a person: tokens and the queries of URLs are masked, it is one line without control
// and invisible characters, and nothing in it is a command for the CI system that shows it.
func (t *Texts) Clean(text string) string {
	text = redact.Text(programWords.Replace(text), maxText, t.secrets...)
	for _, c := range commands {
		text = c.pattern.ReplaceAllStringFunc(text, c.defuse)
	}
	return text
}

// mask is for files, whose text stays as it is but for the token.
func (t *Texts) mask(text string) string { return redact.Secrets(text, t.secrets...) }

// programWords puts flags in the place of the Go names that advice of the library has.
var programWords = strings.NewReplacer(
	": codeant: ", ": ", "; codeant: ", "; ",
	"gates that WithGatePolicy requires", "gates that -require names",
	"allow its word with WithGatePolicy", "allow its word with -passing-status",
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

// commands are what CI systems obey in a log. A space is put into each.
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
