//go:build unix

package main

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/examples/internal/pipeline"
)

// The command writes the ids of its processes to a FIFO, which tells when to send the signal.
func TestASignalStopsTheCommandAndTakesTheNewTokenBack(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		command string
		signal  os.Signal
		noted   string // what the command's trap wrote
	}{
		"a shell that waits":               {"echo $$ >FIFO; sleep 60; true", syscall.SIGTERM, ""},
		"a process that was left behind":   {"sleep 60 & echo $! >FIFO; exit 0", syscall.SIGTERM, ""},
		"one that ignores the signal":      {"trap '' TERM INT; echo $$ >FIFO; while :; do sleep 60; done", syscall.SIGTERM, ""},
		"SIGINT is passed on as it is":     {"trap 'echo int >NOTE; exit 1' INT; echo $$ >FIFO; while :; do sleep 0.1; done", syscall.SIGINT, "int\n"},
		"a command that succeeds after it": {"trap 'exit 0' TERM; echo $$ >FIFO; while :; do sleep 0.1; done", syscall.SIGTERM, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := world(t)
			fifo, note := filepath.Join(t.TempDir(), "fifo"), filepath.Join(t.TempDir(), "note")
			require.NoError(t, syscall.Mkfifo(fifo, 0o600))
			ctx, cancel := context.WithCancelCause(t.Context())
			pid := make(chan int, 1)
			go func() {
				started, _ := os.ReadFile(fifo)
				n, _ := strconv.Atoi(strings.TrimSpace(string(started)))
				pid <- n
				cancel(pipeline.Interrupted{Signal: tt.signal})
			}()
			began := time.Now()
			stopped := func(_ context.Context, env pipeline.Env) int { return run(ctx, env) }
			got := w.Run(t, stopped, "-id", "tok_1", "-name", "ci", "-deploy", strings.NewReplacer("FIFO", fifo, "NOTE", note).Replace(tt.command))
			assert.Less(t, time.Since(began), 20*time.Second)
			assert.Equal(t, 4, got.Code)
			assert.Contains(t, got.Stderr, "the command was stopped: stopped by the signal "+tt.signal.String())
			assert.Equal(t, map[string]codeant.TokenStatus{"tok_1": codeant.TokenActive, "tok_2": codeant.TokenRevoked}, statuses(t, w, w.Server.Token()))
			noted, _ := os.ReadFile(note)
			assert.Equal(t, tt.noted, string(noted))
			id := <-pid
			require.Positive(t, id)
			require.Eventually(t, func() bool { return syscall.Kill(id, 0) != nil || zombie(id) }, 5*time.Second, 20*time.Millisecond, "the process goes on")
		})
	}
}

// zombie reports whether a process has ended and waits for its parent to notice, as in a container without an init.
func zombie(id int) bool {
	state, err := os.ReadFile("/proc/" + strconv.Itoa(id) + "/stat")
	_, after, _ := strings.Cut(string(state), ") ")
	return err == nil && strings.HasPrefix(after, "Z")
}

// What still holds the output may be the part that deploys.
func TestACommandThatLeavesAProcessBehindHasNotDeployed(t *testing.T) {
	t.Parallel()
	w := world(t)
	got := w.Run(t, run, "-id", "tok_1", "-name", "ci", "-deploy", "sleep 60 & exit 0")
	assert.Equal(t, 4, got.Code)
	assert.Contains(t, got.Stderr, "a process that it left behind still holds its output")
	assert.Equal(t, map[string]codeant.TokenStatus{"tok_1": codeant.TokenActive, "tok_2": codeant.TokenRevoked}, statuses(t, w, w.Server.Token()))
}
