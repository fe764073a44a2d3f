package codeant

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

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

// drip returns a number of bytes with each read, and waits before.
type drip struct {
	pause time.Duration
	n     int
	left  int // reads until the end
}

func (d *drip) Read(p []byte) (int, error) {
	if d.left == 0 {
		return 0, io.EOF
	}
	d.left--
	<-time.After(d.pause)
	return d.n, nil
}

func TestABodyIsGivenUpOnlyWhileNoByteComes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		body drip
		want error
	}{
		{drip{pause: 19 * time.Second, n: 1, left: 10}, nil},
		{drip{pause: 21 * time.Second, n: 1, left: 1}, errStalled},
		{drip{pause: 5 * time.Second, n: 0, left: 10}, errStalled},
	} {
		synctest.Test(t, func(t *testing.T) {
			ctx, stop := context.WithCancelCause(t.Context())
			defer stop(nil)
			watched := watch(&test.body, stop)
			defer watched.timer.Stop()
			_, err := io.Copy(io.Discard, watched)
			assert.NoError(t, err)
			synctest.Wait()
			assert.Equal(t, test.want, context.Cause(ctx), "%+v", test.body)
		})
	}
}

func TestOfARedirectTheHostIsShown(t *testing.T) {
	t.Parallel()
	for location, want := range map[string]string{
		"https://elsewhere.example:8443/path?token=hush": " to elsewhere.example:8443",
		"/path":          "",
		"":               "",
		"https://[hush":  "",
		"mailto:a@b.com": "",
	} {
		assert.Equal(t, want, answer{header: http.Header{"Location": {location}}}.redirectHost(), location)
	}
}
