// Package openfile opens and reads what a caller names, which may turn out to be anything: a FIFO that nobody writes to,
// a device, a directory, a link that changes meanwhile. Opening never waits, and reading ends with its context.
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

// File is an open file of any type but a directory. Its own methods may wait for ever on what is not a regular file; use
// Reader there.
type File struct {
	*os.File
	Info fs.FileInfo // of what was opened, whatever its path leads to now

	shared bool // the path leads to a descriptor of this process: if that has no writer, it has had its writer
}

// Open opens a file for reading. It does not wait for the writer of a FIFO, nor for a device.
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

// isDescriptor reports whether path names an open descriptor, as the shell's <(command) does.
func isDescriptor(path string) bool {
	return strings.HasPrefix(path, "/dev/fd/") || strings.HasPrefix(path, "/proc/") || path == "/dev/stdin"
}

// Reader returns a reader of the file whose reads return the error of ctx when ctx ends. On a FIFO that nobody has opened
// for writing it waits for someone who does.
func (f *File) Reader(ctx context.Context) io.Reader {
	if f.Info.Mode().IsRegular() {
		return &checked{ctx, f.File}
	}
	return f.waiting(ctx)
}

// checked reads what never waits.
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

// ReadAll reads the whole of a file, which may be a FIFO, and no more than limit bytes of it; beyond that it returns them
// and ErrTooLarge. It ends with ctx.
func ReadAll(ctx context.Context, path string, limit int64) ([]byte, error) {
	f, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readAll(f.Reader(ctx), limit)
}

// ReadAllFrom is ReadAll of a reader that may wait for ever, such as standard input. See Reader.
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

// Reader returns a reader of r whose reads return the error of ctx when ctx ends. Use it for standard input, which
// cannot be made non-blocking without changing it for everyone who shares it. A read of r that waits when ctx ends goes on
// in the background until r returns, so it is for programs that end soon after. What it reads then is lost.
func Reader(ctx context.Context, r io.Reader) io.Reader { return &background{ctx: ctx, r: r} }

// background reads ahead in a goroutine, one read at a time, into a buffer of its own: the caller's may be in other use
// by the time an abandoned read returns.
type background struct {
	ctx  context.Context
	r    io.Reader
	left []byte // read and not yet handed on
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

// Kind names the type of a file that is not a regular one, with its article.
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
