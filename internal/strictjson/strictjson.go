// Package strictjson reads JSON without the leniency of encoding/json that turns half an answer into a whole one: one
// value and nothing behind it, keys in exactly one letter case, doubled keys seen. Its slices share the memory of what
// is read, so that a large list costs no copy.
package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
)

// Kind is the type of a JSON value.
type Kind byte

// The kinds of JSON values; Invalid is none.
const (
	Invalid Kind = iota
	Null
	Bool
	Number
	String
	Array
	Object
)

func (k Kind) String() string {
	return [...]string{"no JSON", "null", "a boolean", "a number", "a string", "a list", "an object"}[k]
}

// Check reports why data is not exactly one JSON value. A byte order mark at its beginning is not forgiven here; see
// TrimBOM.
func Check(data []byte) error {
	if json.Valid(data) {
		return nil
	}
	if len(bytes.TrimSpace(data)) == 0 {
		return errors.New("it is empty")
	}
	var value json.RawMessage
	err := json.Unmarshal(data, &value)
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax) && syntax.Offset >= int64(len(data)):
		return errors.New("its JSON breaks off")
	case errors.As(err, &syntax):
		return fmt.Errorf("its JSON is wrong at byte %d", syntax.Offset)
	case err != nil:
		return errors.New("its JSON is wrong")
	}
	return errors.New("it is not JSON")
}

// TrimBOM drops the byte order mark that some servers put before UTF-8.
func TrimBOM(data []byte) []byte { return bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")) }

// KindOf tells the kind of a valid JSON value by its first character.
func KindOf(value []byte) Kind {
	value = bytes.TrimLeft(value, " \t\r\n")
	if len(value) == 0 {
		return Invalid
	}
	switch value[0] {
	case 'n':
		return Null
	case 't', 'f':
		return Bool
	case '"':
		return String
	case '[':
		return Array
	case '{':
		return Object
	}
	return Number
}

// Unmarshal decodes exactly one value into v. Its errors name the field and the kind of value found there, and nothing
// of the value itself.
func Unmarshal(data []byte, v any) error {
	if err := Check(data); err != nil {
		return err
	}
	err := json.Unmarshal(data, v)
	var mismatch *json.UnmarshalTypeError
	if errors.As(err, &mismatch) && mismatch.Field != "" {
		return fmt.Errorf("its field %q is %s", mismatch.Field, article(mismatch.Value))
	}
	if errors.As(err, &mismatch) {
		return fmt.Errorf("it is %s", article(mismatch.Value))
	}
	return err
}

func article(kind string) string {
	switch kind {
	case "object", "array":
		return "an " + kind
	}
	if len(kind) > 6 && kind[:6] == "number" {
		return "a number that does not fit"
	}
	return "a " + kind
}

// Members iterates over the keys and values of a valid JSON object in their order, doubled keys included. It yields
// nothing for any other value.
func Members(object []byte) iter.Seq2[string, json.RawMessage] {
	return func(yield func(string, json.RawMessage) bool) {
		if KindOf(object) != Object {
			return
		}
		s := scanner{data: object}
		s.open()
		for !s.closed('}') {
			var key string
			if json.Unmarshal(s.value(), &key) != nil {
				return
			}
			s.skip(':')
			value := s.value()
			if len(value) == 0 || !yield(key, value) {
				return
			}
			s.skip(',')
		}
	}
}

// Elements iterates over the elements of a valid JSON array. It yields nothing for any other value.
func Elements(array []byte) iter.Seq[json.RawMessage] {
	return func(yield func(json.RawMessage) bool) {
		if KindOf(array) != Array {
			return
		}
		s := scanner{data: array}
		s.open()
		for !s.closed(']') {
			value := s.value()
			if len(value) == 0 || !yield(value) {
				return
			}
			s.skip(',')
		}
	}
}

// Get returns the value of key, in exactly this letter case, and how often it stands in the object.
func Get(object []byte, key string) (value json.RawMessage, times int) {
	for k, v := range Members(object) {
		if k == key {
			value = v
			times++
		}
	}
	return value, times
}

// Text returns a JSON string's value, and whether value is a string at all.
func Text(value []byte) (string, bool) {
	if KindOf(value) != String {
		return "", false
	}
	var s string
	err := json.Unmarshal(value, &s)
	return s, err == nil
}

// scanner walks over JSON whose validity is known, and so looks at structure alone.
type scanner struct {
	data []byte
	at   int
}

func (s *scanner) space() {
	for s.at < len(s.data) {
		switch s.data[s.at] {
		case ' ', '\t', '\r', '\n':
			s.at++
		default:
			return
		}
	}
}

func (s *scanner) open() {
	s.space()
	s.at++
}

func (s *scanner) closed(end byte) bool {
	s.space()
	return s.at >= len(s.data) || s.data[s.at] == end
}

func (s *scanner) skip(separator byte) {
	s.space()
	if s.at < len(s.data) && s.data[s.at] == separator {
		s.at++
	}
}

// value returns the value at the scanner's place, capped so that appending to it cannot reach its neighbour.
func (s *scanner) value() json.RawMessage {
	s.space()
	start, depth := s.at, 0
	for s.at < len(s.data) {
		switch s.data[s.at] {
		case '"':
			s.text()
			if depth == 0 {
				return s.data[start:s.at:s.at]
			}
			continue
		case '[', '{':
			depth++
		case ']', '}':
			if depth == 0 {
				return s.data[start:s.at:s.at]
			}
			depth--
			if depth == 0 {
				s.at++
				return s.data[start:s.at:s.at]
			}
		case ',', ' ', '\t', '\r', '\n':
			if depth == 0 {
				return s.data[start:s.at:s.at]
			}
		}
		s.at++
	}
	return s.data[start:s.at:s.at]
}

func (s *scanner) text() {
	s.at++
	for s.at < len(s.data) {
		switch s.data[s.at] {
		case '\\':
			s.at += 2
		case '"':
			s.at++
			return
		default:
			s.at++
		}
	}
	s.at = len(s.data)
}
