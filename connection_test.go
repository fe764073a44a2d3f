package codeant_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant"
)

func TestAServerWithoutTLS12IsRefused(t *testing.T) {
	t.Parallel()
	var dialled atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { assert.Fail(t, "a request came") }))
	server.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			dialled.Add(1)
		}
	}
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	transport := codeant.DefaultTransport()
	transport.TLSClientConfig = &tls.Config{RootCAs: x509.NewCertPool()}
	transport.TLSClientConfig.RootCAs.AddCert(server.Certificate())
	host := server.Listener.Addr().String()
	for _, call := range []func(context.Context, *codeant.Client) error{read, start} {
		dialled.Store(0)
		err := call(t.Context(), rawClient(t, server.URL, codeant.WithHTTPClient(&http.Client{Transport: transport})))
		assert.EqualError(t, err, "codeant: call: no answer: no secure connection: remote error: tls: protocol version not supported "+
			"(POST /api/read, host "+host+", 1 attempt); check the network, the proxy and the base URL")
		assert.ErrorIs(t, err, codeant.ErrUnavailable)
		assert.NotErrorIs(t, err, codeant.ErrUnknownOutcome)
		assert.EqualValues(t, 1, dialled.Load())
	}
}

// Nothing on this machine leaves a dial without an answer, so the trace of the dial takes the time.
func TestADialMayTakeTenSeconds(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { listener.Close() })
	for takes, refused := range map[time.Duration]bool{9 * time.Second: false, 11 * time.Second: true} {
		synctest.Test(t, func(t *testing.T) {
			slow := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{ConnectStart: func(string, string) { <-time.After(takes) }})
			conn, err := codeant.DefaultTransport().DialContext(slow, "tcp", listener.Addr().String())
			if !refused {
				require.NoError(t, err)
				assert.NoError(t, conn.Close())
				return
			}
			assert.EqualError(t, err, "dial tcp "+listener.Addr().String()+": i/o timeout")
		})
	}
}

// pipes is a transport of this package whose connections lead to serve. They end with the test.
func pipes(t *testing.T, serve func(conn net.Conn)) *http.Transport {
	transport := codeant.DefaultTransport()
	transport.DialContext = func(context.Context, string, string) (net.Conn, error) {
		near, far := net.Pipe()
		context.AfterFunc(t.Context(), func() { far.Close() })
		queued := queuedConn{far, make(chan []byte, 100)}
		go func() {
			defer far.Close()
			for data := range queued.queue {
				far.Write(data)
			}
		}()
		go func() {
			defer close(queued.queue)
			serve(queued)
		}()
		return near, nil
	}
	return transport
}

// queuedConn is the end of a pipe whose writes do not wait until they are read.
type queuedConn struct {
	net.Conn
	queue chan []byte
}

func (c queuedConn) Write(data []byte) (int, error) {
	c.queue <- bytes.Clone(data)
	return len(data), nil
}

func TestATLSHandshakeThatStallsIsGivenUpAfterTenSeconds(t *testing.T) {
	t.Parallel()
	for _, call := range []func(context.Context, *codeant.Client) error{read, start} {
		synctest.Test(t, func(t *testing.T) {
			dialled := 0
			transport := pipes(t, func(conn net.Conn) {
				dialled++
				io.Copy(io.Discard, conn) // never says a word
			})
			began := time.Now()
			err := call(t.Context(), rawClient(t, "https://api.codeant.test", codeant.WithHTTPClient(&http.Client{Transport: transport})))
			assert.EqualError(t, err, "codeant: call: no answer: no answer in time: net/http: TLS handshake timeout "+
				"(POST /api/read, host api.codeant.test, 3 attempts); check the network, the proxy and the base URL")
			assert.ErrorIs(t, err, codeant.ErrUnavailable)
			assert.NotErrorIs(t, err, codeant.ErrUnknownOutcome, "nothing was sent")
			assert.Equal(t, 3, dialled)
			assert.InDelta(t, 30, time.Since(began).Seconds(), 0.1)
		})
	}
}

// A router that forgets a connection says nothing to anybody.
func TestAnHTTP2ConnectionThatFellSilentIsLeftAfter25Seconds(t *testing.T) {
	t.Parallel()
	certificate, err := loopbackCertificate()
	require.NoError(t, err)
	for name, call := range http2Calls {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				dialled, requests := 0, 0
				transport := pipes(t, func(conn net.Conn) {
					dialled++
					first := dialled == 1
					f := frames{tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{certificate}, NextProtos: []string{"h2"}})}
					serveFrames(f, func(stream uint32) {
						if requests++; first && requests == 2 {
							io.Copy(io.Discard, f) // the request arrives, but its answer and those to pings do not
							return
						}
						f.answer(stream, "{}")
					})
				})
				transport.TLSClientConfig = &tls.Config{RootCAs: x509.NewCertPool()}
				transport.TLSClientConfig.RootCAs.AddCert(certificate.Leaf)
				client := rawClient(t, "https://127.0.0.1", codeant.WithHTTPClient(&http.Client{Transport: transport}))
				require.NoError(t, read(t.Context(), client))
				began := time.Now()

				err := call.call(t.Context(), client)

				assert.InDelta(t, 25, time.Since(began).Seconds(), 0.1, "a ping after 15 s of silence, and 10 s for its answer")
				if call.idempotent {
					assert.NoError(t, err)
					assert.Equal(t, 3, requests)
					assert.Equal(t, 2, dialled)
				} else {
					assert.EqualError(t, err, "codeant: call: no answer: the connection broke: http2: client connection lost "+
						"(POST /api/read, host 127.0.0.1, 1 attempt); the server may have carried it out: check before you repeat it")
					assert.ErrorIs(t, err, codeant.ErrUnknownOutcome)
					assert.Equal(t, 2, requests)
				}
			})
		})
	}
}

// net/http repeats on its own what it thinks safe on a connection that was used before.
func TestARequestOnAUsedConnectionThatIsResetIsRepeatedByThisPackageAlone(t *testing.T) {
	t.Parallel()
	for name, call := range http2Calls {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var requests atomic.Int32
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
				io.Copy(io.Discard, req.Body)
				if requests.Add(1) != 2 {
					io.WriteString(w, "{}")
					return
				}
				conn, _, err := http.NewResponseController(w).Hijack()
				if assert.NoError(t, err) {
					conn.(*net.TCPConn).SetLinger(0)
					conn.Close()
				}
			}))
			t.Cleanup(server.Close)
			var attempts int
			client := rawClient(t, server.URL, codeant.WithObserver(func(context.Context, codeant.Attempt) { attempts++ }))
			require.NoError(t, read(t.Context(), client))

			err := call.call(t.Context(), client)

			assert.EqualValues(t, attempts, requests.Load(), "the server sees every request that this package counts, and no other")
			if call.idempotent {
				assert.NoError(t, err)
				assert.EqualValues(t, 3, requests.Load())
			} else {
				assert.ErrorIs(t, err, codeant.ErrUnknownOutcome)
				assert.EqualValues(t, 2, requests.Load())
			}
		})
	}
}

// net/http reads the variables of a proxy once in the life of a process, so each case has a process of its own: this test
// again.
func TestTheProxyOfTheEnvironmentIsUsed(t *testing.T) {
	t.Parallel()
	const asked = "CODEANT_TEST_PROXY_FOR"
	if address := os.Getenv(asked); address != "" {
		req, err := http.NewRequest(http.MethodPost, address, nil)
		require.NoError(t, err)
		proxy, err := codeant.DefaultTransport().Proxy(req)
		require.NoError(t, err)
		fmt.Println("proxy:", proxy)
		return
	}
	for _, tt := range []struct{ address, variable, want string }{
		{"https://api.codeant.test", "HTTPS_PROXY=http://proxy.test:3128", "http://proxy.test:3128"},
		{"http://api.codeant.test", "HTTP_PROXY=http://proxy.test:3128", "http://proxy.test:3128"},
		{"https://api.codeant.test", "HTTP_PROXY=http://proxy.test:3128", "<nil>"},
		{"https://api.codeant.test", "HTTPS_PROXY=http://proxy.test:3128 NO_PROXY=.codeant.test", "<nil>"},
	} {
		child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestTheProxyOfTheEnvironmentIsUsed$")
		child.Env = append(strings.Fields(tt.variable), asked+"="+tt.address)
		out, err := child.CombinedOutput()
		require.NoError(t, err, "%s", out)
		first, _, _ := strings.Cut(string(out), "\n")
		assert.Equal(t, "proxy: "+tt.want, first, tt)
	}
}

func TestAProxyThatOpensNoTunnelIsNamedWithoutItsPassword(t *testing.T) {
	t.Parallel()
	for answer, tt := range map[string]struct {
		reason   string
		requests int32
		attempts string
	}{
		"407 Proxy Authentication Required": {"the proxy HOST answered 407 Proxy Authentication Required", 1, "1 attempt"},
		"403 Forbidden":                     {"the proxy HOST answered 403 Forbidden", 1, "1 attempt"},
		"503 Service Unavailable":           {"the proxy HOST answered 503 Service Unavailable", 3, "3 attempts"},
		"":                                  {"the connection broke: unexpected EOF", 3, "3 attempts"},
	} {
		t.Run(answer, func(t *testing.T) {
			t.Parallel()
			base, requests := rawServer(t, func(conn net.Conn) {
				if answer != "" {
					io.WriteString(conn, "HTTP/1.1 "+answer+"\r\nContent-Length: 0\r\n\r\n")
				}
			})
			host := strings.TrimPrefix(base, "http://")
			for _, call := range []func(context.Context, *codeant.Client) error{read, start} {
				requests.Store(0)
				err := call(t.Context(), throughProxy(t, "http://me:proxypassword@"+host))
				assert.EqualError(t, err, fmt.Sprintf("codeant: call: no answer: %s (POST /api/read, host api.codeant.test, %s); "+
					"check the network, the proxy and the base URL", strings.ReplaceAll(tt.reason, "HOST", host), tt.attempts))
				assert.ErrorIs(t, err, codeant.ErrUnavailable)
				assert.NotErrorIs(t, err, codeant.ErrUnknownOutcome, "nothing was sent")
				assert.NotContains(t, everyForm(t, err), "proxypassword")
				assert.Equal(t, tt.requests, requests.Load())
			}
		})
	}
}

// throughProxy returns a client whose requests go through a proxy.
func throughProxy(t *testing.T, proxy string) *codeant.Client {
	t.Helper()
	address, err := url.Parse(proxy)
	require.NoError(t, err)
	transport := codeant.DefaultTransport()
	transport.Proxy = http.ProxyURL(address)
	return rawClient(t, "https://api.codeant.test", codeant.WithHTTPClient(&http.Client{Transport: transport}))
}

func TestAProxyThatIsDownIsNamedWithoutItsPassword(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	host := listener.Addr().String()
	listener.Close()
	for _, call := range []func(context.Context, *codeant.Client) error{read, start} {
		err := call(t.Context(), throughProxy(t, "http://me:proxypassword@"+host))
		assert.EqualError(t, err, "codeant: call: no answer: no connection: proxyconnect tcp: dial tcp "+host+": connect: connection refused "+
			"(POST /api/read, host api.codeant.test, 3 attempts); check the network, the proxy and the base URL")
		assert.ErrorIs(t, err, codeant.ErrUnavailable)
		assert.NotErrorIs(t, err, codeant.ErrUnknownOutcome, "nothing was sent")
		assert.NotContains(t, everyForm(t, err), "proxypassword")
	}
}
