// Package secret keeps a text out of reach of everything that prints: also of packages that print by reflection, such as
// go-spew, kr/pretty and testify's diff, which look into unexported fields and follow pointers.
package secret

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"sync"
)

// Shown is printed in place of a secret.
const Shown = "••••"

// Value holds a secret. In memory it is enciphered with a key that this process made up, so that what a reflection
// printer finds is of no use outside the process. Values of one text are equal, by == and by reflect.DeepEqual. The zero
// Value holds the empty text.
//
// A struct of one pointer would do too, but go-spew crashes on it: it must have two words, as a string has.
type Value struct{ masked string }

const (
	tagSize   = 16
	blockSize = sha256.Size
)

// key is made when the first secret is. It is the only state of this package.
var key = sync.OnceValue(func() (k [32]byte) {
	rand.Read(k[:]) // never fails
	return k
})

// New returns a Value that holds s.
func New(s string) Value {
	if s == "" {
		return Value{}
	}
	// The key stream depends on the text by way of its tag: with one key stream for all texts, someone who knows one
	// secret could read the others.
	data := make([]byte, tagSize+len(s))
	tag := hash(0, []byte(s))
	copy(data, tag[:tagSize])
	copy(data[tagSize:], s)
	cipher(data)
	return Value{base64.RawURLEncoding.EncodeToString(data)}
}

// Reveal returns the text: the only way to it.
func (v Value) Reveal() string {
	data, err := base64.RawURLEncoding.DecodeString(v.masked)
	if err != nil || len(data) < tagSize {
		return ""
	}
	cipher(data)
	return string(data[tagSize:])
}

// IsZero reports whether v holds the empty text.
func (v Value) IsZero() bool { return v.masked == "" }

// String returns Shown.
func (v Value) String() string { return Shown }

// GoString returns Shown.
func (v Value) GoString() string { return Shown }

// Format prints Shown for every verb.
func (v Value) Format(f fmt.State, _ rune) { io.WriteString(f, Shown) }

// MarshalText gives encoders Shown.
func (v Value) MarshalText() ([]byte, error) { return []byte(Shown), nil }

// cipher enciphers or deciphers in place what follows the tag.
func cipher(data []byte) {
	tag, text := data[:tagSize], data[tagSize:]
	for block := 0; block*blockSize < len(text); block++ {
		stream := hash(block+1, tag)
		for i, b := range stream[:min(blockSize, len(text)-block*blockSize)] {
			text[block*blockSize+i] ^= b
		}
	}
}

// hash is SHA-256 over the key, the number of a block (0 makes the tag) and data.
func hash(block int, data []byte) [sha256.Size]byte {
	k := key()
	buf := make([]byte, 0, 256)
	buf = append(buf, k[:]...)
	buf = append(buf, byte(block>>24), byte(block>>16), byte(block>>8), byte(block))
	return sha256.Sum256(append(buf, data...))
}
