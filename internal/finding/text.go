package finding

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Clean makes a text safe for viewers and their databases. It replaces invalid UTF-8, control characters other than line feeds
// and tabs, invisible characters and changes of direction with U+FFFD.
func Clean(s string) string {
	if !isPlain(s) {
		s = strings.Map(visible, newlines.Replace(s))
	}
	return strings.TrimSpace(s)
}

var newlines = strings.NewReplacer("\r\n", "\n", "\r", "\n")

// isPlain reports whether a text is certainly clean. Nearly all are.
func isPlain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c >= utf8.RuneSelf || c < ' ' && c != '\n' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

func visible(r rune) rune {
	switch {
	case r == '\n', r == '\t':
		return r
	// XML cannot represent the last two.
	case unicode.IsControl(r), unicode.Is(unicode.Cf, r), r == '\u2028', r == '\u2029', r == '\ufffe', r == '\uffff':
		return utf8.RuneError
	}
	return r
}

// OneLine returns Clean(s) on one line with single spaces.
func OneLine(s string) string {
	s = Clean(s)
	if isPlain(s) && !strings.ContainsAny(s, "\n\t") && !strings.Contains(s, "  ") {
		return s
	}
	return strings.Join(strings.Fields(s), " ")
}

// OneLines applies OneLine to a list and drops empty results.
func OneLines(texts []string) []string {
	var cleaned []string
	for _, s := range texts {
		if s = OneLine(s); s != "" {
			cleaned = append(cleaned, s)
		}
	}
	return cleaned
}

// Shorten cuts s to a number of characters, the last of which is then an ellipsis.
func Shorten(s string, characters int) string {
	if len(s) <= characters {
		return s
	}
	if runes := []rune(s); len(runes) > characters {
		return string(runes[:characters-1]) + "…"
	}
	return s
}
