//go:build unix

package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant/codeanttest"
	"github.com/codeant-sdk/codeant/examples/internal/pipeline"
	"github.com/codeant-sdk/codeant/examples/internal/pipelinetest"
)

func TestAPipeThatNobodyWritesToIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	fifo := filepath.Join(t.TempDir(), "fifo")
	require.NoError(t, syscall.Mkfifo(fifo, 0o600))
	w := pipelinetest.World{Server: codeanttest.NewServer(t)}
	got := w.Run(t, run, with("-f", fifo)...)
	assert.Equal(t, 2, got.Code)
	assert.Equal(t, "upload-coverage: invalid coverage report: "+fifo+" is a pipe, not a regular file\n", got.Stderr)
}

// Real pipes and a real signal's end of the context.
func TestWaitingForATokenEndsWithASignal(t *testing.T) {
	t.Parallel()
	dir := folder(t, map[string]string{"lcov.info": lcov})
	fifo := filepath.Join(dir, "fifo")
	require.NoError(t, syscall.Mkfifo(fifo, 0o600))
	for name, file := range map[string]string{"a pipe": fifo, "a silent standard input": "-"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			silent, writer, err := os.Pipe()
			require.NoError(t, err)
			defer silent.Close()
			defer writer.Close()
			ctx, cancel := context.WithCancelCause(t.Context())
			ended := make(chan int, 1)
			go func() {
				ended <- run(ctx, pipeline.Env{
					Args:   with("-f", filepath.Join(dir, "lcov.info"), "-token-file", file, "-api", "http://127.0.0.1:1"),
					Lookup: func(string) (string, bool) { return "", false }, ReadFile: os.ReadFile,
					Stdin: silent, Stdout: io.Discard, Stderr: io.Discard,
				})
			}()
			select {
			case code := <-ended:
				t.Fatalf("ended with %d before the signal", code)
			case <-time.After(100 * time.Millisecond):
			}
			cancel(pipeline.Interrupted{Signal: syscall.SIGTERM})
			select {
			case code := <-ended:
				assert.NotZero(t, code)
			case <-time.After(10 * time.Second):
				t.Fatal("the program goes on")
			}
		})
	}
}
