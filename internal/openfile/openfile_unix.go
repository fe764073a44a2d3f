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

// pollEvery is how often a FIFO is looked at. The poller of the runtime would do on Linux, but not where kqueue does not
// tell that the last writer has gone (macOS), and nowhere for a FIFO that nobody has opened yet.
const pollEvery = 10 * time.Millisecond

// polled reads a descriptor that does not block.
type polled struct {
	ctx    context.Context
	f      *File
	raw    syscall.RawConn
	writer bool // there is or was a writer, so that reading nothing is the end
}

func (f *File) waiting(ctx context.Context) io.Reader {
	raw, err := f.SyscallConn()
	if err != nil {
		return &checked{ctx, f.File}
	}
	// A descriptor of this process that was opened by its path may be a duplicate (macOS), which O_NONBLOCK did not reach.
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
			p.writer = true // with no writer it would be the end of the file
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

// once reads without waiting.
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
