package codeant_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/codeant-sdk/codeant"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	funnelToken = "cdt_funnelTests0123456789"
	readPath    = "/api/read"
	readURL     = "https://api.codeant.ai/api/read"
)

func funnelClient(t *testing.T, transport http.RoundTripper, opts ...codeant.Option) *codeant.Client {
	t.Helper()
	client, err := codeant.New(append([]codeant.Option{
		codeant.WithToken(funnelToken), codeant.WithBaseURL(codeant.DefaultBaseURL), codeant.WithHTTPClient(&http.Client{Transport: transport}),
	}, opts...)...)
	require.NoError(t, err)
	return client
}

func read(ctx context.Context, client *codeant.Client) error {
	var out map[string]any
	return client.Call(ctx, codeant.Request{Path: readPath + "?page=feedfacecafe", Idempotent: true}, &out)
}

func start(ctx context.Context, client *codeant.Client) error {
	return client.Call(ctx, codeant.Request{Path: readPath, Body: map[string]string{"repo": "acme/shop"}}, nil)
}

type fault struct {
	name     string
	answer   httpmock.Responder
	reads    int // how often an idempotent call is sent
	starts   int // how often another one is
	kinds    []error
	started  []error // further kinds of the call that is not idempotent
	notKinds []error
}

func status(code int, body string) httpmock.Responder { return httpmock.NewStringResponder(code, body) }

func withHeader(code int, name, value, body string) httpmock.Responder {
	return func(*http.Request) (*http.Response, error) {
		res := httpmock.NewStringResponse(code, body)
		res.Header.Set(name, value)
		return res, nil
	}
}

func faults() []fault {
	unknown := []error{codeant.ErrUnknownOutcome}
	table := []fault{
		{"401", status(401, `{"message":"no"}`), 1, 1, []error{codeant.ErrUnauthorized}, nil, []error{codeant.ErrTokenRevoked}},
		{"401 revoked by message", status(401, `{"message":"Token was revoked"}`), 1, 1, []error{codeant.ErrUnauthorized, codeant.ErrTokenRevoked}, nil, nil},
		{"401 revoked by code", status(401, `{"error":{"code":"token_revoked","message":"no"}}`), 1, 1, []error{codeant.ErrTokenRevoked}, nil, nil},
		{"401 revoked by challenge", withHeader(401, "WWW-Authenticate", `Bearer error="invalid_token", error_description="The token was revoked"`, ""), 1, 1, []error{codeant.ErrTokenRevoked}, nil, nil},
		{"403", status(403, `{"error":"quota"}`), 1, 1, []error{codeant.ErrForbidden}, nil, []error{codeant.ErrUnauthorized}},
		{"404", status(404, ""), 1, 1, []error{codeant.ErrNotFound}, nil, nil},
		{"410", status(410, ""), 1, 1, []error{codeant.ErrNotFound}, nil, nil},
		{"409", status(409, ""), 1, 1, []error{codeant.ErrConflict}, nil, nil},
		{"400", status(400, ""), 1, 1, []error{codeant.ErrInvalidRequest}, nil, nil},
		{"415", status(415, ""), 1, 1, []error{codeant.ErrInvalidRequest}, nil, nil},
		{"422", status(422, ""), 1, 1, []error{codeant.ErrInvalidRequest}, nil, nil},
		{"413", status(413, ""), 1, 1, []error{codeant.ErrTooLarge}, nil, nil},
		{"414", status(414, ""), 1, 1, []error{codeant.ErrTooLarge}, nil, nil},
		{"431", status(431, ""), 1, 1, []error{codeant.ErrTooLarge}, nil, nil},
		{"408", status(408, ""), 3, 1, []error{codeant.ErrUnavailable}, nil, nil},
		{"429", status(429, ""), 3, 3, []error{codeant.ErrRateLimited}, nil, []error{codeant.ErrUnavailable}},
		{"500", status(500, ""), 3, 1, []error{codeant.ErrUnavailable}, nil, []error{codeant.ErrUnknownOutcome}},
		{"501", status(501, ""), 1, 1, []error{codeant.ErrUnsupported}, nil, nil},
		{"502", status(502, ""), 3, 1, []error{codeant.ErrUnavailable}, unknown, nil},
		{"503", status(503, ""), 3, 1, []error{codeant.ErrUnavailable}, nil, []error{codeant.ErrUnknownOutcome}},
		{"504", status(504, ""), 3, 1, []error{codeant.ErrUnavailable}, unknown, nil},
		{"505", status(505, ""), 1, 1, []error{codeant.ErrUnavailable}, nil, nil},
		{"101", status(101, ""), 1, 1, []error{codeant.ErrBadResponse}, nil, nil},
		{"304", status(304, ""), 1, 1, []error{codeant.ErrBadResponse}, nil, []error{codeant.ErrRedirect}},
		{"999", status(999, ""), 1, 1, []error{codeant.ErrBadResponse}, nil, nil},
		{"empty 200", status(200, ""), 1, 1, []error{codeant.ErrBadResponse}, nil, nil},
		{"202 without a body", status(202, ""), 1, 1, []error{codeant.ErrBadResponse}, nil, []error{io.EOF}},
		{"204", status(204, ""), 1, 1, []error{codeant.ErrBadResponse}, nil, []error{io.EOF}},
		{"trailing data", status(200, `{} {}`), 1, 1, []error{codeant.ErrBadResponse}, unknown, nil},
		{"half an answer", status(200, `{"results":[1,`), 1, 1, []error{codeant.ErrBadResponse}, unknown, nil},
		{"a login page", withHeader(200, "Content-Type", "text/html", "<html><title>Sign in</title></html>"), 1, 1, []error{codeant.ErrBadResponse}, unknown, nil},
		{"an error with status 200", status(200, `{"status":"error","message":"nope"}`), 1, 1, []error{codeant.ErrBadResponse}, unknown, nil},
		{"an error field with status 200", status(200, `{"error":"nope"}`), 1, 1, []error{codeant.ErrBadResponse}, unknown, nil},
		{"reset", httpmock.NewErrorResponder(&net.OpError{Op: "read", Err: syscall.ECONNRESET}), 3, 1, []error{codeant.ErrUnavailable, syscall.ECONNRESET}, unknown, nil},
		{"end of file", httpmock.NewErrorResponder(io.EOF), 3, 1, []error{codeant.ErrUnavailable, io.EOF}, unknown, nil},
		{"refused", httpmock.NewErrorResponder(&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}), 3, 3, []error{codeant.ErrUnavailable}, nil, []error{codeant.ErrUnknownOutcome}},
		{"host not found", httpmock.NewErrorResponder(&net.DNSError{Err: "no such host", Name: "api.codeant.ai", IsNotFound: true}), 1, 1, []error{codeant.ErrUnavailable}, nil, []error{codeant.ErrUnknownOutcome}},
		{"look-up failed for now", httpmock.NewErrorResponder(&net.DNSError{Err: "server misbehaving", Name: "api.codeant.ai", IsTemporary: true}), 3, 3, []error{codeant.ErrUnavailable}, nil, []error{codeant.ErrUnknownOutcome}},
		{"unknown authority", httpmock.NewErrorResponder(x509.UnknownAuthorityError{}), 1, 1, []error{codeant.ErrUnavailable}, nil, []error{codeant.ErrUnknownOutcome}},
	}
	for _, code := range []int{301, 302, 303, 307, 308} {
		answer := withHeader(code, "Location", "https://elsewhere.example/?token=feedfacecafe", "")
		table = append(table, fault{fmt.Sprint(code), answer, 1, 1, []error{codeant.ErrRedirect}, nil, nil})
	}
	return table
}

func TestEveryFaultHasItsKindAndIsRepeatedOnlyWhereThatIsSafe(t *testing.T) {
	t.Parallel()
	for _, tt := range faults() {
		for _, idempotent := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, idempotent %t", tt.name, idempotent), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					mock := httpmock.NewMockTransport()
					mock.RegisterResponder("POST", readURL, tt.answer)
					var log bytes.Buffer
					client := funnelClient(t, mock, codeant.WithLogger(slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))))
					call, sent, kinds := read, tt.reads, tt.kinds
					if !idempotent {
						call, sent, kinds = start, tt.starts, append(append([]error{}, tt.kinds...), tt.started...)
					}

					err := call(t.Context(), client)

					if !idempotent && slices.Contains([]string{"empty 200", "202 without a body", "204"}, tt.name) {
						require.NoError(t, err, "no answer was asked for")
						return
					}
					for _, kind := range kinds {
						assert.ErrorIs(t, err, kind)
					}
					for _, kind := range tt.notKinds {
						assert.NotErrorIs(t, err, kind)
					}
					if idempotent {
						assert.NotErrorIs(t, err, codeant.ErrUnknownOutcome)
					}
					assert.Equal(t, sent, mock.GetTotalCallCount())
					var apiErr *codeant.APIError
					require.ErrorAs(t, err, &apiErr)
					assert.Equal(t, sent, apiErr.Attempts)
					assert.NotContains(t, err.Error(), "\n")
					printed := log.String()
					asJSON, _ := json.Marshal(err)
					for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
						printed += fmt.Sprintf(verb, err) + fmt.Sprintf(verb, apiErr)
					}
					for _, secret := range []string{funnelToken, "feedfacecafe"} {
						assert.NotContains(t, printed+string(asJSON), secret)
					}
				})
			})
		}
	}
}

func TestErrorsSayWhatFailedWhereHowOftenAndWhatToDo(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		answer httpmock.Responder
		text   string
	}{
		{withHeader(503, "X-Request-Id", "r-17", `{"message":"maintenance\nuntil noon"}`), "codeant: call: 503 Service Unavailable: maintenance until noon (POST /api/read, host api.codeant.ai, 3 attempts, request id r-17); try again later"},
		{withHeader(502, "Content-Type", "text/html", "<html><title>Bad gateway</title></html>"), "codeant: call: 502 Bad Gateway: the answer is a web page, not CodeAnt's JSON (text/html): Bad gateway (POST /api/read, host api.codeant.ai, 3 attempts); try again later"},
		{status(403, `{"error":"daily limit reached"}`), "codeant: call: 403 Forbidden: daily limit reached (POST /api/read, host api.codeant.ai, 1 attempt); the token has no access to this repository or organization, a quota is used up, or the token is no longer valid"},
		{status(401, `{"message":"bad token `+funnelToken+`"}`), "codeant: call: 401 Unauthorized: bad token cdt_••••6789 (POST /api/read, host api.codeant.ai, 1 attempt); check that the token is whole and belongs to this organization, or create a new one in CodeAnt under Settings -> API tokens and put it where this program reads it (CODEANT_API_TOKEN)"},
		{status(200, `{"status":"error","message":"nope"}`), "codeant: call: 200 OK: the answer says that it failed (\"status\": \"error\"): nope (POST /api/read, host api.codeant.ai, 1 attempt); check the base URL, and that no proxy or login page answers in CodeAnt's place"},
		{withHeader(301, "Location", "https://elsewhere.example/?token=x", ""), "codeant: call: 301 Moved Permanently: a redirect to elsewhere.example (POST /api/read, host api.codeant.ai, 1 attempt); redirects are not followed, because they could send the token to another host: check the base URL"},
		{httpmock.NewErrorResponder(&net.DNSError{Err: "no such host", Name: "api.codeant.ai", IsNotFound: true}), "codeant: call: no answer: host not found: lookup api.codeant.ai: no such host (POST /api/read, host api.codeant.ai, 1 attempt); check the network, the proxy and the base URL"},
		{httpmock.NewErrorResponder(io.ErrUnexpectedEOF), "codeant: call: no answer: the connection broke: unexpected EOF (POST /api/read, host api.codeant.ai, 3 attempts); check the network, the proxy and the base URL"},
	} {
		t.Run(tt.text, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				mock := httpmock.NewMockTransport()
				mock.RegisterResponder("POST", readURL, tt.answer)
				assert.EqualError(t, read(t.Context(), funnelClient(t, mock)), tt.text)
			})
		})
	}
}

func TestOneBlipIsForgiven(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		mock := httpmock.NewMockTransport()
		mock.RegisterResponder("POST", readURL, status(503, "").Then(status(200, `{}`)))
		assert.NoError(t, read(t.Context(), funnelClient(t, mock)))
		assert.Equal(t, 2, mock.GetTotalCallCount())
	})
}

func TestRetryAfterIsWaitedForOrHandedOut(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		value    string
		sent     int
		wait     time.Duration // at least
		handed   time.Duration
		deadline time.Duration
	}{
		{"2", 3, 4 * time.Second, 2 * time.Second, 0},
		{"3600", 1, 0, time.Hour, 0},
		{"3600", 1, 0, time.Hour, 2 * time.Second},
		{"5", 1, 0, 5 * time.Second, 2 * time.Second},
		{"99999999999999999999999", 1, 0, 1<<63 - 1, 0},
		{"-5", 3, 0, 0, 0},
		{"1.5", 3, 0, 0, 0},
		{"junk", 3, 0, 0, 0},
		{"0", 3, 20 * time.Millisecond, 0, 0},
	} {
		t.Run(tt.value+" within "+tt.deadline.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				mock := httpmock.NewMockTransport()
				mock.RegisterResponder("POST", readURL, withHeader(429, "Retry-After", tt.value, ""))
				ctx := t.Context()
				if tt.deadline > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, tt.deadline)
					defer cancel()
				}
				began := time.Now()
				err := read(ctx, funnelClient(t, mock))
				took := time.Since(began)

				var apiErr *codeant.APIError
				require.ErrorAs(t, err, &apiErr)
				assert.ErrorIs(t, err, codeant.ErrRateLimited)
				assert.NotErrorIs(t, err, context.DeadlineExceeded)
				assert.Equal(t, tt.handed, apiErr.RetryAfter)
				assert.Equal(t, tt.sent, mock.GetTotalCallCount())
				assert.GreaterOrEqual(t, took, tt.wait)
				if tt.sent == 1 {
					assert.Zero(t, took)
				}
			})
		})
	}
}

func TestTheBudgetOfAClientBoundsItsRetries(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		mock := httpmock.NewMockTransport()
		mock.RegisterResponder("POST", readURL, status(500, ""))
		client := funnelClient(t, mock)
		var last error
		for range 60 {
			last = read(t.Context(), client)
			assert.ErrorIs(t, last, codeant.ErrUnavailable)
		}
		assert.Equal(t, 60+100, mock.GetTotalCallCount())
		assert.EqualError(t, last, "codeant: call: 500 Internal Server Error (POST /api/read, host api.codeant.ai, 1 attempt); try again later "+
			"(not retried: too many calls of this client failed recently, so its retry budget is used up)")
		mock.RegisterResponder("POST", readURL, status(200, `{}`))
		for range 10 {
			require.NoError(t, read(t.Context(), client))
		}
		mock.RegisterResponder("POST", readURL, status(500, ""))
		mock.ZeroCallCounters()
		assert.Error(t, read(t.Context(), client))
		assert.Equal(t, 2, mock.GetTotalCallCount(), "ten successes pay for one retry")
	})
}

func TestAnEndedContextSendsNothing(t *testing.T) {
	t.Parallel()
	mock := httpmock.NewMockTransport()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := read(ctx, funnelClient(t, mock))
	assert.EqualError(t, err, "codeant: call: context canceled (POST /api/read, host api.codeant.ai, not sent)")
	assert.ErrorIs(t, err, context.Canceled)
	assert.Zero(t, mock.GetTotalCallCount())
}

func TestAContextThatEndsDuringAPauseKeepsBothErrors(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		mock := httpmock.NewMockTransport()
		mock.RegisterResponder("POST", readURL, withHeader(503, "Retry-After", "30", ""))
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		began := time.Now()
		err := read(ctx, funnelClient(t, mock))
		assert.Equal(t, time.Second, time.Since(began))
		assert.ErrorIs(t, err, context.Canceled)
		assert.ErrorIs(t, err, codeant.ErrUnavailable)
		var apiErr *codeant.APIError
		require.ErrorAs(t, err, &apiErr)
		assert.Equal(t, 503, apiErr.StatusCode)
	})
}

type changingToken struct{ asked atomic.Int32 }

func (c *changingToken) Token(context.Context) (codeant.Token, error) {
	return codeant.ParseToken(fmt.Sprintf("cdt_changing%04d", c.asked.Add(1)))
}

func TestA401IsRepeatedOnceWithAnotherToken(t *testing.T) {
	t.Parallel()
	for _, call := range []func(context.Context, *codeant.Client) error{read, start} {
		var seen []string
		mock := httpmock.NewMockTransport()
		mock.RegisterResponder("POST", readURL, func(req *http.Request) (*http.Response, error) {
			seen = append(seen, req.Header.Get("Authorization"))
			if len(seen) == 1 {
				return httpmock.NewStringResponse(401, ""), nil
			}
			return httpmock.NewStringResponse(200, "{}"), nil
		})
		client, err := codeant.New(codeant.WithTokenSource(&changingToken{}), codeant.WithBaseURL(codeant.DefaultBaseURL), codeant.WithHTTPClient(&http.Client{Transport: mock}))
		require.NoError(t, err)
		require.NoError(t, call(t.Context(), client))
		assert.Equal(t, []string{"Bearer cdt_changing0001", "Bearer cdt_changing0002"}, seen)
	}
}

func TestNeitherTokenNorBodyFollowsARedirect(t *testing.T) {
	t.Parallel()
	var leaked atomic.Int32
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { leaked.Add(1) }))
	t.Cleanup(elsewhere.Close)
	for _, code := range []int{301, 302, 303, 307, 308} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			assert.Equal(t, "Bearer "+funnelToken, req.Header.Get("Authorization"))
			http.Redirect(w, req, elsewhere.URL, code)
		}))
		t.Cleanup(server.Close)
		client, err := codeant.New(codeant.WithToken(funnelToken), codeant.WithBaseURL(server.URL))
		require.NoError(t, err)
		t.Cleanup(client.CloseIdleConnections)
		assert.ErrorIs(t, read(t.Context(), client), codeant.ErrRedirect)
	}
	assert.Zero(t, leaked.Load())
}

func TestAConnectionThatIsResetAfterTheBodyIsNotTriedAgainForAStart(t *testing.T) {
	t.Parallel()
	var arrived atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		arrived.Add(1)
		io.Copy(io.Discard, req.Body)
		conn, _, err := http.NewResponseController(w).Hijack()
		if assert.NoError(t, err) {
			conn.(*net.TCPConn).SetLinger(0)
			conn.Close()
		}
	}))
	t.Cleanup(server.Close)
	client, err := codeant.New(codeant.WithToken(funnelToken), codeant.WithBaseURL(server.URL), codeant.WithRetry(codeant.RetryPolicy{BaseDelay: time.Millisecond}))
	require.NoError(t, err)
	t.Cleanup(client.CloseIdleConnections)
	err = start(t.Context(), client)
	assert.ErrorIs(t, err, codeant.ErrUnknownOutcome)
	assert.Equal(t, int32(1), arrived.Load())
	assert.ErrorIs(t, read(t.Context(), client), codeant.ErrUnavailable)
	assert.Equal(t, int32(4), arrived.Load())
}

func TestAnAnswerOverTheLimitIsTooLargeAndNotRepeated(t *testing.T) {
	t.Parallel()
	mock := httpmock.NewMockTransport()
	mock.RegisterResponder("POST", readURL, status(200, `{"x":"`+strings.Repeat("a", 5000)+`"}`))
	err := read(t.Context(), funnelClient(t, mock, codeant.WithMaxResponseSize(1000)))
	assert.ErrorIs(t, err, codeant.ErrTooLarge)
	assert.Equal(t, 1, mock.GetTotalCallCount())
}

func TestCallStaysBelowTheBaseURL(t *testing.T) {
	t.Parallel()
	for path, text := range map[string]string{
		"":                    `codeant: path is missing; use a path below the base URL, such as "/api/analysis/start"`,
		"https://evil.test/x": `codeant: path "https://evil.test/x" does not begin with one slash; use a path below the base URL, such as "/api/analysis/start"`,
		"//evil.test/x":       `codeant: path "//evil.test/x" does not begin with one slash; use a path below the base URL, such as "/api/analysis/start"`,
		"/a/../b":             `codeant: path "/a/../b" contains ".."; use a path below the base URL, such as "/api/analysis/start"`,
		"/a/%2e%2e/b":         `codeant: path "/a/%2e%2e/b" contains ".."; use a path below the base URL, such as "/api/analysis/start"`,
		"/a#b":                `codeant: path "/a#b" has a fragment; use a path below the base URL, such as "/api/analysis/start"`,
	} {
		mock := httpmock.NewMockTransport()
		err := funnelClient(t, mock).Call(t.Context(), codeant.Request{Path: path}, nil)
		assert.EqualError(t, err, text)
		assert.ErrorIs(t, err, codeant.ErrInvalidRequest)
		assert.Zero(t, mock.GetTotalCallCount())
	}
}

func TestACustomSourcesErrorIsToldWithoutItsSecrets(t *testing.T) {
	t.Parallel()
	mock := httpmock.NewMockTransport()
	vault := errors.New("vault: https://me:pw@vault.example/v1?token=feedfacecafe is sealed")
	client, err := codeant.New(codeant.WithTokenSource(sourceFunc(func(context.Context) (codeant.Token, error) { return codeant.Token{}, vault })), codeant.WithHTTPClient(&http.Client{Transport: mock}))
	require.NoError(t, err)
	err = read(t.Context(), client)
	assert.EqualError(t, err, "codeant: call: vault: https://…@vault.example/v1?… is sealed")
	assert.ErrorIs(t, err, vault)
	assert.Zero(t, mock.GetTotalCallCount())
}

type sourceFunc func(context.Context) (codeant.Token, error)

func (f sourceFunc) Token(ctx context.Context) (codeant.Token, error) { return f(ctx) }
