package codeanttest_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/codeanttest"
)

// big is a report that does not fit into the buffers of a connection.
var big = report + strings.Repeat(" ", 24<<20)

func upload(t *testing.T, client *codeant.Client, body string) error {
	t.Helper()
	_, err := client.Coverage.Upload(t.Context(), codeant.CoverageUpload{Revision: revision, Body: strings.NewReader(body)})
	return err
}

func TestProxyPage(t *testing.T) {
	t.Parallel()
	inBubble(t, nil, func(t *testing.T, server *codeanttest.Server, client *codeant.Client) {
		server.Inject("tokens.list", codeanttest.ProxyPage())
		_, err := client.Tokens.List(t.Context())
		require.NoError(t, err, "it is repeated")
		assert.Len(t, server.Requests("tokens.list"), 2)

		server.Inject("tokens.list", codeanttest.ProxyPage(), codeanttest.ProxyPage(), codeanttest.ProxyPage())
		_, err = client.Tokens.List(t.Context())
		require.ErrorIs(t, err, codeant.ErrUnavailable)
		assert.ErrorContains(t, err, "502")
		assert.ErrorContains(t, err, "text/html")
		assert.NotContains(t, err.Error(), "<")
	})
}

func TestLoginPage(t *testing.T) {
	t.Parallel()
	inBubble(t, nil, func(t *testing.T, server *codeanttest.Server, client *codeant.Client) {
		server.Inject("gates.results", codeanttest.LoginPage())
		server.SetGates(scanned, map[string]string{"secret": "PASSED"})
		_, err := client.Gates.Results(t.Context(), scanned)
		require.ErrorIs(t, err, codeant.ErrBadResponse)
		assert.ErrorContains(t, err, "not CodeAnt")

		server.Inject("coverage.put", codeanttest.LoginPage())
		require.ErrorIs(t, upload(t, client, report), codeant.ErrStorage)
		assert.Empty(t, server.Uploads())
	})
}

func TestSaysItFailed(t *testing.T) {
	t.Parallel()
	inBubble(t, nil, func(t *testing.T, server *codeanttest.Server, client *codeant.Client) {
		server.Inject("tokens.list", codeanttest.SaysItFailed("the database is away"))
		_, err := client.Tokens.List(t.Context())
		require.ErrorIs(t, err, codeant.ErrBadResponse)
		assert.ErrorContains(t, err, "tokens.list")
		server.Inject("tokens.list", codeanttest.SaysItFailed("the database is away"))
		assert.Equal(t, response{200, `{"message":"the database is away","status":"error"}`}, post(t, server, "/api/tokens/list", "{}"))

		fault := codeanttest.SaysItFailed("try later")
		server.Inject("coverage.put", fault, fault, fault)
		err = upload(t, client, report)
		require.ErrorIs(t, err, codeant.ErrStorage)
		assert.ErrorContains(t, err, "InternalError")
		assert.Empty(t, server.Uploads())
		assert.Empty(t, server.Requests("coverage.complete"))
	})
}

func TestGzipped(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, server *codeanttest.Server) {
		server.Inject("tokens.list", codeanttest.Gzipped())
		infos, err := newClient(t, server).Tokens.List(t.Context())
		require.NoError(t, err)
		assert.Len(t, infos, 1)

		server.Inject("tokens.list", codeanttest.Gzipped())
		res, got := do(t, server.HTTPClient(), http.MethodPost, server.URL()+"/api/tokens/list", "{}", map[string]string{
			"Authorization": "Bearer " + server.Token().Reveal(), "Content-Type": "application/json", "Accept-Encoding": "identity",
		})
		assert.Equal(t, "gzip", res.Header.Get("Content-Encoding"))
		assert.True(t, strings.HasPrefix(got.Body, "\x1f\x8b"))
	})
}

func TestByteByByte(t *testing.T) {
	t.Parallel()
	inBubble(t, nil, func(t *testing.T, server *codeanttest.Server, client *codeant.Client) {
		server.Inject("gates.results", codeanttest.ByteByByte(100*time.Millisecond), codeanttest.ByteByByte(19*time.Second))
		server.SetGates(scanned, map[string]string{"secret": "PASSED"})
		began := time.Now()
		result, err := client.Gates.Results(t.Context(), scanned)
		require.NoError(t, err)
		assert.Equal(t, codeant.VerdictPassed, result.Verdict())
		assert.Equal(t, time.Duration(len(result.Raw)-1)*100*time.Millisecond, time.Since(began))

		began = time.Now()
		_, err = client.Gates.Results(t.Context(), scanned)
		require.NoError(t, err, "the attempt's time is over, and the next one is quick")
		assert.Len(t, server.Requests("gates.results"), 3)
		assert.Less(t, time.Since(began), time.Minute)
	})
}

func TestSwitchingProtocols(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, server *codeanttest.Server) {
		server.Inject("tokens.list", codeanttest.SwitchingProtocols())
		_, err := newClient(t, server).Tokens.List(t.Context())
		require.ErrorIs(t, err, codeant.ErrBadResponse)
		assert.ErrorContains(t, err, "101")
	})
}

func withTLS(t *testing.T, test func(t *testing.T, server *codeanttest.Server)) {
	t.Run("sockets", func(t *testing.T) {
		t.Parallel()
		test(t, codeanttest.NewServer(t, codeanttest.TLS()))
	})
	t.Run("memory", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			test(t, codeanttest.NewServer(t, codeanttest.TLS(), codeanttest.InMemory()))
		})
	})
}

func TestTLS(t *testing.T) {
	t.Parallel()
	withTLS(t, func(t *testing.T, server *codeanttest.Server) {
		require.NoError(t, upload(t, newClient(t, server), report))
		assert.Len(t, server.Uploads(), 1)
		assert.True(t, strings.HasPrefix(server.URL(), "https://"))
		assert.True(t, strings.HasPrefix(server.StorageURL(), "https://"))
		res, _ := do(t, server.HTTPClient(), http.MethodPost, server.URL()+"/api/tokens/list", "{}", headers(server))
		assert.Equal(t, "HTTP/2.0", res.Proto)
	})
}

func TestAClientWithoutTheCertificateIsRefused(t *testing.T) {
	t.Parallel()
	server := codeanttest.NewServer(t, codeanttest.TLS())
	client := newClient(t, server, codeant.WithHTTPClient(&http.Client{Transport: &http.Transport{}}))
	_, err := client.Tokens.List(t.Context())
	require.ErrorIs(t, err, codeant.ErrUnavailable)
	assert.ErrorContains(t, err, "certificate")
	assert.Nil(t, codeanttest.NewServer(t).Certificates())
	assert.Nil(t, codeanttest.NewServer(t).CertificatePEM())
	assert.Contains(t, string(server.CertificatePEM()), "BEGIN CERTIFICATE")
}

func TestHTTP2Reset(t *testing.T) {
	t.Parallel()
	withTLS(t, func(t *testing.T, server *codeanttest.Server) {
		client := newClient(t, server)
		server.Inject("tokens.list", codeanttest.HTTP2Reset())
		_, err := client.Tokens.List(t.Context())
		require.NoError(t, err)
		assert.Len(t, server.Requests("tokens.list"), 2)

		server.Inject("scans.start", codeanttest.HTTP2Reset())
		_, err = client.Scans.Start(t.Context(), codeant.ScanRequest{Revision: revision})
		require.ErrorIs(t, err, codeant.ErrUnknownOutcome)
		assert.Len(t, server.Requests("scans.start"), 1)
	})
}

func TestGoAway(t *testing.T) {
	t.Parallel()
	withTLS(t, func(t *testing.T, server *codeanttest.Server) {
		server.Inject("tokens.list", codeanttest.GoAway())
		_, err := newClient(t, server).Tokens.List(t.Context())
		require.NoError(t, err)
		assert.Len(t, server.Requests("tokens.list"), 2)
	})
}

func TestGoAwaySaysThatNothingWasProcessed(t *testing.T) {
	t.Parallel()
	withTLS(t, func(t *testing.T, server *codeanttest.Server) {
		server.Inject("tokens.list", codeanttest.GoAway())
		res, err := send(t, t.Context(), server)
		require.NoError(t, err, "net/http sends a request again that was not processed, if it has GetBody")
		res.Body.Close()
		assert.Equal(t, 200, res.StatusCode)
		assert.Len(t, server.Requests("tokens.list"), 2)
	})
}

func TestAnswerBeforeReading(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, server *codeanttest.Server) {
		server.Inject("coverage.put", codeanttest.AnswerBeforeReading())
		err := upload(t, newClient(t, server), big)
		require.ErrorIs(t, err, codeant.ErrStorage)
		assert.ErrorContains(t, err, "bytes of the report had been sent")
		assert.Empty(t, server.Uploads())
		assert.Empty(t, server.Requests("coverage.complete"))
	}, codeanttest.DiscardUploads())
}

func TestEarlyRefusal(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, server *codeanttest.Server) {
		server.Inject("coverage.put", codeanttest.EarlyRefusal(http.StatusForbidden))
		err := upload(t, newClient(t, server), big)
		require.ErrorIs(t, err, codeant.ErrStorage)
		assert.ErrorContains(t, err, "Forbidden")
		assert.Empty(t, server.Uploads())

		server.Inject("tokens.list", codeanttest.EarlyRefusal(http.StatusRequestEntityTooLarge))
		_, err = newClient(t, server).Tokens.List(t.Context())
		assert.ErrorIs(t, err, codeant.ErrTooLarge)
	}, codeanttest.DiscardUploads())
}

func TestFaultsOfAFunction(t *testing.T) {
	t.Parallel()
	flaky := codeanttest.Faults(func(op string, n int) codeanttest.Fault {
		if op == "tokens.list" && n%2 == 1 {
			return codeanttest.Fault{Status: http.StatusServiceUnavailable}
		}
		return codeanttest.Fault{}
	})
	inBubble(t, []codeanttest.Option{flaky}, func(t *testing.T, server *codeanttest.Server, client *codeant.Client) {
		server.Inject("tokens.list", codeanttest.Fault{Status: http.StatusBadRequest})
		_, err := client.Tokens.List(t.Context())
		require.ErrorIs(t, err, codeant.ErrInvalidRequest, "what was injected comes first")
		for range 2 {
			_, err = client.Tokens.List(t.Context())
			require.NoError(t, err)
		}
		assert.Len(t, server.Requests("tokens.list"), 4)
	})
}

func TestOnAnswer(t *testing.T) {
	t.Parallel()
	type line struct {
		op     string
		status int
	}
	var mu sync.Mutex
	var lines []line
	opt := codeanttest.OnAnswer(func(r codeanttest.RecordedRequest, status int) {
		mu.Lock()
		defer mu.Unlock()
		lines = append(lines, line{r.Op, status})
	})
	inBubble(t, []codeanttest.Option{opt}, func(t *testing.T, server *codeanttest.Server, client *codeant.Client) {
		server.Inject("coverage.complete", codeanttest.Fault{Reset: true})
		server.Handle("/new", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }))
		require.NoError(t, upload(t, client, report))
		_ = client.Call(context.Background(), codeant.Request{Path: "/new"}, nil)
		synctest.Wait()
		mu.Lock()
		defer mu.Unlock()
		assert.Equal(t, []line{
			{"coverage.presign", 200}, {"coverage.put", 200}, {"coverage.complete", 0}, {"coverage.complete", 200}, {"call", 418},
		}, lines)
	})
}
