package jsonscan

import (
	"bytes"
	"math"
	"strings"
	"time"
)

// Field is a member of an object, with its decoded key.
type Field struct {
	Key   []byte
	Value Value
}

// Fields holds the members of an object in order, including duplicate keys. Lookups are case-sensitive, and find the last
// member with a duplicate key. Methods with several keys use the first one with a value of the wanted kind.
type Fields []Field

// Rest returns an empty slice of the unused memory after f, for the members of a nested object.
func (f Fields) Rest() Fields { return f[len(f):] }

// Get returns the value of a key, or the zero Value.
func (f Fields) Get(key string) Value {
	for i := len(f) - 1; i >= 0; i-- {
		if string(f[i].Key) == key {
			return f[i].Value
		}
	}
	return nil
}

// Found is the result of Find.
type Found struct {
	Value    Value    // of the last member with the key
	Times    int      // how many members have the key
	Variants []string // keys that SameKey cannot tell from it
}

// Sole reports whether the object has the key once and no variant of it.
func (f Found) Sole() bool { return f.Times == 1 && len(f.Variants) == 0 }

// Find returns all that the object has under a key and its variants; see SameKey.
func (f Fields) Find(key string) Found {
	var found Found
	for _, field := range f {
		switch {
		case string(field.Key) == key:
			found.Value = field.Value
			found.Times++
		case SameKey(field.Key, key):
			found.Variants = append(found.Variants, string(field.Key))
		}
	}
	return found
}

// SameKey reports whether key equals name, which is ASCII, under case folding. Folding also turns the long s and the Kelvin
// sign into ASCII letters, as some lenient JSON readers do.
func SameKey(key []byte, name string) bool {
	if len(key) < len(name) {
		return false
	}
	for i, c := range key {
		if c >= 0x80 {
			//lint:ignore SA6005 some readers fold with ToLower, which turns other letters into ASCII than EqualFold
			return strings.EqualFold(string(key), name) || strings.ToLower(string(key)) == strings.ToLower(name)
		}
		if i == len(name) || lower(c) != lower(name[i]) {
			// Later bytes may not be ASCII, but folding them does not change this one.
			return false
		}
	}
	return true
}

// Fold returns key in lower case. Letters that fold to ASCII letters become those.
func Fold(key []byte) string {
	folded := string(key)
	for _, c := range key {
		if c >= 0x80 {
			folded = strings.ToUpper(folded) // the only way from K, ſ and ı to k, s and i
			break
		}
	}
	return strings.ToLower(folded)
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// Bytes is like Text but does not copy, as Value.Bytes.
func (f Fields) Bytes(keys ...string) []byte {
	for _, key := range keys {
		if b := f.Get(key).scalar(); b != nil {
			return b
		}
	}
	return nil
}

// scalar returns the characters of a non-blank string or of a number.
func (v Value) scalar() []byte {
	switch v.Kind() {
	case String:
		if b, _ := v.Bytes(); len(bytes.TrimSpace(b)) > 0 {
			return b
		}
	case Number:
		return bytes.TrimSpace(v)
	}
	return nil
}

// Text returns a non-blank string, or a number as it is written; otherwise "".
func (f Fields) Text(keys ...string) string { return string(f.Bytes(keys...)) }

// Texts returns the texts, as of Text, in a list, but at most limit of them. A single string or number counts as a list of
// one.
func (f Fields) Texts(limit int, keys ...string) []string {
	for _, key := range keys {
		v := f.Get(key)
		if b := v.scalar(); b != nil {
			return []string{string(b)}
		}
		var found []string
		for element := range v.Elements() {
			if len(found) == limit {
				break
			}
			if b := element.scalar(); b != nil {
				found = append(found, string(b))
			}
		}
		if len(found) > 0 {
			return found
		}
	}
	return nil
}

// Number returns a whole number from 0 to math.MaxInt32, such as a count; otherwise 0.
func (f Fields) Number(keys ...string) int {
	for _, key := range keys {
		if n, ok := f.Get(key).Count(); ok {
			return n
		}
	}
	return 0
}

// Count returns a whole number from 0 to math.MaxInt32, and whether the value is such a number.
func (v Value) Count() (int, bool) {
	n, ok := v.Int()
	if !ok || n < 0 || n > math.MaxInt32 {
		return 0, false
	}
	return int(n), true
}

// Float returns a number; otherwise 0.
func (f Fields) Float(keys ...string) float64 {
	for _, key := range keys {
		if n, ok := f.Get(key).Float(); ok {
			return n
		}
	}
	return 0
}

// True reports whether one of the keys holds true.
func (f Fields) True(keys ...string) bool {
	for _, key := range keys {
		if b, _ := f.Get(key).Bool(); b {
			return true
		}
	}
	return false
}

// Time returns a time, as Value.Time does; otherwise the zero time.
func (f Fields) Time(keys ...string) time.Time {
	for _, key := range keys {
		if t, ok := f.Get(key).Time(); ok {
			return t
		}
	}
	return time.Time{}
}

// List returns the value of a key, and whether it is a list.
func (f Fields) List(key string) (Value, bool) {
	v := f.Get(key)
	return v, v.Kind() == Array
}
