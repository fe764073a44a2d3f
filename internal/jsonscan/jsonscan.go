// Package jsonscan reads JSON whose structure is uncertain. It validates and indexes a text in one pass and accepts exactly
// what json.Valid accepts. Unlike encoding/json, it distinguishes the letter case of keys and reports duplicate keys.
//
// Keys and values share the memory of the text. Only keys and strings with escapes are copied.
package jsonscan

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
)

// Limits. A text that exceeds one of them is ErrTooLarge.
const (
	MaxDepth = 10_000 // levels of nesting, as in encoding/json
	MaxKeys  = 10_000 // members of an indexed object
)

// ErrTooLarge matches every error about a text that exceeds a limit.
var ErrTooLarge = errors.New("jsonscan: too large")

type boundError string

func (e boundError) Error() string        { return string(e) }
func (e boundError) Is(target error) bool { return target == ErrTooLarge }

const (
	errDepth boundError = "its JSON is nested more than 10,000 levels deep"
	errKeys  boundError = "an object in it has more than 10,000 keys"
)

// Kind is the type of a JSON value.
type Kind byte

// The kinds of JSON values. Invalid is the kind of a missing value.
const (
	Invalid Kind = iota
	Null
	Bool
	Number
	String
	Array
	Object
)

// String returns the name of the kind with an article, such as "a number".
func (k Kind) String() string {
	return [...]string{"no JSON", "null", "a boolean", "a number", "a string", "a list", "an object"}[k]
}

// Check returns an error unless data is exactly one JSON value. The error gives the position of the first wrong byte and
// quotes nothing. A byte order mark is an error too; see TrimBOM.
func Check(data []byte) error {
	i := space(data, 0)
	return verdict(data, i, value(data, i, 0))
}

// Parse checks data as Check does and, if it is an object, appends its members to dst in the same pass. If data is valid but
// has more than MaxKeys members, the error is ErrTooLarge, and the result has the first MaxKeys members.
func Parse(dst Fields, data []byte) (Fields, error) {
	i := space(data, 0)
	if i == len(data) || data[i] != '{' {
		return dst, verdict(data, i, value(data, i, 0))
	}
	keys := 0
	end := object(data, i, 0, func(key []byte, value Value) bool {
		if keys++; keys <= MaxKeys {
			dst = append(dst, Field{key, value})
		}
		return true
	})
	err := verdict(data, i, end)
	if err == nil && keys > MaxKeys {
		err = errKeys
	}
	return dst, err
}

// verdict returns the error of the whole text, given the end of the value at data[i].
func verdict(data []byte, i, end int) error {
	switch {
	case i == len(data):
		return errors.New("it is empty")
	case end == tooDeep:
		return errDepth
	case end >= 0:
		if end = space(data, end); end == len(data) {
			return nil
		}
		end = ^end
	}
	if at := ^end; at < len(data) {
		return fmt.Errorf("its JSON is wrong at byte %d", at+1)
	}
	return errors.New("its JSON breaks off")
}

// TrimBOM removes the byte order mark that some servers and programs put before UTF-8.
func TrimBOM(data []byte) []byte { return bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")) }

// Decode decodes exactly one value into v with encoding/json. Its errors name the field and the kind of its value, and quote
// nothing.
func Decode(data []byte, v any) error {
	err := json.Unmarshal(data, v)
	var syntax *json.SyntaxError
	var mismatch *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return Check(data)
	case errors.As(err, &mismatch) && mismatch.Field != "":
		return fmt.Errorf("field %q is %s", mismatch.Field, article(mismatch.Value))
	case errors.As(err, &mismatch):
		return fmt.Errorf("it is %s", article(mismatch.Value))
	}
	return err
}

// article adds an article to the name that encoding/json has for a kind: "object" becomes "an object".
func article(kind string) string {
	switch kind {
	case "object":
		return Object.String()
	case "array":
		return Array.String()
	case "bool":
		return Bool.String()
	}
	if len(kind) > len("number") && kind[:len("number")] == "number" {
		return "a number that does not fit"
	}
	return "a " + kind
}

// Value is the valid text of one JSON value. The zero Value represents a missing value: its kind is Invalid, and its methods
// find nothing.
type Value []byte

// Kind returns the value's kind, which follows from its first character.
func (v Value) Kind() Kind {
	i := space(v, 0)
	if i == len(v) {
		return Invalid
	}
	switch v[i] {
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

// Members iterates over the keys and values of an object in order, including duplicate keys. It yields nothing if the value
// is not an object.
func (v Value) Members() iter.Seq2[[]byte, Value] {
	return func(yield func(key []byte, value Value) bool) {
		if i := space(v, 0); i < len(v) && v[i] == '{' {
			object(v, i, 0, yield)
		}
	}
}

// Elements iterates over the elements of a list. It yields nothing if the value is not a list.
func (v Value) Elements() iter.Seq[Value] {
	return func(yield func(Value) bool) {
		if i := space(v, 0); i < len(v) && v[i] == '[' {
			array(v, i, 0, yield)
		}
	}
}

// Len returns the number of elements of a list, which it counts.
func (v Value) Len() int {
	n := 0
	for range v.Elements() {
		n++
	}
	return n
}

// Element returns the element of a list with an index, or the zero Value.
func (v Value) Element(index int) Value {
	for element := range v.Elements() {
		if index == 0 {
			return element
		}
		index--
	}
	return nil
}

// Fields appends the members of an object to dst. A value of another kind has none. If an object has more than MaxKeys
// members, the error is ErrTooLarge.
func (v Value) Fields(dst Fields) (Fields, error) { return Parse(dst, v) }

// Document is a valid JSON text. Its Fields are empty unless it is an object.
type Document struct {
	Fields
	Value Value
}

// Kind returns the kind of the whole document.
func (d Document) Kind() Kind { return d.Value.Kind() }

// Raw returns the text.
func (d Document) Raw() json.RawMessage { return json.RawMessage(d.Value) }
