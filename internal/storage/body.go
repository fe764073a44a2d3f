package storage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// SourceError is an error of reading the file, not of the network. Sending the file again would not help.
type SourceError struct{ Err error }

// Error returns the text of Err.
func (e *SourceError) Error() string { return e.Err.Error() }

// Unwrap returns Err.
func (e *SourceError) Unwrap() error { return e.Err }

// Interruption is the error of a transfer that ended without an answer. Another attempt may succeed.
type Interruption struct{ reason string }

// Error returns the reason.
func (e *Interruption) Error() string { return e.reason }

var (
	errStalled     = &Interruption{fmt.Sprintf("the upload stalled: no byte of the report moved for %v", stall)}
	errHalfAnswer  = &Interruption{fmt.Sprintf("the storage's answer did not end within %v", answerStall)}
	errClosed      = &Interruption{"the connection was closed while the report was being sent"}
	errUnprocessed = &Interruption{"the storage closed the connection before it took the report"}

	errDetached = errors.New("the upload has ended")
)

// body reads exactly size bytes of src. Bytes that are appended to a file during the upload are not sent; if the file shrinks,
// that is an error. A transport may continue to read after it has returned an answer. detach waits for such a read and
// prevents further ones, so that the next attempt has src to itself.
type body struct {
	progress func(sent int64)
	watch    *time.Timer // ends the attempt if nothing is read for a while
	size     int64
	left     atomic.Int64
	answer   atomic.Bool // the header of the answer arrived
	ctx      context.Context
	held     bool          // the last bytes were held back; only Read uses it
	heard    chan struct{} // closed when the header of the answer arrived

	mu     sync.Mutex
	src    io.Reader // nil when detached
	failed error
}

func newBody(ctx context.Context, src io.Reader, size int64, progress func(int64), stop context.CancelCauseFunc) *body {
	b := &body{src: src, size: size, progress: progress, ctx: ctx, heard: make(chan struct{})}
	b.left.Store(size)
	b.watch = time.AfterFunc(stall, func() { stop(b.silence()) })
	return b
}

// silence returns what the attempt was waiting for when its time ran out. It does not lock mu, which a read of src may hold.
func (b *body) silence() error {
	switch {
	case b.answer.Load():
		return errHalfAnswer
	case b.left.Load() == 0:
		return &Interruption{fmt.Sprintf("the storage did not answer within %v of the last byte", answerWait(b.size))}
	}
	return errStalled
}

// hold delays the end of a report. Otherwise the transport could send all of it between the arrival of an early answer and the
// moment when Put learns of that answer, which would look as if the storage had waited for the report.
func (b *body) hold(room int) {
	if b.held || b.size <= holdAbove || b.left.Load() > int64(room) {
		return
	}
	b.held = true
	timer := time.NewTimer(holdBack)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-b.heard:
	case <-b.ctx.Done():
	}
}

func (b *body) Read(p []byte) (int, error) {
	b.hold(len(p))
	b.mu.Lock()
	defer b.mu.Unlock()
	left := b.left.Load()
	switch {
	case b.failed != nil:
		return 0, b.failed
	case b.src == nil:
		return 0, errDetached
	case left == 0:
		return 0, io.EOF
	}
	n, err := b.src.Read(p[:min(int64(len(p)), left)])
	left -= int64(n)
	b.left.Store(left)
	b.moved(n)
	switch {
	case err == io.EOF && left > 0:
		b.failed = fmt.Errorf("it has %d bytes less than when the upload began", left)
		return n, b.failed
	case err != nil && err != io.EOF:
		b.failed = err
		return n, err
	case left == 0:
		return n, io.EOF
	}
	return n, nil
}

func (b *body) moved(n int) {
	if n == 0 {
		return
	}
	left := b.left.Load()
	switch {
	case b.answer.Load():
	case left == 0:
		b.watch.Reset(answerWait(b.size))
	default:
		b.watch.Reset(stall)
	}
	if b.progress != nil {
		b.progress(b.size - left)
	}
}

// answered starts the time limit for the rest of the answer, even if the report is still being sent.
func (b *body) answered() {
	b.answer.Store(true)
	close(b.heard)
	b.watch.Reset(answerStall)
}

// Close does nothing, because src belongs to the caller.
func (b *body) Close() error { return nil }

func (b *body) detach() {
	b.watch.Stop()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.src = nil
}

// explain returns why the transfer failed, if this package knows it, and otherwise err.
func (b *body) explain(ctx context.Context, err error) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.failed != nil {
		return &SourceError{b.failed}
	}
	if err == nil {
		return nil
	}
	var known *Interruption
	if errors.As(context.Cause(ctx), &known) {
		return known
	}
	if ctx.Err() != nil {
		return err
	}
	text := err.Error()
	switch {
	case strings.Contains(text, "define Request.GetBody"), strings.Contains(text, "cannot rewind body"),
		strings.Contains(text, "REFUSED_STREAM"), strings.Contains(text, "GOAWAY"):
		return errUnprocessed
	case errors.Is(err, net.ErrClosed), strings.Contains(text, "use of closed network connection"):
		return errClosed
	}
	return err
}
