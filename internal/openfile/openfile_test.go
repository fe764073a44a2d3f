package openfile

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func file(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

func TestReadAllReadsARegularFileUpToItsLimit(t *testing.T) {
	t.Parallel()
	path := file(t, "hello")
	for limit, want := range map[int64]struct {
		text string
		err  error
	}{0: {"", ErrTooLarge}, 4: {"hell", ErrTooLarge}, 5: {"hello", nil}, 6: {"hello", nil}} {
		data, err := ReadAll(t.Context(), path, limit)
		assert.Equal(t, want.text, string(data))
		assert.Equal(t, want.err, err)
	}
}

func TestAnEndedContextEndsReadingARegularFileToo(t *testing.T) {
	t.Parallel()
	why := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(why)
	_, err := ReadAll(ctx, file(t, "hello"), 10)
	assert.Equal(t, why, err)
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, err := Open(dir)
	assert.Equal(t, &fs.PathError{Op: "open", Path: dir, Err: ErrDirectory}, err)
	_, err = Open(filepath.Join(dir, "missing"))
	assert.ErrorIs(t, err, fs.ErrNotExist)
	_, err = ReadAll(t.Context(), filepath.Join(dir, "missing"), 10)
	assert.ErrorIs(t, err, fs.ErrNotExist)
}

func TestReaderHandsOnEverythingAndTheError(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	long := strings.Repeat("0123456789", 5_000)
	for name, test := range map[string]struct {
		r   io.Reader
		err error
	}{
		"plain":           {strings.NewReader(long), nil},
		"byte by byte":    {iotest.OneByteReader(strings.NewReader(long)), nil},
		"data with EOF":   {iotest.DataErrReader(strings.NewReader(long)), nil},
		"data with error": {iotest.DataErrReader(io.MultiReader(strings.NewReader(long), iotest.ErrReader(broken))), broken},
		"error":           {io.MultiReader(strings.NewReader(long), iotest.ErrReader(broken)), broken},
	} {
		data, err := ReadAllFrom(t.Context(), test.r, 1<<20)
		assert.Equal(t, test.err, err, name)
		assert.True(t, long == string(data), name)
	}
	assert.NoError(t, iotest.TestReader(Reader(t.Context(), strings.NewReader("some text")), []byte("some text")))
}

func TestReaderEndsWithItsContextWhileAReadWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		why := errors.New("a signal came")
		ctx, cancel := context.WithCancelCause(t.Context())
		silent, writer := io.Pipe()
		go func() {
			synctest.Wait() // the read waits
			cancel(why)
		}()
		r := Reader(ctx, silent)
		n, err := r.Read(make([]byte, 10))
		assert.Zero(t, n)
		assert.Equal(t, why, err)
		n, err = r.Read(make([]byte, 10))
		assert.Zero(t, n)
		assert.Equal(t, why, err, "the same again")
		writer.Close() // lets the abandoned read end
	})
}

func TestKindNamesTheType(t *testing.T) {
	t.Parallel()
	for mode, want := range map[fs.FileMode]string{
		0o644:                             "a regular file",
		fs.ModeDir | 0o755:                "a directory",
		fs.ModeNamedPipe:                  "a pipe",
		fs.ModeSocket:                     "a socket",
		fs.ModeDevice | fs.ModeCharDevice: "a device",
		fs.ModeIrregular:                  "a special file",
	} {
		assert.Equal(t, want, Kind(mode))
	}
}
