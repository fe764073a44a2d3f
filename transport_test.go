package codeant_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant"
)

// rawServer answers every connection by writing bytes as they are, after the request was read. It counts requests.
func rawServer(t *testing.T, answer func(conn net.Conn)) (base string, requests *atomic.Int32) {
	t.Helper()
	requests = &atomic.Int32{}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var running sync.WaitGroup
	running.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			running.Go(func() {
				defer conn.Close()
				req, err := http.ReadRequest(bufio.NewReader(conn))
				if err != nil {
					return
				}
				io.Copy(io.Discard, req.Body)
				requests.Add(1)
				answer(conn)
			})
		}
	})
	t.Cleanup(func() {
		listener.Close()
		running.Wait()
	})
	return "http://" + listener.Addr().String(), requests
}

// impatient repeats without pauses worth mentioning, for tests on real sockets.
var impatient = codeant.WithRetry(codeant.RetryPolicy{BaseDelay: time.Millisecond, ThrottleDelay: time.Millisecond})

func rawClient(t *testing.T, base string, opts ...codeant.Option) *codeant.Client {
	t.Helper()
	client, err := codeant.New(append([]codeant.Option{codeant.WithToken(funnelToken), codeant.WithBaseURL(base), impatient}, opts...)...)
	require.NoError(t, err)
	t.Cleanup(client.CloseIdleConnections)
	return client
}

func TestFaultsOfTheWire(t *testing.T) {
	t.Parallel()
	write := func(text string) func(net.Conn) { return func(c net.Conn) { io.WriteString(c, text) } }
	const ok = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
	for _, tt := range []struct {
		name   string
		answer func(net.Conn)
		reads  int32
		kinds  []error
		not    []error
	}{
		{"nothing", func(net.Conn) {}, 3, []error{codeant.ErrUnavailable, io.EOF}, nil},
		{"a malformed status line", write("HTTP/9.9 hello\r\n\r\n"), 1, []error{codeant.ErrBadResponse}, nil},
		{"no HTTP at all", write("SSH-2.0-OpenSSH_9.2\r\n"), 1, []error{codeant.ErrBadResponse}, nil},
		{"two lengths", write(ok + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}"), 1, []error{codeant.ErrBadResponse}, nil},
		{"a body that breaks off", write(ok + "Content-Length: 100\r\n\r\n{\"a\":"), 3, []error{codeant.ErrUnavailable, io.ErrUnexpectedEOF}, nil},
		{"chunks that break off", write(ok + "Transfer-Encoding: chunked\r\n\r\n5\r\n{\"a\":\r\n"), 3, []error{codeant.ErrUnavailable, io.ErrUnexpectedEOF}, nil},
		{"half an answer that looks whole to HTTP", write("HTTP/1.0 200 OK\r\n\r\n[1,2"), 1, []error{codeant.ErrBadResponse}, nil},
		{"a header without end", write(ok + "X-Long: " + strings.Repeat("x", 300<<10) + "\r\n\r\n{}"), 1, []error{codeant.ErrTooLarge}, nil},
		{"a refusal whose body breaks off", write("HTTP/1.1 403 Forbidden\r\nContent-Length: 100\r\n\r\n{"), 1, []error{codeant.ErrForbidden}, []error{codeant.ErrUnavailable, codeant.ErrUnknownOutcome}},
		{"a 401 whose body breaks off", write("HTTP/1.1 401 Unauthorized\r\nContent-Length: 100\r\n\r\n{"), 1, []error{codeant.ErrUnauthorized}, []error{codeant.ErrUnknownOutcome}},
		{"information first, and then the answer", write(strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 1000) + ok + "Content-Length: 2\r\n\r\n{}"), 1, nil, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			base, requests := rawServer(t, tt.answer)
			err := read(t.Context(), rawClient(t, base))
			if len(tt.kinds) == 0 {
				require.NoError(t, err)
			}
			for _, kind := range tt.kinds {
				assert.ErrorIs(t, err, kind)
			}
			for _, kind := range tt.not {
				assert.NotErrorIs(t, err, kind)
			}
			assert.Equal(t, tt.reads, requests.Load())

			requests.Store(0)
			err = start(t.Context(), rawClient(t, base))
			assert.Equal(t, int32(1), requests.Load(), "what is not idempotent is sent once")
			for _, kind := range tt.not {
				assert.NotErrorIs(t, err, kind)
			}
		})
	}
}

func TestARefusedConnectionIsTriedAgainByEveryOperation(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := listener.Addr().String()
	listener.Close()
	for _, call := range []func(context.Context, *codeant.Client) error{read, start} {
		err := call(t.Context(), rawClient(t, "http://"+address))
		assert.EqualError(t, err, "codeant: call: no answer: no connection: dial tcp "+address+": connect: connection refused (POST /api/read, host "+address+", 3 attempts); check the network, the proxy and the base URL")
		assert.ErrorIs(t, err, codeant.ErrUnavailable)
		assert.NotErrorIs(t, err, codeant.ErrUnknownOutcome)
	}
}

func TestABadCertificateIsNotTriedAgainAndReachable(t *testing.T) {
	t.Parallel()
	var dialled atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			dialled.Add(1)
		}
	}
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	trusted := x509.NewCertPool()
	trusted.AddCert(server.Certificate())
	host := server.Listener.Addr().String()
	elsewhere := strings.Replace(host, "127.0.0.1", "localhost", 1)
	for _, tt := range []struct {
		host   string
		config *tls.Config
		cause  any
		text   string
	}{
		{host, &tls.Config{}, new(x509.UnknownAuthorityError), "certificate signed by unknown authority"},
		{elsewhere, &tls.Config{RootCAs: trusted}, new(x509.HostnameError), "certificate is valid for example.com, *.example.com, not localhost"},
		{host, &tls.Config{RootCAs: trusted, Time: func() time.Time { return time.Unix(1<<33, 0) }}, new(x509.CertificateInvalidError), "certificate has expired or is not yet valid"},
	} {
		transport := codeant.DefaultTransport()
		transport.TLSClientConfig = tt.config
		for _, call := range []func(context.Context, *codeant.Client) error{read, start} {
			dialled.Store(0)
			err := call(t.Context(), rawClient(t, "https://"+tt.host, codeant.WithHTTPClient(&http.Client{Transport: transport})))
			assert.ErrorContains(t, err, "codeant: call: no answer: no secure connection: tls: failed to verify certificate: x509: "+tt.text)
			assert.ErrorContains(t, err, "(POST /api/read, host "+tt.host+", 1 attempt); ")
			var unverified *tls.CertificateVerificationError
			assert.ErrorAs(t, err, &unverified)
			assert.ErrorAs(t, err, tt.cause)
			assert.ErrorIs(t, err, codeant.ErrUnavailable)
			assert.NotErrorIs(t, err, codeant.ErrUnknownOutcome)
			assert.Equal(t, int32(1), dialled.Load())
		}
	}
}

func TestABombIsCutAfterDecompression(t *testing.T) {
	t.Parallel()
	var bomb bytes.Buffer
	zip := gzip.NewWriter(&bomb)
	for range 16 {
		zip.Write(bytes.Repeat([]byte(" "), 1<<20))
	}
	zip.Close()
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.Header().Set("Content-Encoding", "gzip")
		w.Header().Set("Content-Type", "application/json")
		w.Write(bomb.Bytes())
	}))
	t.Cleanup(server.Close)
	err := read(t.Context(), rawClient(t, server.URL, codeant.WithMaxResponseSize(1<<20)))
	assert.ErrorIs(t, err, codeant.ErrTooLarge)
	assert.Equal(t, int32(1), asked.Load())
}

func TestOfALongErrorBodyAPieceIsKept(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusConflict)
		for range 1024 {
			if _, err := w.Write(bytes.Repeat([]byte("x"), 1<<20)); err != nil {
				return
			}
		}
	}))
	t.Cleanup(server.Close)
	err := read(t.Context(), rawClient(t, server.URL))
	var apiErr *codeant.APIError
	require.ErrorAs(t, err, &apiErr)
	assert.Len(t, apiErr.RawBody(), 64<<10)
	assert.Less(t, len(err.Error()), 1000)
}

func TestAProxyThatRefusesIsNamedWithoutItsPassword(t *testing.T) {
	t.Parallel()
	base, requests := rawServer(t, func(c net.Conn) {
		io.WriteString(c, "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
	})
	proxy, err := url.Parse(base)
	require.NoError(t, err)
	proxy.User = url.UserPassword("me", "proxypassword")
	transport := &http.Transport{Proxy: http.ProxyURL(proxy)}
	t.Cleanup(transport.CloseIdleConnections)
	client := funnelClient(t, transport)
	err = read(t.Context(), client)
	assert.ErrorIs(t, err, codeant.ErrUnavailable)
	assert.ErrorContains(t, err, "the proxy requires a login (407)")
	assert.NotContains(t, fmt.Sprintf("%v %+v %#v", err, err, err), "proxypassword")
	assert.Equal(t, int32(1), requests.Load())
}

// piped runs a client in a bubble against a server at the other end of a pipe.
func piped(t *testing.T, serve func(conn net.Conn), opts ...codeant.Option) *codeant.Client {
	t.Helper()
	transport := &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(context.Context, string, string) (net.Conn, error) {
			near, far := net.Pipe()
			go func() {
				defer far.Close()
				if req, err := http.ReadRequest(bufio.NewReader(far)); err == nil {
					io.Copy(io.Discard, req.Body)
					serve(far)
				}
			}()
			return near, nil
		},
	}
	all := append([]codeant.Option{codeant.WithToken(funnelToken), codeant.WithBaseURL("http://127.0.0.1"), codeant.WithHTTPClient(&http.Client{Transport: transport})}, opts...)
	client, err := codeant.New(all...)
	require.NoError(t, err)
	return client
}

func TestABodyThatStandsStillIsGivenUpAndTriedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		tries := 0
		client := piped(t, func(conn net.Conn) {
			if tries++; tries > 1 {
				io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
				return
			}
			io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{")
			conn.Read(make([]byte, 1)) // until the client goes
		})
		began := time.Now()
		require.NoError(t, read(t.Context(), client))
		assert.Equal(t, 2, tries)
		assert.InDelta(t, 20, time.Since(began).Seconds(), 1)
	})
}

func TestAnAttemptHasItsOwnTime(t *testing.T) {
	t.Parallel()
	silent := func(conn net.Conn) { conn.Read(make([]byte, 1)) }
	drip := func(conn net.Conn) {
		io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
		for {
			if _, err := conn.Write([]byte(" ")); err != nil {
				return
			}
			<-time.After(500 * time.Millisecond)
		}
	}
	for _, serve := range []func(net.Conn){silent, drip} {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			err := read(t.Context(), piped(t, serve, codeant.WithAttemptTimeout(5*time.Second)))
			assert.ErrorIs(t, err, codeant.ErrUnavailable)
			assert.ErrorContains(t, err, "no complete answer within the attempt's time limit")
			assert.ErrorContains(t, err, "3 attempts")
			assert.NotErrorIs(t, err, context.DeadlineExceeded, "the caller's context has not ended")
			assert.InDelta(t, 15.5, time.Since(began).Seconds(), 1)
			err = start(t.Context(), piped(t, serve, codeant.WithAttemptTimeout(5*time.Second)))
			assert.ErrorIs(t, err, codeant.ErrUnknownOutcome)
			<-time.After(time.Minute) // lets the server's side of the pipe end
		})
	}
}

func TestACallThatIsCanceledUnderWayEndsAtOnceAndIsUnknownIfItWasSent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client := piped(t, func(conn net.Conn) { conn.Read(make([]byte, 1)) })
		ctx, cancel := context.WithCancelCause(t.Context())
		because := errors.New("the build was stopped")
		time.AfterFunc(time.Second, func() { cancel(because) })
		began := time.Now()
		err := start(ctx, client)
		assert.Equal(t, time.Second, time.Since(began))
		assert.ErrorIs(t, err, context.Canceled)
		assert.ErrorIs(t, err, because)
		assert.ErrorIs(t, err, codeant.ErrUnknownOutcome)
	})
}

// rotating hands out tokens that change all the time.
type rotating struct{ n atomic.Int64 }

func (r *rotating) Token(context.Context) (codeant.Token, error) {
	return codeant.ParseToken(fmt.Sprintf("cdt_rotating%012d", r.n.Add(1)))
}

func TestAThousandGoroutinesShareAClientWhileTheTokenRotates(t *testing.T) {
	t.Parallel()
	var torn atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		var body struct {
			Token string `json:"access_token"`
		}
		if err := json.NewDecoder(req.Body).Decode(&body); err != nil || len(body.Token) != 24 || req.Header.Get("Authorization") != "Bearer "+body.Token {
			torn.Add(1)
		}
		io.WriteString(w, `{"status":"done","results":[]}`)
	}))
	server.Start()
	t.Cleanup(server.Close)
	transport := codeant.DefaultTransport()
	connections := &openConnections{dial: transport.DialContext}
	transport.DialContext = connections.DialContext
	client, err := codeant.New(codeant.WithTokenSource(&rotating{}), codeant.WithBaseURL(server.URL), codeant.WithHTTPClient(&http.Client{Transport: transport}))
	require.NoError(t, err)
	t.Cleanup(client.CloseIdleConnections)
	var all sync.WaitGroup
	var failed atomic.Int32
	for range 1000 {
		all.Go(func() {
			if _, err := client.Scans.Results(t.Context(), shop, codeant.SAST); err != nil {
				failed.Add(1)
			}
		})
	}
	all.Wait()
	assert.Zero(t, failed.Load())
	assert.Zero(t, torn.Load(), "header and body carry one whole token")
	assert.LessOrEqual(t, connections.most.Load(), int32(64), "at once")
	assert.Less(t, connections.all.Load(), int32(128), "in all: they are used again, but for one whose goroutine net/http had to wait for")
}

// openConnections counts the connections of a client: at once, and in all.
type openConnections struct {
	dial            func(ctx context.Context, network, address string) (net.Conn, error)
	open, most, all atomic.Int32
}

type openConnection struct {
	net.Conn
	closed func()
}

func (c *openConnection) Close() error {
	c.closed()
	return c.Conn.Close()
}

func (c *openConnections) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := c.dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	c.all.Add(1)
	open := c.open.Add(1)
	for most := c.most.Load(); open > most && !c.most.CompareAndSwap(most, open); most = c.most.Load() {
	}
	return &openConnection{conn, sync.OnceFunc(func() { c.open.Add(-1) })}, nil
}

// BenchmarkCall stands beside what one would write by hand with net/http for the same request, on the same server.
func BenchmarkCall(b *testing.B) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		io.Copy(io.Discard, req.Body)
		io.WriteString(w, `{"items":["a","b"]}`)
	}))
	b.Cleanup(server.Close)
	in := map[string]string{"repo": "acme/shop", "commit_id": shop.Commit}
	b.Run("codeant", func(b *testing.B) {
		client, err := codeant.New(codeant.WithToken(funnelToken), codeant.WithBaseURL(server.URL))
		require.NoError(b, err)
		defer client.CloseIdleConnections()
		b.ReportAllocs()
		for b.Loop() {
			var out struct{ Items []string }
			if err := client.Call(b.Context(), codeant.Request{Path: readPath, Body: in, Idempotent: true}, &out); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("net-http", func(b *testing.B) {
		hc := &http.Client{Transport: &http.Transport{}}
		defer hc.CloseIdleConnections()
		b.ReportAllocs()
		for b.Loop() {
			body, err := json.Marshal(in)
			if err != nil {
				b.Fatal(err)
			}
			req, err := http.NewRequestWithContext(b.Context(), http.MethodPost, server.URL+readPath, bytes.NewReader(body))
			if err != nil {
				b.Fatal(err)
			}
			req.Header.Set("Authorization", "Bearer "+funnelToken)
			req.Header.Set("Content-Type", "application/json")
			res, err := hc.Do(req)
			if err != nil {
				b.Fatal(err)
			}
			answer, err := io.ReadAll(res.Body)
			res.Body.Close()
			var out struct{ Items []string }
			if err != nil || res.StatusCode != http.StatusOK || json.Unmarshal(answer, &out) != nil {
				b.Fatal(res.Status)
			}
		}
	})
}

func TestAConnectionServesOnAfterErrors(t *testing.T) {
	t.Parallel()
	var connections atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, `{"message":"no"}`, http.StatusConflict)
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	client := rawClient(t, server.URL)
	for range 100 {
		assert.ErrorIs(t, read(t.Context(), client), codeant.ErrConflict)
	}
	assert.Equal(t, int32(1), connections.Load())
}

func TestTheStatusOfAPageOfAProxyIsReachable(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusBadGateway)
		io.WriteString(w, "<html><body>Bad gateway</body></html>")
	}))
	t.Cleanup(server.Close)
	err := rawClient(t, server.URL).Call(t.Context(), codeant.Request{Method: "GET", Path: "/"}, nil)
	var apiErr *codeant.APIError
	require.ErrorAs(t, err, &apiErr)
	assert.Equal(t, http.StatusBadGateway, apiErr.StatusCode)
	assert.Equal(t, int32(3), asked.Load(), "a GET is idempotent")
}
