// Package secret hides a string from everything that prints, including packages that print by reflection, such as go-spew,
// kr/pretty and testify's diff, which read unexported fields and follow pointers.
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

// Value holds a secret. It is encrypted in memory with a random key of this process, so that the output of a reflection
// printer is useless outside the process. Two Values of the same string are equal under == and reflect.DeepEqual. The zero
// Value holds the empty string.
//
// The field is a string because go-spew crashes on a struct that consists of one pointer.
type Value struct{ masked string }

const (
	tagSize   = 16
	blockSize = sha256.Size
)

// key is generated when it is first used. It is the only state of this package.
var key = sync.OnceValue(func() (k [32]byte) {
	rand.Read(k[:]) // never fails
	return k
})

// New returns a Value that holds s.
func New(s string) Value {
	if s == "" {
		return Value{}
	}
	// The tag makes the key stream depend on the string. If all strings had the same key stream, knowing one secret would
	// reveal the others.
	data := make([]byte, tagSize+len(s))
	tag := hash(0, []byte(s))
	copy(data, tag[:tagSize])
	copy(data[tagSize:], s)
	cipher(data)
	return Value{base64.RawURLEncoding.EncodeToString(data)}
}

// Reveal returns the string. No other method does.
func (v Value) Reveal() string {
	data, err := base64.RawURLEncoding.DecodeString(v.masked)
	if err != nil || len(data) < tagSize {
		return ""
	}
	cipher(data)
	return string(data[tagSize:])
}

// IsZero reports whether v holds the empty string.
func (v Value) IsZero() bool { return v.masked == "" }

// String returns Shown.
func (v Value) String() string { return Shown }

// GoString returns Shown.
func (v Value) GoString() string { return Shown }

// Format prints Shown for every verb.
func (v Value) Format(f fmt.State, _ rune) { io.WriteString(f, Shown) }

// MarshalText returns Shown, for encoders.
func (v Value) MarshalText() ([]byte, error) { return []byte(Shown), nil }

// cipher encrypts or decrypts, in place, the data after the tag.
func cipher(data []byte) {
	tag, text := data[:tagSize], data[tagSize:]
	for block := 0; block*blockSize < len(text); block++ {
		stream := hash(block+1, tag)
		for i, b := range stream[:min(blockSize, len(text)-block*blockSize)] {
			text[block*blockSize+i] ^= b
		}
	}
}

// hash returns the SHA-256 of the key, a block number and data. Block 0 is the tag.
func hash(block int, data []byte) [sha256.Size]byte {
	k := key()
	buf := make([]byte, 0, 256)
	buf = append(buf, k[:]...)
	buf = append(buf, byte(block>>24), byte(block>>16), byte(block>>8), byte(block))
	return sha256.Sum256(append(buf, data...))
}
