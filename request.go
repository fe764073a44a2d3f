package codeant

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/codeant-sdk/codeant/internal/jsonscan"
	"github.com/codeant-sdk/codeant/internal/redact"
	"github.com/codeant-sdk/codeant/internal/success"
)

// operation is one endpoint as this package uses it. Each service file begins with its operations.
type operation struct {
	name       string // public: appears in errors and logs, and names faults in package codeanttest
	method     string // "" is POST
	path       string // below the base URL, escaped
	query      string
	shownPath  string // printed instead of path, if path may contain a secret
	tokenField string // the field of the body that also holds the token, if the endpoint requires it
	idempotent bool   // repeating it has no further effect: gate 2 of the retries

	pollable    bool           // 404 and 204 mean "not ready"
	readsFirst  bool           // the decoder also reads an answer that says that it failed
	judges      success.Except // the signs of failure that the decoder checks itself
	source      TokenSource    // replaces the client's token source
	observed    bool           // 401 and 403 may mean that the endpoint accepts no API tokens; unsupported says so
	unsupported string         // advice for 404, 405 and 501, because the endpoint may not exist
}

func (op operation) verb() string {
	if op.method == "" {
		return http.MethodPost
	}
	return op.method
}

func (op operation) printedPath() string { return cmp.Or(op.shownPath, op.path) }

// fetch sends in as the operation's body and returns what decode makes of the answer. decode is called only for a 2xx answer
// whose body is JSON that does not say that the call failed, or is empty: then the document's kind is Invalid.
func fetch[T any](ctx context.Context, c *Client, op operation, in any, decode func(jsonscan.Document) (T, error)) (T, error) {
	var out, none T
	err := c.send(ctx, op, in, func(doc jsonscan.Document) (err error) {
		out, err = decode(doc)
		return err
	})
	if err != nil {
		return none, err
	}
	return out, nil
}

// send makes every request to the API, in these stages:
//
//   - request.go encodes the body once and asks the token source before each attempt;
//   - the caller's middleware sees the request without a credential;
//   - auth.go adds the token if the request goes to the base URL's origin, and resend.go passes it to the transport, and
//     again if the connection was closed before anything was sent;
//   - answer.go reads the answer up to its limit and validates it;
//   - the service's decoder accepts or rejects the body;
//   - outcome.go and classify.go turn a failure into an *APIError, and retry.go decides about the next attempt.
func (c *Client) send(ctx context.Context, op operation, in any, decode func(jsonscan.Document) error) error {
	if err := c.ready(ctx); err != nil {
		return err
	}
	body, err := encode(op, in)
	if err != nil {
		return err
	}
	x := &exchange{client: c, caller: ctx, op: op, body: body}
	if ctx.Err() != nil {
		return x.notSent()
	}
	return c.retrier.run(ctx, op.idempotent, func() *failure { return x.try(decode) }, x.report)
}

// ready returns an error if the client or the context cannot be used.
func (c *Client) ready(ctx context.Context) error {
	if c == nil || c.api == nil {
		return invalid("client", "", "was not created by New", "use codeant.New")
	}
	if ctx == nil {
		return invalid("context", "", "is nil", "use the caller's context, or context.Background()")
	}
	return nil
}

func encode(op operation, in any) ([]byte, error) {
	if in == nil && op.tokenField == "" {
		return nil, nil
	}
	body, err := json.Marshal(in)
	if err != nil {
		return nil, invalid("body of "+op.name, "", "cannot be encoded as JSON: "+redact.Text(err.Error(), maxPrintedMessage), "check its type")
	}
	if op.tokenField != "" && body[0] != '{' {
		return nil, invalid("body of "+op.name, "", "is not a JSON object, so the token cannot be added",
			"use a struct or a map, or omit TokenField")
	}
	return body, nil
}

// exchange is one call of an operation, with all its attempts.
type exchange struct {
	client    *Client
	caller    context.Context // without an attempt's own time limit
	op        operation
	body      []byte // without a credential
	refreshed bool   // the token source was asked again after a 401

	token Token                   // of this attempt
	stop  context.CancelCauseFunc // ends this attempt
	sent  int                     // how many times the request was passed to the transport
	wire  *wire                   // what reached the connection in the last attempt; nil if middleware answered the request
	last  Attempt
}

// requestKey is the context key of a request's exchange, or of its operationName if it has no exchange.
type requestKey struct{}

type operationName string

// OperationName returns the name of the operation that a request belongs to, such as "scans.start" or "coverage.put". Its
// argument is the context of the request that a middleware or transport sees. The name is "" if this package did not make
// the request.
func OperationName(ctx context.Context) string {
	switch v := ctx.Value(requestKey{}).(type) {
	case *exchange:
		return v.op.name
	case operationName:
		return string(v)
	}
	return ""
}

func (x *exchange) tokens() TokenSource {
	if x.op.source != nil {
		return x.op.source
	}
	return x.client.source
}

// try makes an attempt, and after a 401 a second one if the source now returns another token. Gate 2 of the retries does not
// apply, because a request that is refused for its token was not carried out.
func (x *exchange) try(decode func(jsonscan.Document) error) *failure {
	token, err := x.tokens().Token(x.caller)
	if err == nil && token.IsZero() {
		err = missingToken("the token source returned an empty token")
	}
	if err != nil {
		return &failure{err: fmt.Errorf("codeant: %s: %w", x.op.name, newCause(x.caller, err))}
	}
	f := x.attempt(token, decode)
	if f == nil || x.refreshed || !errors.Is(f.err, ErrUnauthorized) {
		return f
	}
	x.refreshed = true
	fresh, err := x.tokens().Token(x.caller)
	if err != nil || fresh.IsZero() || fresh.Reveal() == token.Reveal() {
		return f
	}
	x.report(0, f)
	return x.attempt(fresh, decode)
}

// attempt sends the request and reads its answer. It returns nil if decode accepted the answer.
func (x *exchange) attempt(token Token, decode func(jsonscan.Document) error) *failure {
	ctx, stop := context.WithCancelCause(x.caller)
	defer stop(nil)
	limit := time.AfterFunc(x.client.timeout, func() { stop(errAttemptTimeout) })
	defer limit.Stop()

	began, sent := time.Now(), x.sent
	req, err := x.newRequest(context.WithValue(ctx, requestKey{}, x))
	if err != nil {
		return &failure{err: err}
	}
	x.token, x.stop, x.wire = token, stop, nil
	x.last = Attempt{Op: x.op.name, Method: x.op.verb(), Path: x.op.printedPath()}
	res, err := x.client.api.Do(req)
	x.sent = max(x.sent, sent+1) // middleware may answer without a transport
	x.last.Number = x.sent
	var f *failure
	if err != nil {
		f = x.noAnswer(attemptError(x.caller, ctx, err))
	} else {
		f = x.answered(ctx, stop, res, decode)
	}
	x.last.Took = time.Since(began)
	return f
}

func (x *exchange) answered(
	ctx context.Context, stop context.CancelCauseFunc, res *http.Response, decode func(jsonscan.Document) error,
) *failure {
	got, err := readAnswer(res, x.client.maxBody, stop)
	x.last.StatusCode, x.last.RequestID = got.status, redact.Text(got.requestID(), maxPrintedValue, x.token.Reveal())
	if err != nil && (x.caller.Err() != nil || got.good()) {
		return x.brokenAnswer(got, attemptError(x.caller, ctx, err))
	}
	return x.judge(got, decode) // a status other than 2xx is enough, even if the body broke off
}

func (x *exchange) newRequest(ctx context.Context) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, x.op.verb(), "", nil)
	if err != nil {
		return nil, invalid("method", x.op.method, "is not an HTTP method", "use POST, GET, PUT, PATCH or DELETE")
	}
	x.client.target(req.URL, x.op)
	req.Host = req.URL.Host
	values := [...]string{"application/json", x.client.userAgent, "application/json"} // one array for all headers
	req.Header["Accept"] = values[0:1:1]
	req.Header["User-Agent"] = values[1:2:2]
	if x.body != nil {
		req.Header["Content-Type"] = values[2:3:3]
		req.Body, req.ContentLength = newPayload(x.body), int64(len(x.body))
	}
	return req, nil
}

// target writes the address of an operation into u.
func (c *Client) target(u *url.URL, op operation) {
	*u = *c.base
	u.RawPath = u.EscapedPath() + op.path
	u.Path, _ = url.PathUnescape(u.RawPath) // always valid: Request.operation checks a caller's path
	u.RawQuery = op.query
}

// report passes the last attempt to the observers and the log, with the pause before the next one.
func (x *exchange) report(pause time.Duration, f *failure) {
	if x.last.Number == 0 {
		return // the token source failed, and nothing was sent
	}
	x.last.Pause = pause
	if f != nil {
		x.last.Err = f.err
	}
	x.client.report(x.caller, x.last)
	x.last = Attempt{}
}
