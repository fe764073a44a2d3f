package storage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"
)

// SourceError is a failure of the file and not of the network: sending it again would not help.
type SourceError struct{ Err error }

func (e *SourceError) Error() string { return e.Err.Error() }

// Unwrap returns what reading said.
func (e *SourceError) Unwrap() error { return e.Err }

var errDetached = errors.New("the upload has ended")

// body reads exactly size bytes of src: a file that grows meanwhile is sent as long as it was, one that shrinks is an
// error. A transport may go on reading after it has answered; detach waits for it and lets it read no more, so that the
// next attempt has the source for itself.
type body struct {
	progress func(sent int64)
	watch    *time.Timer
	size     int64

	mu     sync.Mutex
	src    io.Reader // nil when detached
	left   int64
	failed error
}

func (b *body) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.failed != nil:
		return 0, b.failed
	case b.src == nil:
		return 0, errDetached
	case b.left == 0:
		return 0, io.EOF
	}
	n, err := b.src.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	b.moved(n)
	switch {
	case err == io.EOF && b.left > 0:
		b.failed = fmt.Errorf("it has %d bytes less than when the upload began", b.left)
		return n, b.failed
	case err != nil && err != io.EOF:
		b.failed = err
		return n, err
	case b.left == 0:
		return n, io.EOF
	}
	return n, nil
}

func (b *body) moved(n int) {
	if n == 0 {
		return
	}
	wait := stall
	if b.left == 0 {
		wait = answerWait
	}
	b.watch.Reset(wait)
	if b.progress != nil {
		b.progress(b.size - b.left)
	}
}

// Close is the transport's; the source belongs to the caller.
func (b *body) Close() error { return nil }

func (b *body) detach() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.src = nil
}

// explain prefers what is known here to what the transport made of it.
func (b *body) explain(ctx context.Context, err error) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.failed != nil:
		return &SourceError{b.failed}
	case err != nil && errors.Is(context.Cause(ctx), ErrStalled):
		return ErrStalled
	}
	return err
}
