package finding

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Clean makes a text of the scanned code fit for viewers and their databases: no control characters but line feeds and
// tabs, nothing invisible, no change of direction, valid UTF-8. What is replaced leaves a mark.
func Clean(s string) string {
	if !isPlain(s) {
		s = strings.Map(visible, newlines.Replace(s))
	}
	return strings.TrimSpace(s)
}

var newlines = strings.NewReplacer("\r\n", "\n", "\r", "\n")

// isPlain is for the texts that are as they should be, which are nearly all.
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
	// XML has no way to write the last two.
	case unicode.IsControl(r), unicode.Is(unicode.Cf, r), r == '\u2028', r == '\u2029', r == '\ufffe', r == '\uffff':
		return utf8.RuneError
	}
	return r
}

// OneLine is Clean without line breaks and with single spaces.
func OneLine(s string) string {
	s = Clean(s)
	if isPlain(s) && !strings.ContainsAny(s, "\n\t") && !strings.Contains(s, "  ") {
		return s
	}
	return strings.Join(strings.Fields(s), " ")
}

// OneLines cleans a list and leaves out what is empty.
func OneLines(texts []string) []string {
	var cleaned []string
	for _, s := range texts {
		if s = OneLine(s); s != "" {
			cleaned = append(cleaned, s)
		}
	}
	return cleaned
}

// Shorten cuts s to a number of characters, with an ellipsis for the rest.
func Shorten(s string, characters int) string {
	if len(s) <= characters {
		return s
	}
	if runes := []rune(s); len(runes) > characters {
		return string(runes[:characters-1]) + "…"
	}
	return s
}
