// Package redact makes foreign text safe to print: on one line, within a length limit, and without tokens, passwords, queries
// and fragments of URLs, control characters and invisible characters.
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

// Bullets replaces the hidden part of a secret.
const Bullets = "••••"

// pattern compiles a regular expression when it is first used, because most programs never print an error.
func pattern(expr string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })
}

var (
	// Real tokens consist of the characters in the first group. The second group is masked too, because it may belong to
	// a token with other characters.
	codeantToken = pattern(`(?i)(cdt_[A-Za-z0-9._~+/=-]*)([!-~]*)`)
	foreignToken = pattern(`(ghp_|gho_|ghu_|ghs_|ghr_|github_pat_|glpat-|glptt-|gldt-|ATATT|ATBB|ATCTT)[A-Za-z0-9._~+/=-]{8,}`)
	userInfo     = pattern(`://[^\s<>]*@`)
	query        = pattern(`(://[^\s?#"]*)[?#][^\s"]*`)
	bareQuery    = pattern(`(?i)\b(X-Amz-(?:Signature|Credential|Security-Token)|Signature|sig|AWSAccessKeyId|access_token)=[^\s&]+`)
)

// Mask returns the printed form of a secret that begins with prefix: the prefix and the last four characters.
func Mask(prefix, secret string) string { return prefix + Bullets + Last4(secret) }

// Last4 returns the last four characters of a secret, or "" if the secret has fewer than eight.
func Last4(secret string) string {
	runes := []rune(secret)
	if len(runes) < 8 {
		return ""
	}
	return string(runes[len(runes)-4:])
}

// Text returns a form of s that is safe to print, with at most limit characters. It masks the secrets in every form in which
// a transport or a page may quote them, anything that looks like a token, and the user information, query and fragment of
// URLs.
func Text(s string, limit int, secrets ...string) string {
	if s == "" {
		return ""
	}
	s = Secrets(s, secrets...)
	// A hostile text may be long. The part after margin would not be printed anyway. The last word is dropped too, because it
	// may be half a token, which would not be recognized.
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

// Secrets masks the secrets in s, both verbatim and as JSON, Go, URLs and HTML encode them. It changes nothing else.
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

// forms returns the encoded forms of a secret. Longer forms come first, because they may contain shorter ones.
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

// visible maps white space and control characters to a space, and drops zero-width characters and those that change the
// direction of writing.
func visible(r rune) rune {
	switch {
	case unicode.IsSpace(r), unicode.IsControl(r):
		return ' '
	case unicode.Is(unicode.Cf, r), r == '\u115F', r == '\u1160', r == '\u3164', r == '\uFFA0', r == '\u034F':
		return -1
	}
	return r
}
