//go:build unix

package openfile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// patience is far more than any of these tests takes, and far less than for ever.
const patience = 20 * time.Second

func fifo(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "fifo")
	require.NoError(t, syscall.Mkfifo(path, 0o600))
	return path
}

// soon fails the test if f does not return.
func soon(t *testing.T, f func()) {
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

func TestOpenOfAFIFOWithoutAWriterReturnsAtOnce(t *testing.T) {
	t.Parallel()
	path := fifo(t)
	link := filepath.Join(t.TempDir(), "link")
	require.NoError(t, os.Symlink(path, link))
	for _, path := range []string{path, link} {
		soon(t, func() {
			f, err := Open(path)
			if assert.NoError(t, err) {
				assert.Equal(t, "a pipe", Kind(f.Info.Mode()))
				assert.NoError(t, f.Close())
			}
		})
	}
}

func TestReadingAFIFOEndsWithTheContext(t *testing.T) {
	t.Parallel()
	why := errors.New("a signal came")
	for name, open := range map[string]func(path string) *os.File{
		"nobody writes":   func(string) *os.File { return nil },
		"a silent writer": func(path string) *os.File { f, _ := os.OpenFile(path, os.O_RDWR, 0); return f },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := fifo(t)
			if writer := open(path); writer != nil {
				defer writer.Close()
			}
			ctx, cancel := context.WithCancelCause(t.Context())
			stop := time.AfterFunc(50*time.Millisecond, func() { cancel(why) })
			defer stop.Stop()
			soon(t, func() {
				data, err := ReadAll(ctx, path, 100)
				assert.Empty(t, data)
				assert.Equal(t, why, err)
			})
		})
	}
}

func TestReadingAFIFOWaitsForItsWriterAndEndsWithIt(t *testing.T) {
	t.Parallel()
	path := fifo(t)
	go func() {
		<-time.After(30 * time.Millisecond) // so that the reader comes first
		writer, err := os.OpenFile(path, os.O_WRONLY, 0)
		if assert.NoError(t, err) {
			for i := range 3 {
				fmt.Fprintf(writer, "part %d\n", i)
				<-time.After(15 * time.Millisecond)
			}
			assert.NoError(t, writer.Close())
		}
	}()
	soon(t, func() {
		data, err := ReadAll(t.Context(), path, 100)
		assert.NoError(t, err)
		assert.Equal(t, "part 0\npart 1\npart 2\n", string(data))
	})
}

func TestReadingAnEndlessDeviceEndsAtTheLimit(t *testing.T) {
	t.Parallel()
	data, err := ReadAll(t.Context(), "/dev/zero", 1000)
	assert.Len(t, data, 1000)
	assert.Equal(t, ErrTooLarge, err)
	data, err = ReadAll(t.Context(), os.DevNull, 1000)
	assert.Empty(t, data)
	assert.NoError(t, err)
}

// As a shell's <(command) does: the writer may be gone before the file is opened.
func TestAPipeOfThisProcessIsReadToItsEnd(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "from a command"} {
		r, w, err := os.Pipe()
		require.NoError(t, err)
		defer r.Close()
		_, err = io.WriteString(w, text)
		require.NoError(t, err)
		require.NoError(t, w.Close())
		soon(t, func() {
			data, err := ReadAll(t.Context(), fmt.Sprintf("/dev/fd/%d", r.Fd()), 100)
			assert.NoError(t, err)
			assert.Equal(t, text, string(data))
		})
	}
}

// A link that leads to a FIFO by the time it is opened hangs whoever trusts an earlier stat.
func TestOpenTellsWhatWasOpenedNotWhatThePathWas(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	link := filepath.Join(dir, "link")
	require.NoError(t, os.Symlink(file(t, "report"), link))
	before, err := os.Stat(link)
	require.NoError(t, err)
	require.True(t, before.Mode().IsRegular())
	require.NoError(t, os.Remove(link))
	require.NoError(t, os.Symlink(fifo(t), link))
	soon(t, func() {
		f, err := Open(link)
		if assert.NoError(t, err) {
			assert.NotZero(t, f.Info.Mode()&fs.ModeNamedPipe)
			f.Close()
		}
	})
}
