package jsonscan

import (
	"encoding/binary"
	"math"
	"math/bits"
	"unicode/utf8"
)

// The functions in this file read the construct that begins at d[i] and return the index after it. On an error they return
// ^at, where at is the index of the first wrong byte, or len(d) if the text is truncated. If the nesting is too deep, they
// return tooDeep.
const tooDeep = math.MinInt

// value reads a value that is nested in depth lists and objects.
func value(d []byte, i, depth int) int {
	if i == len(d) {
		return ^i
	}
	switch d[i] {
	case '"':
		end, _ := text(d, i)
		return end
	case '{':
		return object(d, i, depth, nil)
	case '[':
		return array(d, i, depth, nil)
	case 't':
		return word(d, i, "true")
	case 'f':
		return word(d, i, "false")
	case 'n':
		return word(d, i, "null")
	}
	return number(d, i)
}

// object reads an object and calls yield for each member until it returns false. yield may be nil.
func object(d []byte, i, depth int, yield func(key []byte, value Value) bool) int {
	if depth == MaxDepth {
		return tooDeep
	}
	if i = space(d, i+1); i < len(d) && d[i] == '}' {
		return i + 1
	}
	for {
		if i == len(d) || d[i] != '"' {
			return ^i
		}
		afterKey, escaped := text(d, i)
		if afterKey < 0 {
			return afterKey
		}
		colon := space(d, afterKey)
		if colon == len(d) || d[colon] != ':' {
			return ^colon
		}
		start := space(d, colon+1)
		end := value(d, start, depth+1)
		if end < 0 {
			return end
		}
		if yield != nil && !yield(unquoted(d[i:afterKey], escaped), Value(d[start:end:end])) {
			return end
		}
		if i = space(d, end); i == len(d) || d[i] != ',' {
			return closing(d, i, '}')
		}
		i = space(d, i+1)
	}
}

// array reads a list and calls yield for each element until it returns false. yield may be nil.
func array(d []byte, i, depth int, yield func(Value) bool) int {
	if depth == MaxDepth {
		return tooDeep
	}
	if i = space(d, i+1); i < len(d) && d[i] == ']' {
		return i + 1
	}
	for {
		end := value(d, i, depth+1)
		if end < 0 {
			return end
		}
		if yield != nil && !yield(Value(d[i:end:end])) {
			return end
		}
		if i = space(d, end); i == len(d) || d[i] != ',' {
			return closing(d, i, ']')
		}
		i = space(d, i+1)
	}
}

func closing(d []byte, i int, bracket byte) int {
	if i < len(d) && d[i] == bracket {
		return i + 1
	}
	return ^i
}

func space(d []byte, i int) int {
	for i < len(d) && (d[i] == ' ' || d[i] == '\n' || d[i] == '\r' || d[i] == '\t') {
		i++
	}
	return i
}

func word(d []byte, i int, want string) int {
	for k := range len(want) {
		if i+k == len(d) || d[i+k] != want[k] {
			return ^(i + k)
		}
	}
	return i + len(want)
}

func number(d []byte, i int) int {
	if d[i] == '-' {
		i++
	}
	if i < len(d) && d[i] == '0' {
		i++
	} else if i = digits(d, i); i < 0 {
		return i
	}
	if i < len(d) && d[i] == '.' {
		if i = digits(d, i+1); i < 0 {
			return i
		}
	}
	if i < len(d) && (d[i] == 'e' || d[i] == 'E') {
		if i++; i < len(d) && (d[i] == '+' || d[i] == '-') {
			i++
		}
		return digits(d, i)
	}
	return i
}

// digits reads at least one digit.
func digits(d []byte, i int) int {
	start := i
	for i < len(d) && '0' <= d[i] && d[i] <= '9' {
		i++
	}
	if i == start {
		return ^i
	}
	return i
}

// text reads a string and reports whether it contains an escape.
func text(d []byte, i int) (end int, escaped bool) {
	for i++; ; {
		i = plain(d, i)
		switch {
		case i == len(d) || d[i] < ' ':
			return ^i, escaped
		case d[i] == '"':
			return i + 1, escaped
		}
		escaped = true
		if i = escape(d, i+1); i < 0 {
			return i, escaped
		}
	}
}

// plain returns the index of the first quote, backslash or control character from d[i] on, or len(d). It checks eight bytes at
// a time, because most of an answer is strings: x-ones sets the high bit of the lowest byte of x that is zero.
func plain(d []byte, i int) int {
	const ones, high = 0x0101010101010101, 0x8080808080808080
	for ; i+8 <= len(d); i += 8 {
		w := binary.LittleEndian.Uint64(d[i:])
		quote, slash := w^ones*'"', w^ones*'\\'
		if found := ((w-ones*' ')&^w | (quote-ones)&^quote | (slash-ones)&^slash) & high; found != 0 {
			return i + bits.TrailingZeros64(found)/8
		}
	}
	for i < len(d) && d[i] >= ' ' && d[i] != '"' && d[i] != '\\' {
		i++
	}
	return i
}

// escape reads an escape sequence after its backslash.
func escape(d []byte, i int) int {
	if i == len(d) {
		return ^i
	}
	switch d[i] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 1
	case 'u':
		for k := i + 1; k <= i+4; k++ {
			if k == len(d) || hexDigit(d[k]) < 0 {
				return ^k
			}
		}
		return i + 5
	}
	return ^i
}

func hexDigit(c byte) rune {
	switch {
	case '0' <= c && c <= '9':
		return rune(c - '0')
	case 'a' <= c && c <= 'f':
		return rune(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return rune(c-'A') + 10
	}
	return -1
}

// unquoted returns the characters of a string, as encoding/json decodes them. It copies the string only to change it.
func unquoted(quoted []byte, escaped bool) []byte {
	inner := quoted[1 : len(quoted)-1 : len(quoted)-1]
	if !escaped && utf8.Valid(inner) {
		return inner
	}
	return appendUnquoted(make([]byte, 0, len(inner)), inner)
}
