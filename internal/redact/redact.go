// Package redact makes text that came from elsewhere fit to be printed: no token, no password or query of a URL, no
// control character, and no more than a line or two.
package redact

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bullets stand for the part of a secret that is not shown.
const Bullets = "••••"

var (
	// The character class is that of tokens in the wild; a token with others in it is masked as one of the secrets.
	codeantToken = regexp.MustCompile(`cdt_[A-Za-z0-9._~+/=-]{8,}`)
	foreignToken = regexp.MustCompile(`\b(ghp_|gho_|ghu_|ghs_|ghr_|github_pat_|glpat-|glptt-|gldt-|ATATT|ATBB|ATCTT)[A-Za-z0-9._~+/=-]{8,}`)
	userInfo     = regexp.MustCompile(`://[^/?#\s"'@]*@`)
	query        = regexp.MustCompile(`(://[^\s"'?]*)\?[^\s"']*`)
	bareQuery    = regexp.MustCompile(`(?i)\b(X-Amz-(?:Signature|Credential|Security-Token)|Signature|sig|AWSAccessKeyId|access_token)=[^\s"'&]+`)
)

// Mask shows of a secret that begins with prefix the prefix and the last four characters.
func Mask(prefix, secret string) string { return prefix + Bullets + Last4(secret) }

// Last4 returns the last four characters of a secret, or none of one too short to spare them.
func Last4(secret string) string {
	if len(secret) < 8 {
		return ""
	}
	runes := []rune(secret)
	if len(runes) < 8 {
		return ""
	}
	return string(runes[len(runes)-4:])
}

// Text returns s fit to be printed, in at most limit characters. Each of the secrets is masked wherever it stands, and
// so is whatever looks like a token, the user information and the query of a URL.
func Text(s string, limit int, secrets ...string) string {
	for _, secret := range secrets {
		if secret != "" {
			s = strings.ReplaceAll(s, secret, Mask("cdt_", secret))
		}
	}
	// A hostile text may be long; what is cut off here could not be shown anyway. A word that the cut goes through
	// might be a token that is not recognised any more, so it goes too.
	if margin := 4*limit + 8192; len(s) > margin {
		s = s[:margin]
		if end := strings.LastIndexFunc(s, unicode.IsSpace); end >= 0 {
			s = s[:end]
		}
	}
	s = codeantToken.ReplaceAllStringFunc(s, func(t string) string { return Mask("cdt_", t) })
	s = foreignToken.ReplaceAllString(s, "${1}"+Bullets)
	s = userInfo.ReplaceAllString(s, "://…@")
	s = query.ReplaceAllString(s, "${1}?…")
	s = bareQuery.ReplaceAllString(s, "${1}=…")
	s = strings.ToValidUTF8(s, "\uFFFD")
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, s)
	s = strings.Join(strings.Fields(s), " ")
	if utf8.RuneCountInString(s) > limit {
		s = string([]rune(s)[:limit-1]) + "…"
	}
	return s
}
