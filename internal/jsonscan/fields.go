package jsonscan

import (
	"bytes"
	"math"
	"strings"
	"time"
)

// Field is one member of an object. Its key is decoded.
type Field struct {
	Key   []byte
	Value Value
}

// Fields are the members of an object in their order, doubled keys included. Lookups find a key in exactly one letter
// case and, of a doubled one, the last. Those that take several keys use the first that holds what is asked for.
type Fields []Field

// Rest returns no members and the memory that is left behind these, for the members of an object inside.
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

// Found is what an object has under a key.
type Found struct {
	Value    Value    // the last one
	Times    int      // how often the key is there
	Variants []string // the keys that differ from it in their letter case alone
}

// Sole reports whether the key is there once and nothing else can be taken for it.
func (f Found) Sole() bool { return f.Times == 1 && len(f.Variants) == 0 }

// Find returns what there is under a key, its variants included; see SameKey.
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

// SameKey reports whether a lenient reader could take key for name: they are equal once their letter case is folded,
// which turns the long s and the Kelvin sign into ASCII letters. The name is ASCII.
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
			// A byte behind this one may be beyond ASCII, but folding changes nothing before it.
			return false
		}
	}
	return true
}

// Fold returns key in lower case, with every letter that some reader takes for an ASCII one turned into that.
func Fold(key []byte) string {
	folded := string(key)
	for _, c := range key {
		if c >= 0x80 {
			folded = strings.ToUpper(folded) // K, ſ and ı have no other way to k, s and i
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

// Bytes is Text without a copy, as in Value.Bytes.
func (f Fields) Bytes(keys ...string) []byte {
	for _, key := range keys {
		if b := f.Get(key).scalar(); b != nil {
			return b
		}
	}
	return nil
}

// scalar returns a string that is not blank, or the digits of a number.
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

// Text returns a string that is not blank, or a number as it is written; otherwise "".
func (f Fields) Text(keys ...string) string { return string(f.Bytes(keys...)) }

// Texts returns a list's strings that are not blank and its numbers, as Text does, at most limit of them; or the only
// one, where there is no list.
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

// Count returns a whole number from 0 to math.MaxInt32, and whether the value is one.
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

// List returns a list, and whether there is one.
func (f Fields) List(key string) (Value, bool) {
	v := f.Get(key)
	return v, v.Kind() == Array
}
