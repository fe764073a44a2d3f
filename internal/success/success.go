// Package success detects JSON answers that report a failure although their status is 2xx.
package success

import (
	"fmt"
	"strings"

	"github.com/codeant-sdk/codeant/internal/jsonscan"
)

// Except is a set of keys that Refused skips, because the caller checks them itself. Combine values with |.
type Except byte

// The keys that can be skipped, each in every letter case.
const (
	Status Except = 1 << iota // "status"; "state" is still judged
	Errors                    // "errors", where analyzers list files that they could not read
	others

	All = Status | Errors | others
)

// Refused reports whether a document says that the call failed, and why Refused thinks so. The reason contains only the name
// of the key and, for a status, the word that was recognized. If a document has no Fields, its members are read from its
// Value.
//
// The letter case of keys does not matter: a false failure does less harm than a false success.
func Refused(doc jsonscan.Document, except Except) (reason string, failed bool) {
	if doc.Fields == nil {
		for key, value := range doc.Value.Members() {
			if reason := judge(key, value, except); reason != "" {
				return reason, true
			}
		}
	}
	for _, field := range doc.Fields {
		if reason := judge(field.Key, field.Value, except); reason != "" {
			return reason, true
		}
	}
	return "", false
}

// rules lists the keys that can report a failure.
var rules = [...]struct {
	key   string
	skip  Except
	judge func(key string, value jsonscan.Value) string
}{
	{key: "status", skip: Status, judge: failedStatus},
	{key: "state", skip: others, judge: failedStatus},
	{key: "statusCode", skip: others, judge: failedCode},
	{key: "success", skip: others, judge: saysFalse},
	{key: "ok", skip: others, judge: saysFalse},
	{key: "error", skip: others, judge: holdsSomething},
	{key: "errors", skip: Errors, judge: holdsSomething},
	{key: "errorMessage", skip: others, judge: holdsSomething},
	{key: "exception", skip: others, judge: holdsSomething},
}

func judge(key []byte, value jsonscan.Value, except Except) string {
	for _, rule := range rules {
		if except&rule.skip == 0 && jsonscan.SameKey(key, rule.key) {
			return rule.judge(rule.key, value)
		}
	}
	return ""
}

func failedStatus(key string, value jsonscan.Value) string {
	if word := failureWord(value); word != "" {
		return fmt.Sprintf("%q: %q", key, word)
	}
	return failedCode(key, value)
}

// failureWord returns the string in lower case if it is a word that means failure, and otherwise "". Only ASCII letters are
// folded, because no server sends look-alikes of them.
func failureWord(value jsonscan.Value) string {
	text, _ := value.Text()
	text = strings.TrimSpace(text)
	for _, word := range [...]string{
		"error", "failed", "failure", "fail", "rejected", "denied", "invalid", "unauthorized", "forbidden",
	} {
		if equalASCII(text, word) {
			return word
		}
	}
	return ""
}

// failedCode looks for a number of 400 or more, which may be in a string.
func failedCode(key string, value jsonscan.Value) string {
	if text, isText := value.Text(); isText {
		value = jsonscan.Value(strings.TrimSpace(text))
		if jsonscan.Check(value) != nil {
			return ""
		}
	}
	if atLeast400(value) {
		return fmt.Sprintf("%q of 400 or more", key)
	}
	return ""
}

func atLeast400(value jsonscan.Value) bool {
	if value.Kind() != jsonscan.Number {
		return false
	}
	n, ok := value.Float()
	return ok && n >= 400 || !ok && value[0] != '-' // a number too large for a float64 is above 400 too
}

func saysFalse(key string, value jsonscan.Value) string {
	text, isText := value.Text()
	yes, isBool := value.Bool()
	if isBool && !yes || isText && equalASCII(strings.TrimSpace(text), "false") {
		return fmt.Sprintf("%q: false", key)
	}
	return ""
}

func holdsSomething(key string, value jsonscan.Value) string {
	if isNothing(value) {
		return ""
	}
	return fmt.Sprintf("something in %q", key)
}

// isNothing reports whether a value is null, false, 0 or empty.
func isNothing(value jsonscan.Value) bool {
	switch value.Kind() {
	case jsonscan.Bool:
		yes, _ := value.Bool()
		return !yes
	case jsonscan.Number:
		n, ok := value.Float()
		return ok && n == 0
	case jsonscan.String:
		text, _ := value.Bytes()
		return len(text) == 0
	case jsonscan.Array:
		for range value.Elements() {
			return false
		}
	case jsonscan.Object:
		for range value.Members() {
			return false
		}
	}
	return true
}

// equalASCII reports whether text is equal to word, which is in lower case, if the letter case of ASCII is ignored.
func equalASCII(text, word string) bool {
	if len(text) != len(word) {
		return false
	}
	for i := range len(text) {
		c := text[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != word[i] {
			return false
		}
	}
	return true
}
