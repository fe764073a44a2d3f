package sarif

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

var newlines = strings.NewReplacer("\r\n", "\n", "\r", "\n")

// clean makes a text of the scanned code fit for viewers and their databases, some of which refuse control characters.
// What is replaced leaves a mark.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return utf8.RuneError
		}
		return r
	}, newlines.Replace(s))
	return strings.TrimSpace(s)
}

func oneLine(s string) string { return strings.Join(strings.Fields(clean(s)), " ") }

func shorten(s string, characters int) string {
	if runes := []rune(s); len(runes) > characters {
		return string(runes[:characters-1]) + "…"
	}
	return s
}

func cleanAll(texts []string) []string {
	var cleaned []string
	for _, s := range texts {
		if s = oneLine(s); s != "" {
			cleaned = append(cleaned, s)
		}
	}
	return cleaned
}
