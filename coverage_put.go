package codeant

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/codeant-sdk/codeant/internal/storage"
)

// coveragePut is the transfer of one report, with all its attempts.
type coveragePut struct {
	service  *CoverageService
	in       coverageWire
	url      *PresignedUpload
	src      *reportSource
	progress func(sent, total int64)
	renewed  bool
	sent     int
	last     Attempt
}

func (p *coveragePut) run(ctx context.Context) error {
	c := p.service.client
	return c.retrier.run(ctx, true, func() *failure {
		if p.url.nearlyExpired() {
			if f := p.renew(ctx); f != nil {
				return f
			}
		}
		f := p.attempt(ctx)
		var refused *storage.Refusal
		if f == nil || p.renewed || !errors.As(f.err, &refused) || !refused.Expired() {
			return f
		}
		p.report(ctx, 0, f)
		if f := p.renew(ctx); f != nil {
			return f
		}
		f = p.attempt(ctx)
		if f != nil && p.sent >= c.retrier.policy.MaxAttempts {
			f.transient = false // a renewed URL does not allow more attempts
		}
		return f
	}, func(pause time.Duration, f *failure) { p.report(ctx, pause, f) })
}

func (p *coveragePut) renew(ctx context.Context) *failure {
	if p.renewed {
		return nil
	}
	p.renewed = true
	presigned, err := p.service.presign(ctx, p.in)
	if err != nil {
		return &failure{err: err}
	}
	p.url = presigned
	return nil
}

func (p *coveragePut) attempt(ctx context.Context) *failure {
	if ctx.Err() != nil {
		return &failure{err: p.failed(broken{reason: ctx.Err().Error()}, contextError(ctx))}
	}
	if err := p.src.rewind(); err != nil {
		return &failure{err: p.src.invalid("cannot be read again from its start: "+pathReason(err), err)}
	}
	target, err := storage.ParseURL(p.url.Reveal(), p.service.client.insecure)
	if err != nil {
		return &failure{err: p.failed(broken{reason: err.Error()}, nil)}
	}
	p.sent++
	var progress func(int64)
	if p.progress != nil {
		p.progress(0, p.src.size)
		progress = func(sent int64) { p.progress(sent, p.src.size) }
	}
	p.last = Attempt{Op: opCoveragePut, Method: http.MethodPut, Path: p.url.host, Number: p.sent}
	began := time.Now()
	named := context.WithValue(ctx, requestKey{}, operationName(opCoveragePut))
	status, err := p.service.client.storage.Put(named, target, p.src.r, p.src.size, progress)
	p.last.Took, p.last.StatusCode = time.Since(began), status
	return p.judge(ctx, err)
}

// report passes the last attempt to the observers and the log, with the pause before the next one.
func (p *coveragePut) report(ctx context.Context, pause time.Duration, f *failure) {
	if p.last.Number == 0 {
		return // nothing was sent
	}
	p.last.Pause = pause
	var stored *StorageError
	if f != nil {
		p.last.Err = f.err
		if errors.As(f.err, &stored) {
			p.last.StatusCode, p.last.RequestID = stored.StatusCode, stored.RequestID
		}
	}
	p.service.client.report(ctx, p.last)
	p.last = Attempt{}
}

func (p *coveragePut) judge(ctx context.Context, err error) *failure {
	var (
		refused *storage.Refusal
		source  *storage.SourceError
		cut     *storage.Interruption
	)
	switch {
	case err == nil:
		return nil
	case errors.As(err, &source):
		return &failure{err: p.src.invalid("changed while it was sent: "+pathReason(source.Err), source.Err)}
	case errors.As(err, &refused):
		return &failure{
			err:        p.refused(refused),
			transient:  refused.Transient(),
			throttled:  refused.StatusCode == http.StatusTooManyRequests || refused.StatusCode == http.StatusServiceUnavailable,
			retryAfter: refused.RetryAfter,
		}
	case ctx.Err() != nil:
		return &failure{err: p.failed(broken{reason: ctx.Err().Error()}, contextError(ctx))}
	case errors.As(err, &cut):
		return &failure{err: p.failed(broken{kind: ErrUnavailable, reason: err.Error(), transient: true}, err), transient: true}
	}
	b := classify(err)
	return &failure{err: p.failed(b, newCause(ctx, err)), transient: b.transient}
}

// refused returns the error of an upload that the storage refused.
func (p *coveragePut) refused(r *storage.Refusal) *StorageError {
	e := &StorageError{
		StatusCode: r.StatusCode, Code: r.Code, RequestID: r.RequestID, Host: p.url.host, Attempts: p.sent,
		hidden: &storageErrorDetails{cause: r, transient: r.Transient(), page: r.Page, expired: r.Expired()},
	}
	d := e.hidden
	d.kinds = storageKinds(r)
	d.add(r.Reason)
	switch {
	case errors.Is(e, ErrRedirect) && r.Location != "":
		d.add("a redirect to " + r.Location)
	default:
		d.add(r.Message)
	}
	if r.Expired() {
		d.add("the upload URL expired, and so did its replacement")
	}
	return e
}

// storageKinds returns the Err… variables that a refusal matches besides ErrStorage.
func storageKinds(r *storage.Refusal) []error {
	switch {
	case r.StatusCode == http.StatusTooManyRequests:
		return []error{ErrRateLimited}
	case r.Transient():
		return []error{ErrUnavailable}
	case r.StatusCode == http.StatusRequestEntityTooLarge, r.Code == "EntityTooLarge", r.Code == "RequestBodyTooLarge":
		return []error{ErrTooLarge}
	case slices.Contains(statusKinds(r.StatusCode), ErrRedirect):
		return []error{ErrRedirect}
	}
	return nil
}

// failed returns the error of an upload that got no answer.
func (p *coveragePut) failed(b broken, cause error) *StorageError {
	d := &storageErrorDetails{kinds: []error{ErrUnavailable}, cause: cause, transient: b.transient}
	if b.kind != nil && b.kind != ErrUnavailable {
		d.kinds = []error{b.kind, ErrUnavailable}
	}
	d.add(storage.PlainText(b.reason, maxPrintedMessage))
	return &StorageError{Host: p.url.host, Attempts: p.sent, hidden: d}
}
