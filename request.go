package codeant

import (
	"bytes"
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
	tokenField string // where the vendor wants the credential in the body, besides the header
	idempotent bool   // doing it twice is the same as doing it once: gate 2 of the retries

	pollable    bool           // 404 and 204 mean "not ready"
	readsFirst  bool           // the decoder also reads an answer that says that it failed
	judges      success.Except // what the decoder judges itself of what says whether the call succeeded
	unsupported string         // what to do instead where the server answers 404, 405 or 501: the endpoint is a guess
}

func (op operation) verb() string {
	if op.method == "" {
		return http.MethodPost
	}
	return op.method
}

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
//   - request.go encodes the body, once;
//   - retry.go decides about each further attempt, by what outcome.go and classify.go say of the one before;
//   - auth.go adds the token, if the request goes to the base URL's origin;
//   - answer.go reads the answer within its bounds and checks it;
//   - the service's decoder takes the body or refuses it, which outcome.go turns into an *APIError.
func (c *Client) send(ctx context.Context, op operation, in any, decode func(jsonscan.Document) error) error {
	if c == nil || c.api == nil {
		return invalid("client", "", "was not made by New", "use codeant.New")
	}
	if ctx == nil {
		return invalid("context", "", "is nil", "use the caller's, or context.Background()")
	}
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
func (c *Client) attempt(caller context.Context, op operation, body []byte, token Token, sent int, decode func(jsonscan.Document) error) *failure {
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
