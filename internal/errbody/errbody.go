// Package errbody extracts the message from the body of an error answer, whether it comes from the API, from a gateway in
// front of it or from an unrelated proxy.
package errbody

import (
	"bytes"
	"mime"
	"regexp"
	"strings"
	"sync"

	"github.com/codeant-sdk/codeant/internal/jsonscan"
)

// maxBody is how many bytes of a body are read. A message is at its beginning.
const maxBody = 64 << 10

var (
	invisible = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?is)<(script|style)\b.*?</(script|style)>`) })
	title     = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?is)<title[^>]*>(.*?)</title>`) })
	tags      = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?s)<[^>]*>`) })
)

// Read returns the error code and the message in a body. Of JSON, the message is the first of error.message, message, error
// and detail that is not empty; of HTML, it is the title or else the text. Both are neither shortened nor redacted.
func Read(contentType string, body []byte) (code, message string) {
	body = bytes.TrimSpace(jsonscan.TrimBOM(body[:min(len(body), maxBody)]))
	members, err := jsonscan.Parse(nil, body)
	value := jsonscan.Value(body)
	switch {
	case len(body) == 0:
		return "", ""
	case err == nil && value.Kind() == jsonscan.Object:
		return readObject(members)
	case err == nil:
		return "", text(value)
	case IsMarkup(contentType, body):
		return "", markup(body)
	case body[0] == '{' || body[0] == '[':
		return "", "" // truncated JSON is not a message and may contain a secret
	}
	return "", string(body)
}

// IsMarkup reports whether a body is HTML or XML, by its content type or its beginning. A JSON API never answers with either.
func IsMarkup(contentType string, body []byte) bool {
	mediaType, _, _ := mime.ParseMediaType(contentType)
	switch {
	case mediaType == "text/html", mediaType == "application/xhtml+xml", mediaType == "text/xml", mediaType == "application/xml":
		return true
	}
	return bytes.HasPrefix(bytes.TrimSpace(body), []byte("<"))
}

func readObject(members jsonscan.Fields) (code, message string) {
	inner, _ := members.Get("error").Fields(nil)
	if message = first(inner, "message", "detail"); message == "" {
		message = first(members, "message", "error", "detail", "errors", "error_description")
	}
	if code = first(inner, "code", "type"); code == "" {
		code = first(members, "code", "error_code", "errorCode")
	}
	return code, message
}

func first(members jsonscan.Fields, keys ...string) string {
	for _, key := range keys {
		if s := text(members.Get(key)); s != "" {
			return s
		}
	}
	return ""
}

// text returns the characters of a string or the JSON of another value. It returns "" for null, false and empty values.
func text(value jsonscan.Value) string {
	if s, isText := value.Text(); isText {
		return strings.TrimSpace(s)
	}
	switch trimmed := string(bytes.TrimSpace(value)); trimmed {
	case "null", "false", "{}", "[]":
		return ""
	default:
		return trimmed
	}
}

func markup(body []byte) string {
	body = invisible().ReplaceAll(body, nil)
	if m := title().FindSubmatch(body); m != nil {
		if t := strings.TrimSpace(string(m[1])); t != "" {
			return t
		}
	}
	return strings.Join(strings.Fields(string(tags().ReplaceAll(body, []byte(" ")))), " ")
}
