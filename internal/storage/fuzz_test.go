package storage

import (
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
)

// FuzzContent: no body makes the reading fail, nor speaks of an error and counts as stored, and what is printed of it is plain.
func FuzzContent(f *testing.F) {
	for _, seed := range []string{
		"", "OK", `<Error><Code>AccessDenied</Code></Error>`, `<?xml version="1.0" encoding="ISO-8859-1"?><Error/>`, "\ufeff<Error>", "<!DOCTYPE x [<!ENTITY e \"y\">]><r>&e;</r>",
		`{"error":{"code":"x"}}`, `[1`, "NoSuchBucket", "<html><title>Login</title>", "\xff\xfe<\x00E\x00", "<a><b></a>", "<ErrorResponse>\x1b[31m</ErrorResponse>",
	} {
		f.Add("application/xml", seed, true)
		f.Add("text/html; charset=x", seed, false)
	}
	f.Fuzz(func(t *testing.T, contentType, body string, whole bool) {
		parse(contentType, []byte(body), whole)
		for _, before := range []string{"", "\ufeff", "\n\t", `<?xml version="1.0"?>`} {
			c := parse(contentType, []byte(before+"<Error><Message>"+strings.Map(letters, body)+"</Message></Error>"), whole)
			assert.NotEmpty(t, c.complaint)
		}
		printed := PlainText(body, 200)
		assert.Equal(t, -1, strings.IndexFunc(printed, unicode.IsControl))
		assert.NotContains(t, printed, "<")
	})
}

func letters(r rune) rune {
	if r < utf8Letters && unicode.IsLetter(r) {
		return r
	}
	return -1
}

const utf8Letters = 0x80
