package codeant

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/codeant-sdk/codeant/internal/errbody"
	"github.com/codeant-sdk/codeant/internal/jsonscan"
	"github.com/codeant-sdk/codeant/internal/redact"
	"github.com/codeant-sdk/codeant/internal/retryafter"
)

func (x *exchange) newError(kinds ...error) *APIError {
	return &APIError{
		Op: x.op.name, Method: x.op.verb(), Path: x.op.printedPath(), Attempts: x.sent,
		hidden: &apiErrorDetails{host: x.client.base.Host, kinds: kinds},
	}
}

func (x *exchange) notSent() error {
	e := x.newError()
	e.hidden.reason, e.hidden.cause = x.caller.Err().Error(), contextError(x.caller)
	return e
}

// noAnswer returns the failure of an attempt that ended before an answer arrived.
func (x *exchange) noAnswer(err error) *failure {
	b := classify(err, x.token.Reveal())
	b.unsent = b.unsent || x.wire.unsent() || isGoAway(err) || isRefusedStream(err) || isUnsent(err)
	f := x.lost(x.newError(b.kind), b, "no answer: "+b.reason, err)
	f.free = x.wire.unprocessed(err) && x.caller.Err() == nil
	return f
}

// brokenAnswer returns the failure of an attempt whose answer began to arrive but could not be read to its end.
func (x *exchange) brokenAnswer(got answer, err error) *failure {
	var apiErr *APIError
	if errors.Is(err, errTooLarge) {
		apiErr = x.errorOf(got)
		apiErr.hidden.kinds = append(apiErr.hidden.kinds, ErrTooLarge)
		apiErr.hidden.reason = fmt.Sprintf("the answer is larger than the limit of %d bytes", x.client.maxBody)
		apiErr.hidden.advice = "request less, or raise the limit with WithMaxResponseSize"
		x.markUnknown(apiErr)
		return &failure{err: apiErr}
	}
	b := classify(err, x.token.Reveal())
	b.unsent = false
	apiErr = x.errorOf(got)
	apiErr.hidden.kinds = append(apiErr.hidden.kinds, b.kind)
	return x.lost(apiErr, b, "the answer broke off: "+b.reason, err)
}

// lost completes the failure of an attempt whose answer did not arrive. If the operation is not idempotent, its outcome is
// unknown.
func (x *exchange) lost(apiErr *APIError, b broken, reason string, err error) *failure {
	apiErr.hidden.reason = reason
	if x.caller.Err() != nil {
		apiErr.hidden.reason = err.Error()
		apiErr.hidden.kinds = nil
		b = broken{unsent: b.unsent}
	}
	if !b.unsent {
		x.markUnknown(apiErr)
	}
	apiErr.hidden.cause = newCause(x.caller, err, x.token.Reveal())
	apiErr.hidden.advice = b.advice
	apiErr.hidden.transient = b.transient
	return &failure{err: apiErr, transient: b.transient, unsent: b.unsent}
}

func (x *exchange) markUnknown(apiErr *APIError) {
	if !x.op.idempotent {
		apiErr.hidden.kinds = append(apiErr.hidden.kinds, ErrUnknownOutcome)
	}
}

// judge returns the failure of a complete answer, or nil if decode accepts it.
func (x *exchange) judge(got answer, decode func(jsonscan.Document) error) *failure {
	if !got.good() {
		return x.badStatus(got)
	}
	err := got.decode(x.op, decode)
	if err == nil {
		return nil
	}
	apiErr := x.errorOf(got)
	var r *refusal
	if errors.As(err, &r) {
		apiErr.hidden.kinds = append(apiErr.hidden.kinds, r.kind)
		apiErr.hidden.reason = redact.Text(r.reason, maxPrintedMessage, x.token.Reveal())
		if r.quoted {
			x.quote(apiErr, got)
		}
	} else {
		apiErr.hidden.kinds = append(apiErr.hidden.kinds, ErrBadResponse)
		apiErr.hidden.reason = "the answer cannot be used: " + redact.Text(err.Error(), maxPrintedMessage, x.token.Reveal())
	}
	if errors.Is(apiErr, ErrBadResponse) || errors.Is(apiErr, ErrTooLarge) {
		x.markUnknown(apiErr)
	}
	return &failure{err: apiErr}
}

// errorOf returns an APIError with what the answer says about itself.
func (x *exchange) errorOf(got answer) *APIError {
	secret := x.token.Reveal()
	apiErr := x.newError()
	apiErr.StatusCode = got.status
	apiErr.RequestID = redact.Text(got.requestID(), maxPrintedValue, secret)
	apiErr.RetryAfter, _ = retryafter.Parse(got.header, time.Now())
	apiErr.hidden.body = bytes.Clone(got.raw[:min(len(got.raw), maxErrorBody)]) // not the answer's buffer, which may be large
	if errbody.IsMarkup(got.contentType(), got.body) {
		apiErr.hidden.reason = got.markupReason()
	}
	return apiErr
}

// quote copies the server's message into the error. It is called only for answers that say that the call failed: any other
// 2xx answer may contain a new token, a signed URL or a credential that a scan found.
func (x *exchange) quote(apiErr *APIError, got answer) {
	limit := maxPrintedMessage
	if errbody.IsMarkup(got.contentType(), got.body) {
		limit = maxPrintedMarkup
	}
	code, message := errbody.Read(got.contentType(), got.body)
	apiErr.Code = redact.Text(code, maxPrintedValue, x.token.Reveal())
	apiErr.Message = redact.Text(message, limit, x.token.Reveal())
}

func (x *exchange) badStatus(got answer) *failure {
	apiErr := x.errorOf(got)
	x.quote(apiErr, got)
	d := apiErr.hidden
	f := &failure{err: apiErr, retryAfter: apiErr.RetryAfter}
	switch got.status {
	case http.StatusUnauthorized:
		f.err = x.unauthorized(apiErr, got)
	case http.StatusTooManyRequests:
		f.transient, f.unsent, f.throttled = true, true, true
	case http.StatusServiceUnavailable:
		f.transient, f.throttled = true, true
	case http.StatusBadGateway, http.StatusGatewayTimeout:
		f.transient = true
		x.markUnknown(apiErr)
		if x.op.pollable {
			d.advice = "try again later; if it keeps failing, the answer may exceed the API's limit of about 1 MB: " +
				"scan fewer files at once with Include"
		}
	case http.StatusRequestTimeout, http.StatusInternalServerError:
		f.transient = true
	case http.StatusNotFound:
		if x.op.pollable {
			d.kinds = append(d.kinds, ErrNotReady)
			d.advice = "there is no result yet, or the repository, the commit or the base URL is wrong"
		}
	}
	if errbody.IsMarkup(got.contentType(), got.body) && isRefusal(got.status) {
		d.kinds = append(d.kinds, ErrBadResponse)
		d.advice = "a proxy or a login page seems to answer in CodeAnt's place: check the proxy of this network and the base URL"
	}
	if x.op.unsupported != "" && isMissing(got.status) {
		d.kinds = append(d.kinds, ErrUnsupported)
		d.advice = x.op.unsupported
	}
	if x.op.observed && (got.status == http.StatusUnauthorized || got.status == http.StatusForbidden) &&
		!errors.Is(f.err, ErrTokenRevoked) && !errbody.IsMarkup(got.contentType(), got.body) {
		d.advice = x.op.unsupported
	}
	if errors.Is(apiErr, ErrRedirect) {
		d.reason = "a redirect" + got.redirectHost()
	}
	d.transient = f.transient
	return f
}

// isMissing reports whether a status can mean that the server does not have the endpoint.
func isMissing(status int) bool {
	return status == http.StatusNotFound || status == http.StatusMethodNotAllowed || status == http.StatusNotImplemented
}

// isRefusal reports whether a status rejects the request. If such an answer is a web page, it did not come from CodeAnt and
// says nothing about the token or the call.
func isRefusal(status int) bool {
	switch status {
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusUnprocessableEntity,
		http.StatusUnavailableForLegalReasons:
		return true
	}
	return false
}

func (x *exchange) unauthorized(apiErr *APIError, got answer) error {
	challenge := got.header.Get("WWW-Authenticate")
	if apiErr.Message == "" {
		apiErr.Message = redact.Text(challengeDescription(challenge), maxPrintedMessage, x.token.Reveal())
	}
	words := strings.ToLower(apiErr.Code + " " + apiErr.Message + " " + challenge)
	if strings.Contains(words, "revoked") && !errbody.IsMarkup(got.contentType(), got.body) {
		apiErr.hidden.kinds = append(apiErr.hidden.kinds, ErrTokenRevoked)
		return &TokenRevokedError{APIError: apiErr, Last4: x.token.Last4()}
	}
	return &UnauthorizedError{APIError: apiErr}
}

// challengeDescription returns the error_description of a WWW-Authenticate header (RFC 6750, section 3).
func challengeDescription(challenge string) string {
	_, rest, found := strings.Cut(challenge, `error_description="`)
	if !found {
		return ""
	}
	description, _, _ := strings.Cut(rest, `"`)
	return description
}
