//go:build unix

package pipeline

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWhatIsNotARegularFileIsWrittenToAndNeverReplaced(t *testing.T) {
	t.Parallel()
	fifo := filepath.Join(t.TempDir(), "fifo")
	require.NoError(t, syscall.Mkfifo(fifo, 0o600))
	before, err := os.Lstat(fifo)
	require.NoError(t, err)
	require.ErrorIs(t, writeFile(fifo, []byte("x")), syscall.ENXIO, "nobody reads it, and nobody is waited for")

	reader, err := os.OpenFile(fifo, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	require.NoError(t, err)
	require.NoError(t, writeFile(fifo, []byte("through the pipe")))
	got, err := io.ReadAll(reader)
	require.NoError(t, err)
	require.NoError(t, reader.Close())
	assert.Equal(t, "through the pipe", string(got))
	after, err := os.Lstat(fifo)
	require.NoError(t, err)
	assert.True(t, os.SameFile(before, after))
	assert.Equal(t, before.Mode(), after.Mode())
}

// Written anew, the file behind it would lose what the program prints later.
func TestAnOpenDescriptorIsAppendedTo(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "log")
	f, err := os.Create(name)
	require.NoError(t, err)
	defer f.Close()
	require.NoError(t, writeFile(fmt.Sprintf("/dev/fd/%d", f.Fd()), []byte("object\n")))
	_, err = f.Seek(0, io.SeekEnd)
	require.NoError(t, err)
	_, err = f.WriteString("later\n")
	require.NoError(t, err)
	assert.Equal(t, "object\nlater\n", content(t, name))
}
