package codeant

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
)

func TestABodyIsReadWholeOrItsBeginningIs(t *testing.T) {
	t.Parallel()
	const limit = 3 << 20
	broken := errors.New("broken")
	for _, size := range []int{0, 1, 511, 512, 513, 4096, trustedLength - 1, trustedLength, trustedLength + 1, limit - 1, limit, limit + 1, 2 * limit} {
		text := bytes.Repeat([]byte("0123456789"), size/10+1)[:size]
		for _, length := range []int64{-1, 0, int64(size), int64(size) + 1000, int64(size) / 2, 1 << 62} {
			name := fmt.Sprintf("%d bytes, length %d", size, length)
			body, whole, err := readBody(bytes.NewReader(text), length, limit)
			assert.NoError(t, err, name)
			assert.Equal(t, size <= limit, whole, name)
			want := text
			if size > limit {
				want = text[:maxErrorBody]
			}
			assert.True(t, bytes.Equal(want, body), name)
			assert.LessOrEqual(t, cap(body), max(2*size, trustedLength)+512, name)

			body, whole, err = readBody(io.MultiReader(bytes.NewReader(text), iotest.ErrReader(broken)), length, limit)
			assert.False(t, whole, name)
			assert.Equal(t, size <= limit, errors.Is(err, broken), name)
			assert.True(t, bytes.Equal(text[:min(size, maxErrorBody)], body), name)
		}
	}
	for length, want := range map[int64]int{-1: 512, 0: 1, 1: 2, 1000: 1001, trustedLength: trustedLength + 1} {
		body, whole, err := readBody(bytes.NewReader(make([]byte, max(length, 0))), length, limit)
		assert.Len(t, body, int(max(length, 0)))
		assert.Equal(t, want, cap(body), "%d bytes are taken at once, and one more to see the end", length)
		assert.True(t, whole)
		assert.NoError(t, err)
	}
	body, whole, err := readBody(bytes.NewReader(make([]byte, 2*trustedLength)), 1<<62, math.MaxInt64)
	assert.Len(t, body, 2*trustedLength, "the length of a server that lies is not allocated")
	assert.True(t, whole)
	assert.NoError(t, err)
	body, whole, err = readBody(iotest.OneByteReader(strings.NewReader("some text")), -1, limit)
	assert.Equal(t, "some text", string(body))
	assert.True(t, whole)
	assert.NoError(t, err)
}
