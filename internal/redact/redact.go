// Package redact makes text that came from elsewhere fit to be printed: no token, no password, query or fragment of a
// URL, no control or invisible character, and no more than a line or two.
package redact

import (
	"encoding/json"
	"html"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// Bullets replace the part of a secret that is not shown.
const Bullets = "••••"

// pattern compiles a regular expression when it is first used: most programs print no error.
func pattern(expr string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })
}

var (
	// Tokens in the wild have the characters of the first class. What follows them without a space may belong to a token
	// that has others too, so it goes as well.
	codeantToken = pattern(`(?i)(cdt_[A-Za-z0-9._~+/=-]*)([!-~]*)`)
	foreignToken = pattern(`(ghp_|gho_|ghu_|ghs_|ghr_|github_pat_|glpat-|glptt-|gldt-|ATATT|ATBB|ATCTT)[A-Za-z0-9._~+/=-]{8,}`)
	userInfo     = pattern(`://[^\s<>]*@`)
	query        = pattern(`(://[^\s?#"]*)[?#][^\s"]*`)
	bareQuery    = pattern(`(?i)\b(X-Amz-(?:Signature|Credential|Security-Token)|Signature|sig|AWSAccessKeyId|access_token)=[^\s&]+`)
)

// Mask shows of a secret that begins with prefix the prefix and the last four characters.
func Mask(prefix, secret string) string { return prefix + Bullets + Last4(secret) }

// Last4 returns the last four characters of a secret, or none of one too short to spare them.
func Last4(secret string) string {
	runes := []rune(secret)
	if len(runes) < 8 {
		return ""
	}
	return string(runes[len(runes)-4:])
}

// Text returns s fit to be printed, in at most limit characters. It masks each of the secrets in whatever form a
// transport or a page quotes it, whatever looks like a token, and the user information, query and fragment of URLs.
func Text(s string, limit int, secrets ...string) string {
	if s == "" {
		return ""
	}
	s = Secrets(s, secrets...)
	// A hostile text may be long, and what is cut off here could not be shown anyway. A word that the cut goes through
	// might be a token that is not recognized any more, so it goes too.
	if margin := 4*limit + 8192; len(s) > margin {
		s = s[:margin]
		if end := strings.LastIndexFunc(s, unicode.IsSpace); end >= 0 {
			s = s[:end]
		}
	}
	s = strings.Map(visible, strings.ToValidUTF8(s, "\uFFFD"))
	s = codeantToken().ReplaceAllStringFunc(s, maskToken)
	s = foreignToken().ReplaceAllString(s, "${1}"+Bullets)
	if strings.Contains(s, "://") {
		s = userInfo().ReplaceAllString(s, "://…@")
		s = query().ReplaceAllString(s, "${1}?…")
	}
	s = bareQuery().ReplaceAllString(s, "${1}=…")
	s = strings.Join(strings.Fields(s), " ")
	if utf8.RuneCountInString(s) > limit {
		s = string([]rune(s)[:limit-1]) + "…"
	}
	return s
}

// Secrets masks each of the secrets in s, as it is and as JSON, Go, URLs and HTML write it, and changes nothing else.
func Secrets(s string, secrets ...string) string {
	for _, secret := range secrets {
		if secret == "" {
			continue
		}
		mask := Mask("cdt_", secret)
		for _, form := range forms(secret) {
			s = strings.ReplaceAll(s, form, mask)
		}
	}
	return s
}

// forms lists how a secret may be written, longer forms first, because a shorter one may be a part of them.
func forms(secret string) []string {
	all := []string{secret}
	if strings.Trim(secret, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_.-") == "" {
		return all // every form is the same
	}
	asJSON, _ := json.Marshal(secret)
	plainJSON := strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(string(asJSON))
	quoted := strconv.Quote(secret)
	query := url.QueryEscape(secret)
	return append([]string{
		strings.Trim(string(asJSON), `"`), strings.Trim(plainJSON, `"`), strings.Trim(quoted, `"`),
		query, strings.ToLower(query), url.PathEscape(secret), html.EscapeString(secret), url.UserPassword("", secret).String()[1:],
	}, all...)
}

func maskToken(found string) string {
	const prefix = "cdt_"
	if len(found) < len(prefix)+8 {
		return found
	}
	if m := codeantToken().FindStringSubmatch(found); m[2] == "" {
		return Mask(prefix, m[1])
	}
	return prefix + Bullets
}

// visible maps white space and control characters to a space, and drops what is not seen: zero-width characters, and
// those that change the direction of writing.
func visible(r rune) rune {
	switch {
	case unicode.IsSpace(r), unicode.IsControl(r):
		return ' '
	case unicode.Is(unicode.Cf, r), r == '\u115F', r == '\u1160', r == '\u3164', r == '\uFFA0', r == '\u034F':
		return -1
	}
	return r
}
