// Package success judges whether the JSON of an answer with a 2xx status says that it failed all the same.
package success

import (
	"fmt"
	"strings"

	"github.com/codeant-sdk/codeant/internal/jsonscan"
)

// Except names what a caller judges itself. Values are combined with |.
type Except byte

// What can be left out. Each covers its key in every letter case.
const (
	Status Except = 1 << iota // "status"; "state" is still judged
	Errors                    // "errors", where analysers report files that they could not read
	others

	All = Status | Errors | others
)

// Refused reports whether a document says that it failed, and where it says so. The reason
// quotes nothing but the name of the key and, of a status, the known word. The members of a document without Fields are
// read from its Value.
//
// Keys count in any letter case: to take an answer for a failure costs less than a success that did not happen.
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

// rules are the keys under which an answer says that it failed.
var rules = [...]struct {
	key   string
	left  Except
	judge func(key string, value jsonscan.Value) string
}{
	{key: "status", left: Status, judge: failedStatus},
	{key: "state", left: others, judge: failedStatus},
	{key: "statusCode", left: others, judge: failedCode},
	{key: "success", left: others, judge: saysFalse},
	{key: "ok", left: others, judge: saysFalse},
	{key: "error", left: others, judge: holdsSomething},
	{key: "errors", left: Errors, judge: holdsSomething},
	{key: "errorMessage", left: others, judge: holdsSomething},
	{key: "exception", left: others, judge: holdsSomething},
}

func judge(key []byte, value jsonscan.Value, except Except) string {
	for _, rule := range rules {
		if except&rule.left == 0 && jsonscan.SameKey(key, rule.key) {
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

// failureWord returns the word of failure that a string is, in lower case. Only ASCII is folded: a word with look-alikes
// of its letters is a word that nobody sends.
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

// failedCode looks for a number of 400 or more, also in a string.
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
	return ok && n >= 400 || !ok && value[0] != '-' // a number that does not fit a float64 is far above
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

// equalASCII compares text with a word in lower case.
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
