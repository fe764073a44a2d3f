//go:build unix

package openfile

import (
	"context"
	"io"
	"io/fs"
	"os"
	"syscall"
	"time"
)

func open(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOCTTY, 0)
}

// pollEvery is the pause between reads of a FIFO. The runtime's poller is not enough: on macOS, kqueue does not report that
// the last writer closed the FIFO, and no system reports that a FIFO has no writer yet.
const pollEvery = 10 * time.Millisecond

// polled reads a non-blocking descriptor.
type polled struct {
	ctx    context.Context
	f      *File
	raw    syscall.RawConn
	writer bool // the file has or had a writer, so reading nothing means the end of the file
}

func (f *File) waiting(ctx context.Context) io.Reader {
	raw, err := f.SyscallConn()
	if err != nil {
		return &checked{ctx, f.File}
	}
	// On macOS, opening a descriptor of this process by its path duplicates it and ignores O_NONBLOCK.
	if f.shared {
		raw.Control(func(fd uintptr) { syscall.SetNonblock(int(fd), true) })
	}
	return &polled{ctx: ctx, f: f, raw: raw, writer: f.shared || f.Info.Mode()&fs.ModeNamedPipe == 0}
}

func (p *polled) Read(buf []byte) (int, error) {
	if len(buf) == 0 {
		return 0, nil
	}
	for {
		if p.ctx.Err() != nil {
			return 0, context.Cause(p.ctx)
		}
		n, err := p.once(buf)
		switch {
		case n > 0:
			p.writer = true
			return n, nil
		case err == syscall.EAGAIN:
			p.writer = true // without a writer, the result would be the end of the file
		case err == syscall.EINTR:
		case err != nil:
			return 0, &fs.PathError{Op: "read", Path: p.f.Name(), Err: err}
		case p.writer:
			return 0, io.EOF
		}
		timer := time.NewTimer(pollEvery)
		select {
		case <-timer.C:
		case <-p.ctx.Done():
			timer.Stop()
		}
	}
}

// once reads once, without blocking.
func (p *polled) once(buf []byte) (n int, err error) {
	failed := p.raw.Read(func(fd uintptr) bool {
		n, err = syscall.Read(int(fd), buf)
		return true
	})
	if failed != nil {
		return 0, failed
	}
	return max(n, 0), err
}
