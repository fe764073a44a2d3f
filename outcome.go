package codeant

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync/atomic"
	"time"

	"github.com/codeant-sdk/codeant/internal/errbody"
	"github.com/codeant-sdk/codeant/internal/jsonscan"
	"github.com/codeant-sdk/codeant/internal/redact"
	"github.com/codeant-sdk/codeant/internal/retryafter"
)

// attempted is what is known of an attempt when it is judged.
type attempted struct {
	client  *Client
	caller  context.Context // without this attempt's own time limit
	op      operation
	token   Token
	sent    int
	started time.Time
	wire    *wireTrace
}

// wireTrace tells what reached the wire. A transport that reports nothing, such as a mock, is taken to have sent all.
type wireTrace struct{ asked, wrote atomic.Bool }

func (a *attempted) trace(ctx context.Context) context.Context {
	a.wire = &wireTrace{}
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn:      func(string) { a.wire.asked.Store(true) },
		WroteHeaders: func() { a.wire.wrote.Store(true) },
	})
}

func (w *wireTrace) unsent() bool { return w.asked.Load() && !w.wrote.Load() }

func (a attempted) newError(kinds ...error) *APIError {
	return &APIError{
		Op: a.op.name, Method: a.op.verb(), Path: a.op.path, Attempts: a.sent,
		hidden: &apiErrorDetails{host: a.client.base.Host, kinds: kinds},
	}
}

// noAnswer judges an attempt that ended before any answer.
func (a attempted) noAnswer(err error) *failure {
	b := classify(err)
	b.unsent = b.unsent || a.wire.unsent()
	apiErr := a.newError(b.kind)
	return a.lost(apiErr, b, "no answer: "+b.reason, err)
}

// brokenAnswer judges one whose answer began and did not end well.
func (a attempted) brokenAnswer(got answer, err error) *failure {
	var apiErr *APIError
	if errors.Is(err, errTooLarge) {
		apiErr = a.errorOf(got)
		apiErr.hidden.kinds = append(apiErr.hidden.kinds, ErrTooLarge)
		apiErr.hidden.reason = fmt.Sprintf("the answer is larger than this client takes (%d bytes)", a.client.maxBody)
		apiErr.hidden.advice = "ask for less, or raise WithMaxResponseSize"
		a.markUnknown(apiErr)
		return &failure{err: apiErr}
	}
	b := classify(err)
	b.unsent = false
	apiErr = a.errorOf(got)
	apiErr.hidden.kinds = append(apiErr.hidden.kinds, b.kind)
	return a.lost(apiErr, b, "the answer broke off: "+b.reason, err)
}

// lost completes the judgement of an attempt whose answer did not arrive: for an operation that is not idempotent
// nobody knows whether it was carried out.
func (a attempted) lost(apiErr *APIError, b broken, reason string, err error) *failure {
	apiErr.hidden.reason = reason
	if a.caller.Err() != nil {
		apiErr.hidden.reason = err.Error()
		apiErr.hidden.kinds = nil
		b = broken{unsent: b.unsent}
	}
	if !b.unsent {
		a.markUnknown(apiErr)
	}
	apiErr.hidden.cause = newCause(err, a.token.Reveal())
	apiErr.hidden.transient = b.transient
	return &failure{err: apiErr, transient: b.transient, unsent: b.unsent}
}

func (a attempted) markUnknown(apiErr *APIError) {
	if !a.op.idempotent {
		apiErr.hidden.kinds = append(apiErr.hidden.kinds, ErrUnknownOutcome)
	}
}

// judge looks at a complete answer.
func (a attempted) judge(got answer, decode func(jsonscan.Document) error) *failure {
	if !got.good() {
		return a.badStatus(got)
	}
	err := got.decode(a.op, decode)
	if err == nil {
		return nil
	}
	apiErr := a.errorOf(got)
	var r *refusal
	if errors.As(err, &r) {
		apiErr.hidden.kinds = append(apiErr.hidden.kinds, r.kind)
		apiErr.hidden.reason = redact.Text(r.reason, maxPrintedMessage, a.token.Reveal())
	} else {
		apiErr.hidden.kinds = append(apiErr.hidden.kinds, ErrBadResponse)
		apiErr.hidden.reason = "the answer cannot be used: " + redact.Text(err.Error(), maxPrintedMessage, a.token.Reveal())
	}
	if errors.Is(apiErr, ErrBadResponse) || errors.Is(apiErr, ErrTooLarge) {
		a.markUnknown(apiErr)
	}
	return &failure{err: apiErr}
}

// errorOf fills an APIError with what the answer tells.
func (a attempted) errorOf(got answer) *APIError {
	secret := a.token.Reveal()
	code, message := errbody.Read(got.contentType(), got.body)
	apiErr := a.newError()
	apiErr.StatusCode = got.status
	apiErr.Code = redact.Text(code, maxPrintedValue, secret)
	apiErr.Message = redact.Text(message, maxPrintedMessage, secret)
	apiErr.RequestID = redact.Text(got.requestID(), maxPrintedValue, secret)
	apiErr.RetryAfter, _ = retryafter.Parse(got.header, time.Now())
	apiErr.hidden.body = got.raw[:min(len(got.raw), maxErrorBody)]
	if errbody.IsMarkup(got.contentType(), got.body) {
		apiErr.Message = redact.Text(message, maxPrintedMarkup, secret)
		apiErr.hidden.reason = got.markupReason()
	}
	return apiErr
}

func (a attempted) badStatus(got answer) *failure {
	apiErr := a.errorOf(got)
	d := apiErr.hidden
	f := &failure{err: apiErr, retryAfter: apiErr.RetryAfter}
	switch got.status {
	case http.StatusUnauthorized:
		f.err = a.unauthorized(apiErr, got)
	case http.StatusTooManyRequests:
		f.transient, f.unsent, f.throttled = true, true, true
	case http.StatusServiceUnavailable:
		f.transient, f.throttled = true, true
	case http.StatusBadGateway, http.StatusGatewayTimeout:
		f.transient = true
		a.markUnknown(apiErr)
	case http.StatusRequestTimeout, http.StatusInternalServerError:
		f.transient = true
	case http.StatusNotFound:
		if a.op.pollable {
			d.kinds = append(d.kinds, ErrNotReady)
			d.advice = "there is no result yet, or the repository, the commit or the base URL is wrong"
		}
	}
	if a.op.unsupported != "" && (got.status == http.StatusNotFound || got.status == http.StatusMethodNotAllowed || got.status == http.StatusNotImplemented) {
		d.kinds = append(d.kinds, ErrUnsupported)
		d.advice = a.op.unsupported
	}
	if errors.Is(apiErr, ErrRedirect) {
		d.reason = "a redirect" + got.redirectHost()
	}
	d.transient = f.transient
	return f
}

func (a attempted) unauthorized(apiErr *APIError, got answer) error {
	challenge := got.header.Get("WWW-Authenticate")
	if apiErr.Message == "" {
		apiErr.Message = redact.Text(challengeDescription(challenge), maxPrintedMessage, a.token.Reveal())
	}
	told := strings.ToLower(apiErr.Code + " " + apiErr.Message + " " + challenge)
	if strings.Contains(told, "revoked") {
		apiErr.hidden.kinds = append(apiErr.hidden.kinds, ErrTokenRevoked)
		return &TokenRevokedError{APIError: apiErr, Last4: a.token.Last4()}
	}
	return &UnauthorizedError{APIError: apiErr}
}

// challengeDescription returns error_description of a WWW-Authenticate header (RFC 6750, section 3).
func challengeDescription(challenge string) string {
	_, rest, found := strings.Cut(challenge, `error_description="`)
	if !found {
		return ""
	}
	description, _, _ := strings.Cut(rest, `"`)
	return description
}
