package codeant

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/codeant-sdk/codeant/internal/errbody"
	"github.com/codeant-sdk/codeant/internal/redact"
	"github.com/codeant-sdk/codeant/internal/retryafter"
	"github.com/codeant-sdk/codeant/internal/strictjson"
)

// operation is one endpoint as this package uses it. Each service file begins with its operations.
type operation struct {
	name       string // public: in errors, logs and the faults of package codeanttest
	method     string // "" is POST
	path       string // below the base URL, escaped
	query      string
	tokenField string // where the vendor wants the credential in the body, besides the header
	idempotent bool   // doing it twice is the same as doing it once: gate 2 of the retries

	pollable    bool   // 404 and 204 mean "not ready"
	ownStatus   bool   // a 200 with status "error" is a result here, for the decoder to judge
	unsupported string // what to do instead where the server answers 404, 405 or 501: the endpoint is a guess
}

func (op operation) verb() string {
	if op.method == "" {
		return http.MethodPost
	}
	return op.method
}

// refusal is a decoder's answer to a body: of a kind, for a reason.
type refusal struct {
	kind   error
	reason string
}

func (r *refusal) Error() string { return r.reason }

// unusable says why an answer cannot be taken for what it should be.
func unusable(format string, args ...any) error {
	return &refusal{ErrBadResponse, "the answer cannot be used: " + fmt.Sprintf(format, args...)}
}

// call is the way of every request to the API: encode once, and per attempt add the token, send, check status and
// content type, read within bounds, decode. decode sees a 2xx answer; a refusal from it becomes an *APIError.
func (c *Client) call(ctx context.Context, op operation, in any, decode func(answer) error) error {
	body, err := encode(op, in)
	if err != nil {
		return err
	}
	if ctx.Err() != nil {
		return c.notSent(ctx, op)
	}
	sent, refreshed := 0, false
	try := func(int) *failure {
		token, err := c.source.Token(ctx)
		if err == nil && token.IsZero() {
			err = missingToken("the token source gave none")
		}
		if err != nil {
			return &failure{err: fmt.Errorf("codeant: %s: %w", op.name, newTokenCause(err))}
		}
		sent++
		f := c.attempt(ctx, op, body, token, sent, decode)
		if f == nil || refreshed || !errors.Is(f.err, ErrUnauthorized) {
			return f
		}
		// Gate 2 does not apply: a request that was turned away at the door was not carried out.
		refreshed = true
		if fresh, err := c.source.Token(ctx); err == nil && !fresh.IsZero() && fresh.Reveal() != token.Reveal() {
			sent++
			f = c.attempt(ctx, op, body, fresh, sent, decode)
		}
		return f
	}
	return c.retrier.run(ctx, op.idempotent, try, func(attempt int, pause time.Duration, f *failure) {
		c.logRetry(ctx, op.name, attempt, pause, f)
	})
}

func (c *Client) logRetry(ctx context.Context, op string, attempt int, pause time.Duration, f *failure) {
	c.log.WarnContext(ctx, "codeant: trying again", "op", op, "attempt", attempt, "pause", pause, "error", f.err)
}

// newTokenCause keeps this package's own errors as they are, and takes from others what may be secret.
func newTokenCause(err error) error {
	var own *tokenError
	if errors.As(err, &own) {
		return err
	}
	return newCause(err)
}

func (c *Client) notSent(ctx context.Context, op operation) error {
	return &APIError{Op: op.name, Method: op.verb(), Path: op.path, hidden: &apiErrorDetails{
		host: c.base.Host, reason: ctx.Err().Error(), cause: contextError(ctx),
	}}
}

func encode(op operation, in any) ([]byte, error) {
	if in == nil {
		return nil, nil
	}
	body, err := json.Marshal(in)
	if err != nil {
		return nil, invalid("body of "+op.name, "", "cannot be encoded as JSON: "+redact.Text(err.Error(), maxPrintedMessage), "check its type")
	}
	return body, nil
}

// withCredential writes the token into a JSON object, as its first member.
func withCredential(object []byte, field string, token Token) []byte {
	value, _ := json.Marshal(token.Reveal()) // a string always encodes
	out := make([]byte, 0, len(object)+len(field)+len(value)+len(`"":,`))
	out = append(out, `{"`...)
	out = append(out, field...)
	out = append(out, `":`...)
	out = append(out, value...)
	if len(object) > len(`{}`) {
		out = append(out, ',')
	}
	return append(out, object[1:]...)
}

// attempt sends the request once. A nil failure means that decode took the answer.
func (c *Client) attempt(caller context.Context, op operation, body []byte, token Token, sent int, decode func(answer) error) *failure {
	ctx, cancel := context.WithTimeoutCause(caller, c.timeout, errAttemptTimeout)
	defer cancel()
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)

	a := attempted{client: c, caller: caller, op: op, token: token, sent: sent, started: time.Now()}
	req, err := c.newRequest(a.trace(withToken(ctx, token)), op, body, token)
	if err != nil {
		return &failure{err: err}
	}
	res, err := c.api.Do(req)
	if err != nil {
		f := a.noAnswer(attemptError(caller, ctx, err))
		c.logAttempt(caller, op, 0, a)
		return f
	}
	got, err := readAnswer(res, c.maxBody, stop)
	c.logAttempt(caller, op, res.StatusCode, a)
	if err != nil && (caller.Err() != nil || got.good()) {
		return a.brokenAnswer(got, attemptError(caller, ctx, err))
	}
	return a.judge(got, decode) // the status of a refusal tells enough, even if its body broke off
}

func (c *Client) newRequest(ctx context.Context, op operation, body []byte, token Token) (*http.Request, error) {
	if op.tokenField != "" {
		body = withCredential(body, op.tokenField, token)
	}
	req, err := http.NewRequestWithContext(ctx, op.verb(), "", bytes.NewReader(body))
	if err != nil {
		return nil, invalid("method", op.method, "is not an HTTP method", "use POST, GET, PUT, PATCH or DELETE")
	}
	if body == nil {
		req.Body, req.GetBody, req.ContentLength = http.NoBody, nil, 0
	} else {
		req.Header.Set("Content-Type", "application/json")
	}
	req.URL = c.target(op)
	req.Host = req.URL.Host
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", c.userAgent)
	return req, nil
}

func (c *Client) target(op operation) *url.URL {
	u := *c.base
	u.RawPath = u.EscapedPath() + op.path
	u.Path, _ = url.PathUnescape(u.RawPath) // paths of operations are checked where they come from outside
	u.RawQuery = op.query
	return &u
}

func (c *Client) logAttempt(ctx context.Context, op operation, status int, a attempted) {
	c.log.DebugContext(ctx, "codeant: attempt", "op", op.name, "method", op.verb(), "path", op.path, "status", status, "attempt", a.sent, "took", time.Since(a.started))
}

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
func (a attempted) judge(got answer, decode func(answer) error) *failure {
	if !got.good() {
		return a.badStatus(got)
	}
	err := got.check(a.op)
	if err == nil {
		err = decode(got)
	}
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
	if errors.Is(apiErr, ErrBadResponse) {
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

// Request is a call of an endpoint that this package has no method for.
type Request struct {
	// Method is the HTTP method. Default POST, which nearly all of CodeAnt's endpoints use.
	Method string
	// Path is the path below the base URL, such as "/api/analysis/start", with a query if need be. Required.
	Path string
	// Body is encoded as JSON. nil means no body.
	Body any
	// Idempotent allows a repetition when the answer was lost or a server error. GET and HEAD always are.
	Idempotent bool
}

// Call sends a request to any endpoint of the API through the same checks, retries and errors as the other methods, and
// decodes its answer into out unless that is nil. An answer that is not JSON, that says {"status":"error"} or holds an
// "error", and an empty one where out is not nil, is ErrBadResponse.
//
// The Path stays below the base URL: an address of another host, or one with "..", is ErrInvalidRequest.
func (c *Client) Call(ctx context.Context, req Request, out any) error {
	op, err := req.operation()
	if err != nil {
		return err
	}
	return c.call(ctx, op, req.Body, func(got answer) error {
		if out == nil {
			return nil
		}
		if len(got.body) == 0 {
			return unusable("it is empty")
		}
		if err := strictjson.Unmarshal(got.body, out); err != nil {
			return unusable("%v", err)
		}
		return nil
	})
}

func (r Request) operation() (operation, error) {
	const mend = `use a path below the base URL, such as "/api/analysis/start"`
	u, err := url.Parse(r.Path)
	shown, _, _ := strings.Cut(r.Path, "?") // a query may be a secret
	switch {
	case r.Path == "":
		return operation{}, invalid("path", "", "is missing", mend)
	case err != nil || validateText("path", r.Path) != nil:
		return operation{}, invalid("path", shown, "is not a path", mend)
	case !strings.HasPrefix(r.Path, "/") || u.Host != "" || u.Scheme != "" || strings.HasPrefix(r.Path, "//"):
		return operation{}, invalid("path", shown, "does not begin with one slash", mend)
	case u.Fragment != "" || strings.Contains(r.Path, "#"):
		return operation{}, invalid("path", shown, "has a fragment", mend)
	}
	for segment := range strings.SplitSeq(u.Path, "/") {
		if segment == ".." || segment == "." {
			return operation{}, invalid("path", shown, `has a "`+segment+`" in it`, mend)
		}
	}
	method := strings.ToUpper(r.Method)
	return operation{
		name: "call", method: method, path: u.EscapedPath(), query: u.RawQuery,
		idempotent: r.Idempotent || method == http.MethodGet || method == http.MethodHead,
	}, nil
}
