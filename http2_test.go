package codeant_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"io"
	"math/big"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant"
)

// Frame types, flags and error codes of HTTP/2 (RFC 9113).
const (
	frameData, frameHeaders, frameReset, frameSettings, framePing, frameGoAway = 0x0, 0x1, 0x3, 0x4, 0x6, 0x7

	flagEndStream, flagAck, flagEndHeaders = 0x1, 0x1, 0x4

	codeNone, codeProtocol, codeInternal, codeRefused, codeCancel = 0x0, 0x1, 0x2, 0x7, 0x8
)

// frames is one connection of an HTTP/2 server that does only what a test tells it to.
type frames struct{ net.Conn }

func (f frames) write(kind, flags byte, stream uint32, payload ...byte) {
	head := make([]byte, 9, 9+len(payload))
	binary.BigEndian.PutUint32(head, uint32(len(payload))<<8|uint32(kind))
	head[4] = flags
	binary.BigEndian.PutUint32(head[5:], stream)
	_, _ = f.Write(append(head, payload...))
}

// ":status: 200" and ":status: 404" in HPACK's static table (RFC 7541, appendix A).
const status200, status404 = 0x88, 0x8d

// answer sends a 200 with this body.
func (f frames) answer(stream uint32, body string) {
	f.write(frameHeaders, flagEndHeaders, stream, status200)
	f.write(frameData, flagEndStream, stream, []byte(body)...)
}

func (f frames) reset(stream, code uint32) {
	f.write(frameReset, 0, stream, binary.BigEndian.AppendUint32(nil, code)...)
}

func (f frames) goAway(last, code uint32) {
	f.write(frameGoAway, 0, 0, binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, last), code)...)
}

// loopbackCertificate is for 127.0.0.1, and its own authority.
var loopbackCertificate = sync.OnceValues(func() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader) // much faster than the RSA of package httptest
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<32, 0),
		IPAddresses: []net.IP{{127, 0, 0, 1}}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, err
	}
	leaf, err := x509.ParseCertificate(der)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, err
})

// http2Server counts requests and lets handle end each one that has arrived whole; number is 1 for the first.
func http2Server(t *testing.T, handle func(f frames, stream uint32, number int32)) (client func(opts ...codeant.Option) *codeant.Client, requests *atomic.Int32) {
	t.Helper()
	requests = &atomic.Int32{}
	certificate, err := loopbackCertificate()
	require.NoError(t, err)
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{certificate}, NextProtos: []string{"h2"}})
	require.NoError(t, err)
	var running sync.WaitGroup
	running.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			context.AfterFunc(t.Context(), func() { conn.Close() })
			running.Go(func() {
				defer conn.Close()
				serveFrames(frames{conn}, func(stream uint32) { handle(frames{conn}, stream, requests.Add(1)) })
			})
		}
	})
	t.Cleanup(func() {
		listener.Close()
		running.Wait()
	})
	return func(opts ...codeant.Option) *codeant.Client {
		transport := codeant.DefaultTransport()
		transport.TLSClientConfig = &tls.Config{RootCAs: x509.NewCertPool()}
		transport.TLSClientConfig.RootCAs.AddCert(certificate.Leaf)
		return rawClient(t, "https://"+listener.Addr().String(), append(opts, codeant.WithHTTPClient(&http.Client{Transport: transport}))...)
	}, requests
}

func serveFrames(f frames, arrived func(stream uint32)) {
	const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
	if _, err := io.ReadFull(f, make([]byte, len(preface))); err != nil {
		return
	}
	f.write(frameSettings, 0, 0)
	for head := make([]byte, 9); ; {
		if _, err := io.ReadFull(f, head); err != nil {
			return
		}
		payload := make([]byte, int(head[0])<<16|int(head[1])<<8|int(head[2]))
		if _, err := io.ReadFull(f, payload); err != nil {
			return
		}
		kind, flags, stream := head[3], head[4], binary.BigEndian.Uint32(head[5:])
		switch {
		case kind == frameSettings && flags&flagAck == 0:
			f.write(frameSettings, flagAck, 0)
		case kind == framePing && flags&flagAck == 0:
			f.write(framePing, flagAck, 0, payload...)
		case (kind == frameData || kind == frameHeaders) && flags&flagEndStream != 0:
			arrived(stream)
		}
	}
}

// The calls that an HTTP/2 transport must not repeat by itself: with a body and without one.
var http2Calls = map[string]struct {
	idempotent bool
	call       func(context.Context, *codeant.Client) error
}{
	"start with a body": {false, start},
	"start without a body": {false, func(ctx context.Context, c *codeant.Client) error {
		return c.Call(ctx, codeant.Request{Path: readPath}, nil)
	}},
	"read with a body": {true, func(ctx context.Context, c *codeant.Client) error {
		return c.Call(ctx, codeant.Request{Path: readPath, Body: map[string]string{}, Idempotent: true}, nil)
	}},
	"read without a body": {true, read},
	"GET": {true, func(ctx context.Context, c *codeant.Client) error {
		return c.Call(ctx, codeant.Request{Method: "GET", Path: readPath}, nil)
	}},
}

func TestAnHTTP2RequestThatBrokeIsRepeatedByThisPackageAlone(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(f frames, stream uint32, _ int32){
		"reset, protocol error": func(f frames, stream uint32, _ int32) { f.reset(stream, codeProtocol) },
		"reset, internal error": func(f frames, stream uint32, _ int32) { f.reset(stream, codeInternal) },
		"reset, cancel":         func(f frames, stream uint32, _ int32) { f.reset(stream, codeCancel) },
		"connection closed":     func(f frames, _ uint32, _ int32) { f.Close() },
		"GOAWAY after it":       func(f frames, stream uint32, _ int32) { f.goAway(stream, codeNone); f.Close() },
	} {
		for callName, call := range http2Calls {
			t.Run(name+", "+callName, func(t *testing.T) {
				t.Parallel()
				client, requests := http2Server(t, end)
				err := call.call(t.Context(), client())
				assert.ErrorIs(t, err, codeant.ErrUnavailable)
				if call.idempotent {
					assert.EqualValues(t, 3, requests.Load())
					assert.ErrorContains(t, err, "3 attempts")
				} else {
					assert.EqualValues(t, 1, requests.Load())
					assert.ErrorContains(t, err, "1 attempt)")
					assert.ErrorIs(t, err, codeant.ErrUnknownOutcome)
				}
				assert.NotContains(t, err.Error(), "GetBody")
			})
		}
	}
}

func TestAnHTTP2RequestThatTheServerDidNotProcessIsSentAgain(t *testing.T) {
	t.Parallel()
	goAway := func(times int32) func(f frames, stream uint32, number int32) {
		return func(f frames, stream uint32, number int32) {
			if number <= times {
				f.goAway(stream-1, codeNone)
				f.Close()
				return
			}
			f.answer(stream, "{}")
		}
	}
	refused := func(times int32) func(f frames, stream uint32, number int32) {
		return func(f frames, stream uint32, number int32) {
			if number <= times {
				f.reset(stream, codeRefused)
				return
			}
			f.answer(stream, "{}")
		}
	}
	for name, tt := range map[string]struct {
		end  func(f frames, stream uint32, number int32)
		sent int32
		fine bool
	}{
		"one GOAWAY":           {goAway(1), 2, true},
		"five GOAWAYs":         {goAway(5), 6, true},
		"six GOAWAYs":          {goAway(6), 7, true},
		"nothing but GOAWAYs":  {goAway(1000), 18, false}, // three attempts of six
		"one refused stream":   {refused(1), 2, true},
		"nothing but refusals": {refused(1000), 3, false},
	} {
		for callName, call := range http2Calls {
			t.Run(name+", "+callName, func(t *testing.T) {
				t.Parallel()
				client, requests := http2Server(t, tt.end)
				err := call.call(t.Context(), client())
				assert.Equal(t, tt.sent, requests.Load())
				if tt.fine {
					assert.NoError(t, err)
					return
				}
				assert.ErrorIs(t, err, codeant.ErrUnavailable)
				assert.NotErrorIs(t, err, codeant.ErrUnknownOutcome)
				var apiErr *codeant.APIError
				require.ErrorAs(t, err, &apiErr)
				assert.EqualValues(t, tt.sent, apiErr.Attempts)
			})
		}
	}
}

func TestGoAwaysCostNoRetryBudget(t *testing.T) {
	t.Parallel()
	client, requests := http2Server(t, func(f frames, stream uint32, number int32) {
		if number%7 != 0 {
			f.goAway(stream-1, codeNone)
			f.Close()
			return
		}
		f.answer(stream, "{}")
	})
	c := client()
	for range 120 { // the budget is 100
		require.NoError(t, start(t.Context(), c))
	}
	assert.EqualValues(t, 120*7, requests.Load())
}

func TestARequestThatFoundNoConnectionIsSentAgain(t *testing.T) {
	t.Parallel()
	for name, call := range http2Calls {
		sent := 0
		client := funnelClient(t, roundTripper(func(*http.Request) (*http.Response, error) {
			if sent++; sent == 1 {
				return nil, errors.New("net/http: cannot rewind body after connection loss")
			}
			return httpmock.NewStringResponse(200, "{}"), nil
		}))
		assert.NoError(t, call.call(t.Context(), client), name)
		assert.Equal(t, 2, sent, name)
	}
}
