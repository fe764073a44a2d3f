// Package openfile opens and reads files of any type, such as a FIFO without a writer, a device, or a link that changes in the
// meantime. Opening never blocks, and reading ends when its context does.
package openfile

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"
)

var (
	// ErrTooLarge is the error of ReadAll for a file over its limit.
	ErrTooLarge = errors.New("it is larger than expected")
	// ErrDirectory is the error of Open for a directory.
	ErrDirectory = errors.New("it is a directory")
)

// File is an open file that is not a directory. If it is not a regular file, its Read may block forever: use Reader.
type File struct {
	*os.File
	Info fs.FileInfo // of the open file, even if its path now leads to another

	shared bool // the path names a descriptor of this process; if it has no writer now, it had one before
}

// Open opens a file for reading. It waits neither for the writer of a FIFO nor for a device.
func Open(path string) (*File, error) {
	f, err := open(path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = &fs.PathError{Op: "open", Path: path, Err: ErrDirectory}
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return &File{File: f, Info: info, shared: isDescriptor(path)}, nil
}

// isDescriptor reports whether path names an open descriptor, such as that of the shell's <(command).
func isDescriptor(path string) bool {
	return strings.HasPrefix(path, "/dev/fd/") || strings.HasPrefix(path, "/proc/") || path == "/dev/stdin"
}

// Reader returns a reader of the file that returns the cause of ctx when ctx ends. If the file is a FIFO that has not been
// opened for writing yet, reading waits until it is.
func (f *File) Reader(ctx context.Context) io.Reader {
	if f.Info.Mode().IsRegular() {
		return &checked{ctx, f.File}
	}
	return f.waiting(ctx)
}

// checked reads a file that never blocks.
type checked struct {
	ctx context.Context
	r   io.Reader
}

func (c *checked) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, context.Cause(c.ctx)
	}
	return c.r.Read(p)
}

// ReadAll reads a whole file, which may be a FIFO. If the file has more than limit bytes, ReadAll returns the first limit
// bytes and ErrTooLarge. It returns when ctx ends.
func ReadAll(ctx context.Context, path string, limit int64) ([]byte, error) {
	f, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readAll(f.Reader(ctx), limit)
}

// ReadAllFrom is like ReadAll for a reader that may block forever, such as standard input. See the function Reader.
func ReadAllFrom(ctx context.Context, r io.Reader, limit int64) ([]byte, error) {
	return readAll(Reader(ctx, r), limit)
}

func readAll(r io.Reader, limit int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(data)) > limit {
		return data[:limit], ErrTooLarge
	}
	return data, err
}

// Reader returns a reader of r that returns the cause of ctx when ctx ends. Use it for standard input, which cannot be made
// non-blocking without affecting every process that shares it. If r blocks when ctx ends, its Read continues in the background
// and its data is lost, so Reader is for programs that exit soon afterwards.
func Reader(ctx context.Context, r io.Reader) io.Reader { return &background{ctx: ctx, r: r} }

// background reads in a goroutine, one Read at a time, into a buffer of its own, because the caller may reuse its buffer
// before an abandoned Read returns.
type background struct {
	ctx  context.Context
	r    io.Reader
	left []byte // read, but not yet returned
	err  error  // of r, or of ctx
}

type chunk struct {
	data []byte
	err  error
}

func (b *background) Read(p []byte) (int, error) {
	if len(b.left) == 0 && b.err == nil {
		b.fill()
	}
	n := copy(p, b.left)
	b.left = b.left[n:]
	if len(b.left) > 0 {
		return n, nil
	}
	return n, b.err
}

func (b *background) fill() {
	if b.ctx.Err() != nil {
		b.err = context.Cause(b.ctx)
		return
	}
	done := make(chan chunk, 1)
	go func() {
		buf := make([]byte, 32<<10)
		n, err := b.r.Read(buf)
		done <- chunk{buf[:n], err}
	}()
	select {
	case got := <-done:
		b.left, b.err = got.data, got.err
	case <-b.ctx.Done():
		b.err = context.Cause(b.ctx)
	}
}

// Kind returns the name of a file type with an article, such as "a pipe".
func Kind(mode fs.FileMode) string {
	switch {
	case mode.IsRegular():
		return "a regular file"
	case mode.IsDir():
		return "a directory"
	case mode&fs.ModeNamedPipe != 0:
		return "a pipe"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	case mode&fs.ModeDevice != 0:
		return "a device"
	}
	return "a special file"
}
