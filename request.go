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
	name       string // public: in errors, logs and the faults of package codeanttest
	method     string // "" is POST
	path       string // below the base URL, escaped
	query      string
	shownPath  string // path, if it may hold a secret and so must be printed otherwise
	tokenField string // where the vendor wants the credential in the body, besides the header
	idempotent bool   // doing it twice is the same as doing it once: gate 2 of the retries

	pollable    bool           // 404 and 204 mean "not ready"
	readsFirst  bool           // the decoder also reads an answer that says that it failed
	judges      success.Except // what the decoder judges itself of what says whether the call succeeded
	source      TokenSource    // where the token comes from, if not from the client's source
	observed    bool           // 401 and 403 may mean that no API token is accepted here; unsupported says so
	unsupported string         // what to do instead where the server answers 404, 405 or 501: the endpoint is a guess
}

func (op operation) verb() string {
	if op.method == "" {
		return http.MethodPost
	}
	return op.method
}

func (op operation) printedPath() string { return cmp.Or(op.shownPath, op.path) }

// fetch sends in as the operation's body and returns what decode makes of the body of a 2xx answer. The body is one JSON
// value that does not say that it failed, or empty: then its kind is Invalid.
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

// send is the way of every request to the API. Its stages:
//
//   - request.go encodes the body once and asks the token source before each attempt;
//   - the caller's middleware sees a request without a credential;
//   - auth.go adds the token if the request goes to the base URL's origin, and resend.go hands it to the transport, again
//     if the connection was gone before anything was sent;
//   - answer.go reads the answer within its bounds and checks it;
//   - the service's decoder takes the body or refuses it;
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
	return c.retrier.run(ctx, op.idempotent, func(int) *failure { return x.try(decode) }, x.report)
}

// ready reports why nothing can be sent, however good the request is.
func (c *Client) ready(ctx context.Context) error {
	if c == nil || c.api == nil {
		return invalid("client", "", "was not made by New", "use codeant.New")
	}
	if ctx == nil {
		return invalid("context", "", "is nil", "use the caller's, or context.Background()")
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
		return nil, invalid("body of "+op.name, "", "is not a JSON object, so the token has no place in it", "use a struct or a map, or leave out TokenField")
	}
	return body, nil
}

// exchange is one call of an operation over all its attempts.
type exchange struct {
	client    *Client
	caller    context.Context // without an attempt's own time limit
	op        operation
	body      []byte // without a credential
	refreshed bool   // the token source was asked again after a 401

	token Token                   // of this attempt
	stop  context.CancelCauseFunc // ends this attempt
	sent  int                     // how often the request was handed to the transport
	wire  *wire                   // what reached the connection the last time; nil if middleware kept the request
	last  Attempt
}

// requestKey is the key under which a request's context carries its exchange, or the operation's name alone.
type requestKey struct{}

type operationName string

// OperationName returns the name of the operation that a request belongs to, such as "scans.start" or "coverage.put",
// from the request's context. It is for middleware and transports, and empty for requests that are not this package's.
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

// try makes an attempt, and after a 401 a second one if the source has another token by then. That a request was turned
// away for its token means that it was not carried out, so gate 2 of the retries does not apply.
func (x *exchange) try(decode func(jsonscan.Document) error) *failure {
	token, err := x.tokens().Token(x.caller)
	if err == nil && token.IsZero() {
		err = missingToken("the token source gave none")
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
	x.report(0, 0, f)
	return x.attempt(fresh, decode)
}

// attempt sends the request and reads its answer. A nil failure means that decode took it.
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

func (x *exchange) answered(ctx context.Context, stop context.CancelCauseFunc, res *http.Response, decode func(jsonscan.Document) error) *failure {
	got, err := readAnswer(res, x.client.maxBody, stop)
	x.last.StatusCode, x.last.RequestID = got.status, redact.Text(got.requestID(), maxPrintedValue, x.token.Reveal())
	if err != nil && (x.caller.Err() != nil || got.good()) {
		return x.brokenAnswer(got, attemptError(x.caller, ctx, err))
	}
	return x.judge(got, decode) // the status of a refusal is enough, even if its body broke off
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
	u.Path, _ = url.PathUnescape(u.RawPath) // paths of operations are checked where they come from outside
	u.RawQuery = op.query
}

// report ends an attempt: the observers and the log learn of it and of the pause before the next one.
func (x *exchange) report(_ int, pause time.Duration, f *failure) {
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
