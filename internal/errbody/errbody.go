// Package errbody finds the human sentence in the body of an error answer, whatever sent it: the API, a gateway in
// front of it, or a proxy that has never heard of it.
package errbody

import (
	"bytes"
	"encoding/json"
	"mime"
	"regexp"
	"strings"
	"sync"
)

// maxBody is how much of a body is looked at: what it says is at its beginning.
const maxBody = 64 << 10

var (
	invisible = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?is)<(script|style)\b.*?</(script|style)>`) })
	title     = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?is)<title[^>]*>(.*?)</title>`) })
	tags      = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?s)<[^>]*>`) })
)

// Read returns the error code and message of a body. JSON is read as error.message, message, error, detail, in this
// order; HTML is reduced to its title or its text. The texts are as they came: not bounded, not redacted.
func Read(contentType string, body []byte) (code, message string) {
	body = bytes.TrimSpace(bytes.TrimPrefix(body[:min(len(body), maxBody)], []byte("\xef\xbb\xbf")))
	if len(body) == 0 {
		return "", ""
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(body, &fields) == nil {
		return readObject(fields)
	}
	if json.Valid(body) {
		return "", text(body)
	}
	if IsMarkup(contentType, body) {
		return "", markup(body)
	}
	if body[0] == '{' || body[0] == '[' {
		return "", "" // JSON that broke off: not a sentence, and what is in it may be a secret
	}
	return "", string(body)
}

// IsMarkup reports whether a body is HTML or XML, by its type or by how it begins: never the answer of a JSON API.
func IsMarkup(contentType string, body []byte) bool {
	mediaType, _, _ := mime.ParseMediaType(contentType)
	switch {
	case mediaType == "text/html", mediaType == "application/xhtml+xml", mediaType == "text/xml", mediaType == "application/xml":
		return true
	}
	return bytes.HasPrefix(bytes.TrimSpace(body), []byte("<"))
}

func readObject(fields map[string]json.RawMessage) (code, message string) {
	code = first(fields, "code", "error_code", "errorCode")
	var inner map[string]json.RawMessage
	if json.Unmarshal(fields["error"], &inner) == nil && len(inner) > 0 {
		if c := first(inner, "code", "type"); c != "" {
			code = c
		}
		if m := first(inner, "message", "detail"); m != "" {
			return code, m
		}
	}
	return code, first(fields, "message", "error", "detail", "errors", "error_description")
}

func first(fields map[string]json.RawMessage, keys ...string) string {
	for _, key := range keys {
		if s := text(fields[key]); s != "" {
			return s
		}
	}
	return ""
}

// text renders a JSON value for reading: strings unquoted, nothing for null, false and empty ones.
func text(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return strings.TrimSpace(s)
	}
	switch trimmed := string(bytes.TrimSpace(raw)); trimmed {
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
