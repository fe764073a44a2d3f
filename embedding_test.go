package codeant_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/codeanttest"
)

// roundTripper is a function that is an http.RoundTripper.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

func TestMiddlewareSeesEveryAPIRequestWithoutItsCredentialAndNeverTheStorage(t *testing.T) {
	t.Parallel()
	server := codeanttest.NewServer(t, codeanttest.InMemory())
	var (
		mu    sync.Mutex
		order []string
		seen  bytes.Buffer
	)
	spy := func(name string) func(http.RoundTripper) http.RoundTripper {
		return func(next http.RoundTripper) http.RoundTripper {
			return roundTripper(func(req *http.Request) (*http.Response, error) {
				body, err := io.ReadAll(req.Body)
				require.NoError(t, err)
				mu.Lock()
				order = append(order, name+" "+codeant.OperationName(req.Context()))
				_ = req.Header.Write(&seen)
				seen.WriteString(req.URL.String())
				seen.Write(body)
				mu.Unlock()
				req = req.Clone(req.Context())
				req.Body = io.NopCloser(bytes.NewReader(body))
				return next.RoundTrip(req)
			})
		}
	}
	client, err := server.Client(codeant.WithMiddleware(spy("outer"), spy("middle")), codeant.WithMiddleware(spy("inner")))
	require.NoError(t, err)
	_, err = client.Coverage.Upload(t.Context(), codeant.CoverageUpload{Revision: shop, Body: strings.NewReader("SF:a.go\nDA:1,1\nend_of_record\n")})
	require.NoError(t, err)
	assert.Equal(t, []string{
		"outer coverage.presign", "middle coverage.presign", "inner coverage.presign",
		"outer coverage.complete", "middle coverage.complete", "inner coverage.complete",
	}, order)
	assert.NotContains(t, seen.String(), server.Token().Reveal())
	assert.NotContains(t, seen.String(), "access_token")
	for _, request := range server.Requests() {
		if request.Op != "coverage.put" {
			assert.Equal(t, "Bearer "+server.Token().Reveal(), request.Header.Get("Authorization"))
			assert.Contains(t, string(request.Body), `"access_token":"`+server.Token().Reveal()+`"`)
		}
	}
}

func TestMiddlewareThatSendsElsewhereTakesNoTokenThere(t *testing.T) {
	t.Parallel()
	mock := httpmock.NewMockTransport()
	var header http.Header
	var body []byte
	mock.RegisterNoResponder(func(req *http.Request) (*http.Response, error) {
		header = req.Header
		body, _ = io.ReadAll(req.Body)
		return httpmock.NewStringResponse(200, `{"message":"ok"}`), nil
	})
	elsewhere := func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(req *http.Request) (*http.Response, error) {
			req = req.Clone(req.Context())
			req.URL.Host = "evil.example"
			return next.RoundTrip(req)
		})
	}
	_, err := funnelClient(t, mock, codeant.WithMiddleware(elsewhere)).Scans.Start(t.Context(), codeant.ScanRequest{Revision: shop})
	require.NoError(t, err)
	assert.Empty(t, header.Get("Authorization"))
	assert.NotContains(t, string(body), funnelToken)
}

func TestMiddlewareThatIsNilIsRefused(t *testing.T) {
	t.Parallel()
	for _, wrap := range []func(http.RoundTripper) http.RoundTripper{nil, func(http.RoundTripper) http.RoundTripper { return nil }} {
		_, err := codeant.New(codeant.WithToken(funnelToken), codeant.WithMiddleware(wrap))
		assert.EqualError(t, err, "codeant: middleware is nil or returned nil; return a RoundTripper that calls the one it was given")
	}
}

func TestAnObserverSeesEveryAttemptOfCallsAndUploads(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := codeanttest.NewServer(t, codeanttest.InMemory())
		server.Inject("coverage.presign", codeanttest.Fault{Status: 503, Header: http.Header{"Retry-After": {"3"}, "X-Request-Id": {"r-1"}}})
		server.Inject("coverage.put", codeanttest.Fault{Status: 500})
		type key struct{}
		ctx := context.WithValue(t.Context(), key{}, "mine")
		var attempts []codeant.Attempt
		observe := func(ctx context.Context, a codeant.Attempt) {
			assert.Equal(t, "mine", ctx.Value(key{}))
			attempts = append(attempts, a)
		}
		second := 0
		client, err := server.Client(codeant.WithObserver(observe), codeant.WithObserver(func(context.Context, codeant.Attempt) { second++ }), codeant.WithObserver(nil))
		require.NoError(t, err)
		_, err = client.Coverage.Upload(ctx, codeant.CoverageUpload{Revision: shop, Body: strings.NewReader("SF:a.go\nDA:1,1\nend_of_record\n")})
		require.NoError(t, err)
		var lines []codeant.Attempt
		for _, a := range attempts {
			if a.Err != nil {
				assert.Positive(t, a.Pause)
				assert.ErrorIs(t, a.Err, codeant.ErrUnavailable)
			} else {
				assert.Zero(t, a.Pause)
				a.RequestID = ""
			}
			a.Took, a.Pause, a.Err = 0, 0, nil
			lines = append(lines, a)
		}
		host := strings.TrimPrefix(server.StorageURL(), "http://")
		assert.Equal(t, []codeant.Attempt{
			{Op: "coverage.presign", Method: "POST", Path: "/pr/analysis/coverage/presign", Number: 1, StatusCode: 503, RequestID: "r-1"},
			{Op: "coverage.presign", Method: "POST", Path: "/pr/analysis/coverage/presign", Number: 2, StatusCode: 200},
			{Op: "coverage.put", Method: "PUT", Path: host, Number: 1, StatusCode: 500, RequestID: "req-3"},
			{Op: "coverage.put", Method: "PUT", Path: host, Number: 2, StatusCode: 200},
			{Op: "coverage.complete", Method: "POST", Path: "/pr/analysis/coverage/complete", Number: 1, StatusCode: 200},
		}, lines)
		assert.Equal(t, len(attempts), second)
		assert.GreaterOrEqual(t, attempts[0].Pause, 3*time.Second)
	})
}

func TestA101IsRefusedAtOnceAndLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	base, requests := rawServer(t, func(conn net.Conn) {
		_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
		_, _ = io.Copy(io.Discard, conn) // silent until the client hangs up
	})
	err := start(t.Context(), rawClient(t, base))
	assert.ErrorIs(t, err, codeant.ErrBadResponse)
	assert.ErrorContains(t, err, "codeant: call: 101 Switching Protocols (POST /api/read, ")
	assert.EqualValues(t, 1, requests.Load())
}

// refusingDialer fails as net does when its own time is over.
func TestOurOwnAndTheTransportsTimeLimitsAreNotTheCallersDeadline(t *testing.T) {
	t.Parallel()
	silent := httptest.NewUnstartedServer(nil) // accepts, and never answers
	t.Cleanup(silent.Close)
	address := silent.Listener.Addr().String()
	dialled := codeant.DefaultTransport()
	dialled.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{Timeout: time.Nanosecond}).DialContext(ctx, network, address)
	}
	header := codeant.DefaultTransport()
	header.ResponseHeaderTimeout = time.Millisecond
	for name, hc := range map[string]*http.Client{
		"dialling":       {Transport: dialled},
		"header":         {Transport: header},
		"client timeout": {Transport: codeant.DefaultTransport(), Timeout: time.Millisecond},
	} {
		for range 20 {
			client := rawClient(t, "http://"+address, codeant.WithHTTPClient(hc), codeant.WithRetry(codeant.RetryPolicy{MaxAttempts: 1}))
			err := read(t.Context(), client)
			assert.ErrorIs(t, err, codeant.ErrUnavailable, name)
			assert.NotErrorIs(t, err, context.DeadlineExceeded, name)
			assert.ErrorContains(t, err, "check the network, the proxy and the base URL", name)
		}
	}
	attempt := rawClient(t, "http://"+address, codeant.WithAttemptTimeout(time.Millisecond), codeant.WithRetry(codeant.RetryPolicy{MaxAttempts: 1}))
	err := read(t.Context(), attempt)
	assert.NotErrorIs(t, err, context.DeadlineExceeded)
	assert.ErrorIs(t, err, codeant.ErrUnavailable)

	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	assert.ErrorIs(t, read(ctx, rawClient(t, "http://"+address)), context.DeadlineExceeded)
}

func TestAClientThatNewDidNotMakeAnswersWithAnError(t *testing.T) {
	t.Parallel()
	const text = "codeant: client was not created by New; use codeant.New"
	var zero codeant.Client
	zero.CloseIdleConnections()
	(*codeant.Client)(nil).CloseIdleConnections()
	for _, client := range []*codeant.Client{nil, &zero} {
		assert.EqualError(t, client.Call(t.Context(), codeant.Request{Path: "/x"}, nil), text)
	}
	_, err := zero.Tokens.List(t.Context())
	assert.EqualError(t, err, text)
	_, err = (&codeant.TokensService{}).List(t.Context())
	assert.EqualError(t, err, text)
	_, err = zero.Coverage.Upload(t.Context(), codeant.CoverageUpload{Revision: shop, Body: strings.NewReader("SF:a.go\nDA:1,1\nend_of_record\n")})
	assert.EqualError(t, err, text)
	_, err = zero.Scans.Run(t.Context(), codeant.ScanRequest{Revision: shop}, codeant.WaitOptions{})
	assert.EqualError(t, err, text)
	_, err = zero.Gates.Wait(t.Context(), shop, codeant.WaitOptions{})
	assert.EqualError(t, err, text)
	_, err = zero.Agents.History(t.Context(), "acme/shop")
	assert.EqualError(t, err, text)

	var missing context.Context
	err = funnelClient(t, httpmock.NewMockTransport()).Call(missing, codeant.Request{Path: "/x"}, nil)
	assert.EqualError(t, err, "codeant: context is nil; use the caller's context, or context.Background()")
	_, err = codeant.New(codeant.WithTokenSource((*nilSource)(nil)))
	assert.EqualError(t, err, "codeant: token source is nil; use StaticToken, EnvToken, FileToken or your own")
	_, err = codeant.New(codeant.WithTokenSource(codeant.TokenSourceFunc(nil)))
	assert.EqualError(t, err, "codeant: token source is nil; use StaticToken, EnvToken, FileToken or your own")
}

type nilSource struct{}

func (*nilSource) Token(context.Context) (codeant.Token, error) {
	return codeant.Token{}, errors.New("unused")
}

func TestAPermanentGatewayErrorOfAResultNamesTheSizeLimit(t *testing.T) {
	t.Parallel()
	for _, status := range []int{502, 504} {
		mock := httpmock.NewMockTransport()
		mock.RegisterNoResponder(httpmock.NewStringResponder(status, ""))
		_, err := funnelClient(t, mock, impatient).Scans.Results(t.Context(), shop, codeant.SAST)
		assert.ErrorContains(t, err, "3 attempts); try again later; if it keeps failing, the answer may exceed the API's limit of about 1 MB: scan fewer files at once with Include")
	}
}

func TestAnUnknownOutcomeIsNotRetryable(t *testing.T) {
	t.Parallel()
	mock := httpmock.NewMockTransport()
	mock.RegisterNoResponder(httpmock.NewStringResponder(502, ""))
	var apiErr *codeant.APIError
	require.ErrorAs(t, start(t.Context(), funnelClient(t, mock)), &apiErr)
	assert.ErrorIs(t, apiErr, codeant.ErrUnknownOutcome)
	assert.False(t, apiErr.Retryable())
	require.ErrorAs(t, read(t.Context(), funnelClient(t, mock, impatient)), &apiErr)
	assert.True(t, apiErr.Retryable())
}

func TestNothingBelowThisPackageCanSendABodyAgain(t *testing.T) {
	t.Parallel()
	for name, call := range http2Calls {
		client := funnelClient(t, roundTripper(func(req *http.Request) (*http.Response, error) {
			assert.Nil(t, req.GetBody, name)
			assert.NotNil(t, req.Body, name)
			assert.NotEqual(t, http.NoBody, req.Body, name)
			return httpmock.NewStringResponse(200, "{}"), nil
		}))
		assert.NoError(t, call.call(t.Context(), client), name)
	}
}
