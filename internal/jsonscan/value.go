package jsonscan

import (
	"bytes"
	"math"
	"strconv"
	"time"
)

// Bytes returns the characters of a string, and whether the value is a string. They share the memory of the value unless the
// string contains an escape.
func (v Value) Bytes() ([]byte, bool) {
	i := space(v, 0)
	if i == len(v) || v[i] != '"' {
		return nil, false
	}
	end, escaped := text(v, i)
	if end < 0 {
		return nil, false
	}
	return unquoted(v[i:end], escaped), true
}

// Text returns the characters of a string, and whether the value is a string.
func (v Value) Text() (string, bool) {
	b, ok := v.Bytes()
	return string(b), ok
}

// Bool returns a boolean, and whether the value is a boolean.
func (v Value) Bool() (value, ok bool) {
	if v.Kind() != Bool {
		return false, false
	}
	return v[space(v, 0)] == 't', true
}

// Float returns a number, and whether the value is a number that fits a float64.
func (v Value) Float() (float64, bool) {
	if v.Kind() != Number {
		return 0, false
	}
	f, err := strconv.ParseFloat(string(bytes.TrimSpace(v)), 64)
	return f, err == nil
}

// Int returns a whole number, and whether the value is a whole number that fits an int64. 5.0 and 5e0 are whole numbers.
func (v Value) Int() (int64, bool) {
	if v.Kind() != Number {
		return 0, false
	}
	if n, err := strconv.ParseInt(string(bytes.TrimSpace(v)), 10, 64); err == nil {
		return n, true
	}
	f, ok := v.Float()
	if !ok || f != math.Trunc(f) || f < math.MinInt64 || f >= math.MaxInt64 {
		return 0, false
	}
	return int64(f), true
}

// Time parses a string as a time and reports whether that succeeded. The string is in the form of RFC 3339, possibly with a
// space instead of the T or without a zone (then it is UTC), or a date.
func (v Value) Time() (time.Time, bool) {
	b, ok := v.Bytes()
	if !ok {
		return time.Time{}, false
	}
	s := string(bytes.TrimSpace(b))
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05Z07:00", time.DateTime, time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}
