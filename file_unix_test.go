//go:build unix

package codeant_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant"
)

func newFIFO(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "fifo")
	require.NoError(t, syscall.Mkfifo(path, 0o600))
	return path
}

// within fails the test if f does not return.
func within(t *testing.T, patience time.Duration, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	select {
	case <-done:
	case <-time.After(patience):
		require.FailNow(t, "it hangs")
	}
}

func TestAFileTokenThatIsAPipeEndsWithItsContext(t *testing.T) {
	t.Parallel()
	path, why := newFIFO(t), errors.New("a signal came")
	source := codeant.FileToken(path)
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(20*time.Millisecond, func() { cancel(why) })
	within(t, 20*time.Second, func() {
		_, err := source.Token(ctx)
		assert.EqualError(t, err, "reading the token from the file "+path+" was interrupted: context canceled; a signal came")
		assert.ErrorIs(t, err, context.Canceled)
		assert.ErrorIs(t, err, why)
	})
}

func TestAFileTokenThatIsAPipeGivesItsTokenAgain(t *testing.T) {
	t.Parallel()
	path := newFIFO(t)
	source := codeant.FileToken(path)
	go func() { assert.NoError(t, os.WriteFile(path, []byte(coverageToken+"\n"), 0o600)) }()
	within(t, 20*time.Second, func() {
		for range 3 {
			token, err := source.Token(t.Context())
			if assert.NoError(t, err) {
				assert.Equal(t, coverageToken, token.Reveal())
			}
		}
	})
}

func TestAReportThatIsAPipeIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	path := newFIFO(t)
	link := filepath.Join(t.TempDir(), "lcov.info")
	require.NoError(t, os.Symlink(path, link))
	mock := httpmock.NewMockTransport()
	within(t, 20*time.Second, func() {
		_, err := coverageClient(t, mock).Coverage.Upload(t.Context(), codeant.CoverageUpload{Revision: shop, Path: link})
		assert.EqualError(t, err, `codeant: coverage report "`+link+`" cannot be used: it is a pipe; write the report to a regular file first`)
		assert.ErrorIs(t, err, codeant.ErrInvalidReport)
	})
	assert.Zero(t, mock.GetTotalCallCount())
}

func TestABodyThatIsAPipeIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	body, writer, err := os.Pipe() // as of standard input in a pipeline
	require.NoError(t, err)
	defer body.Close()
	defer writer.Close()
	mock := httpmock.NewMockTransport()
	within(t, 20*time.Second, func() {
		_, err := coverageClient(t, mock).Coverage.Upload(t.Context(), codeant.CoverageUpload{Revision: shop, Body: body})
		assert.EqualError(t, err, "codeant: coverage report cannot be used: its size cannot be determined: illegal seek")
		assert.ErrorIs(t, err, codeant.ErrInvalidReport)
	})
	assert.Zero(t, mock.GetTotalCallCount())
}
