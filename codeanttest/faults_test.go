package codeanttest_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/codeanttest"
)

func send(t *testing.T, ctx context.Context, s *codeanttest.Server) (*http.Response, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL()+"/api/tokens/list", strings.NewReader("{}"))
	require.NoError(t, err)
	for name, value := range headers(s) {
		req.Header.Set(name, value)
	}
	return s.HTTPClient().Do(req)
}

func TestFaultsInOrder(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, s *codeanttest.Server) {
		s.Inject("tokens.list",
			codeanttest.Fault{Status: 503, Header: http.Header{"retry-after": {"7"}}, Body: `{"message":"busy"}`},
			codeanttest.Fault{Body: "<p>", Header: http.Header{"Content-Type": {"text/html"}}})
		s.Inject("tokens.list", codeanttest.Fault{Status: 204})
		res, got := do(t, s.HTTPClient(), http.MethodPost, s.URL()+"/api/tokens/list", "{}", headers(s))
		assert.Equal(t, response{503, `{"message":"busy"}`}, got)
		assert.Equal(t, []string{"7", "application/json"}, []string{res.Header.Get("Retry-After"), res.Header.Get("Content-Type")})
		res, got = do(t, s.HTTPClient(), http.MethodPost, s.URL()+"/api/tokens/list", "{}", headers(s))
		assert.Equal(t, response{200, "<p>"}, got)
		assert.Equal(t, "text/html", res.Header.Get("Content-Type"))
		assert.Equal(t, response{204, ""}, post(t, s, "/api/tokens/list", "{}"))
		assert.Equal(t, 200, post(t, s, "/api/tokens/list", "{}").Status)
		assert.Len(t, s.Requests(), 4)
		assert.Equal(t, "{}", string(s.Requests()[0].Body))
	})
}

func TestReset(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, s *codeanttest.Server) {
		s.Inject("tokens.list", codeanttest.Fault{Reset: true})
		res, err := send(t, t.Context(), s)
		if err == nil {
			res.Body.Close()
		}
		require.Error(t, err)
		assert.Equal(t, 200, post(t, s, "/api/tokens/list", "{}").Status)
	})
}

func TestTruncate(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, s *codeanttest.Server) {
		s.Inject("tokens.list", codeanttest.Fault{Truncate: true, Body: `{"tokens":[]}`})
		res, err := send(t, t.Context(), s)
		require.NoError(t, err)
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		assert.Equal(t, `{"toke`, string(body))
		assert.Equal(t, int64(13), res.ContentLength)
	})
}

func TestStallEndsWithTheServer(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, s *codeanttest.Server) {
		s.Inject("tokens.list", codeanttest.Fault{Stall: true, Body: `{"tokens":[]}`})
		res, err := send(t, t.Context(), s)
		require.NoError(t, err)
		defer res.Body.Close()
		half := make([]byte, 6)
		_, err = io.ReadFull(res.Body, half)
		require.NoError(t, err)
		assert.Equal(t, `{"toke`, string(half))
		s.Close()
		_, err = io.ReadAll(res.Body)
		require.Error(t, err)
	})
}

func TestDelay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := codeanttest.NewServer(t, codeanttest.InMemory())
		s.Inject("tokens.list", codeanttest.Fault{Delay: time.Hour}, codeanttest.Fault{Delay: time.Hour}, codeanttest.Fault{Stall: true}, codeanttest.Fault{Delay: time.Hour})
		started := time.Now()
		assert.Equal(t, 200, post(t, s, "/api/tokens/list", "{}").Status)
		assert.Equal(t, time.Hour, time.Since(started))

		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err := send(t, ctx, s)
		require.ErrorIs(t, err, context.DeadlineExceeded)

		ctx, cancel = context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		res, err := send(t, ctx, s)
		require.NoError(t, err)
		_, err = io.ReadAll(res.Body)
		res.Body.Close()
		require.ErrorIs(t, err, context.DeadlineExceeded)

		time.AfterFunc(time.Minute, s.Close)
		_, err = send(t, t.Context(), s)
		require.Error(t, err)
		assert.Equal(t, time.Hour+3*time.Minute, time.Since(started))
		_, err = send(t, t.Context(), s)
		require.ErrorContains(t, err, "connection refused")
	})
}

func TestUploadSurvivesFaults(t *testing.T) {
	t.Parallel()
	big := report + strings.Repeat(" ", 2<<20)
	synctest.Test(t, func(t *testing.T) {
		s := codeanttest.NewServer(t, codeanttest.InMemory(), codeanttest.DiscardUploads())
		client := newClient(t, s, codeant.WithRetry(codeant.RetryPolicy{MaxAttempts: 10}))
		s.Inject("coverage.presign", codeanttest.Fault{Truncate: true}, codeanttest.Fault{Stall: true})
		s.Inject("coverage.put",
			codeanttest.Fault{Status: 503, Body: "<Error><Code>SlowDown</Code></Error>"},
			codeanttest.Fault{Reset: true},
			codeanttest.Fault{Truncate: true},
			codeanttest.Fault{Stall: true})
		s.Inject("coverage.complete", codeanttest.Fault{Delay: time.Hour}, codeanttest.Fault{Status: 502})
		_, err := client.Coverage.Upload(t.Context(), codeant.CoverageUpload{Revision: revision, Body: strings.NewReader(big)})
		require.NoError(t, err)
		assert.Equal(t, []codeanttest.Upload{{Revision: revision, Bytes: int64(len(big)), Completed: true}}, s.Uploads())
		assert.Len(t, s.Requests(), 3+5+3)
	})
}

type fakeTB struct{ failures []string }

func (*fakeTB) Helper()        {}
func (*fakeTB) Cleanup(func()) {}
func (f *fakeTB) Fatalf(format string, args ...any) {
	f.failures = append(f.failures, fmt.Sprintf(format, args...))
}

func TestInjectRefuses(t *testing.T) {
	t.Parallel()
	tb := &fakeTB{}
	s := codeanttest.NewServer(tb)
	defer s.Close()
	s.Inject("coverage.putt", codeanttest.Fault{Reset: true})
	s.Inject("coverage.put", codeanttest.Fault{Status: 42})
	require.Len(t, tb.failures, 2)
	assert.Contains(t, tb.failures[0], `unknown operation "coverage.putt"`)
	assert.Equal(t, "codeanttest: a Fault cannot answer the status 42", tb.failures[1])
	assert.Contains(t, codeanttest.Operations(), "coverage.put")
}

func TestMistakesOfATestAreReported(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		mistake func(s *codeanttest.Server)
		want    string
	}{
		"a fault of HTTP/2 without TLS": {
			func(s *codeanttest.Server) { s.Inject("tokens.list", codeanttest.GoAway()) },
			"codeanttest: this fault needs HTTP/2: make the server with the option TLS",
		},
		"a fault of the storage elsewhere": {
			func(s *codeanttest.Server) { s.Inject("tokens.list", codeanttest.AnswerBeforeReading()) },
			`codeanttest: this fault is for "coverage.put", not for "tokens.list"`,
		},
		"a pattern that ServeMux does not take": {
			func(s *codeanttest.Server) { s.Handle("POST no-path", http.NotFoundHandler()) },
			`codeanttest: parsing "POST no-path": at offset 5: host/path missing /`,
		},
		"a handler that is nil": {
			func(s *codeanttest.Server) { s.Handle("/new", nil) },
			`codeanttest: the handler of "/new" is nil`,
		},
		"a gate that has no findings": {
			func(s *codeanttest.Server) {
				s.SetGatePolicy("acme/web", map[string]codeant.Severity{"cover": codeant.SeverityLow})
			},
			`codeanttest: gate "cover" does not depend on findings`,
		},
		"a finding that is not there": {
			func(s *codeanttest.Server) { s.Dismiss(revision, codeant.SAST, 0, "", "") },
			"codeanttest: the sast findings of acme/web at 0123456 have no element 0",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tb := &fakeTB{}
			s := codeanttest.NewServer(tb)
			defer s.Close()
			c.mistake(s)
			assert.Equal(t, []string{c.want}, tb.failures)
			program, err := codeanttest.Start()
			require.NoError(t, err)
			defer program.Close()
			assert.PanicsWithValue(t, c.want, func() { c.mistake(program) })
		})
	}
}

func TestRequestsOfAnUnknownOperationFailTheTest(t *testing.T) {
	t.Parallel()
	tb := &fakeTB{}
	s := codeanttest.NewServer(tb)
	defer s.Close()
	assert.Nil(t, s.Requests("coverage.putt"))
	require.Len(t, tb.failures, 1)
	assert.Contains(t, tb.failures[0], `unknown operation "coverage.putt"; the operations are [`)
}

func TestStart(t *testing.T) {
	t.Parallel()
	s, err := codeanttest.Start()
	require.NoError(t, err)
	assert.Panics(t, func() { s.Inject("no.such", codeanttest.Fault{Reset: true}) })
	assert.Panics(t, func() { s.Inject("tokens.list", codeanttest.Fault{Status: 199}) })
	_, err = newClient(t, s).Tokens.List(t.Context())
	require.NoError(t, err)
	s.Close()
	s.Close()
}
