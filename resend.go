package codeant

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
)

// maxResends bounds how often a request that the server certainly did not process is sent again within one attempt.
const maxResends = 5

// payload is the body of a request. It is none of the types for which net/http sets or keeps a way to read a body again,
// because whoever can read a body again may also send it again, and only this package knows whether it may.
type payload struct {
	data []byte
	at   int
}

func newPayload(data []byte) *payload { return &payload{data: data} }

func (p *payload) Read(b []byte) (int, error) {
	if p.at == len(p.data) {
		return 0, io.EOF
	}
	n := copy(b, p.data[p.at:])
	p.at += n
	return n, nil
}

func (p *payload) Close() error { return nil }

// roundTrip sends a request with this header and with data as its body, and sends it again if the connection was gone before any of it was
// written, or if the server closed it with word that it did not process the request (GOAWAY).
//
// net/http would do so too, if it could read the body again. But it also repeats requests that the server may have
// processed: after an HTTP/2 reset, and then without limit.
func (x *exchange) roundTrip(next http.RoundTripper, req *http.Request, header http.Header, data []byte) (*http.Response, error) {
	ctx := req.Context()
	for resends := 0; ; resends++ {
		x.sent++
		x.wire = &wire{stop: x.stop, oneWrite: fitsOneWrite(req.URL, header, data)}
		out := req.WithContext(httptrace.WithClientTrace(ctx, x.wire.trace())) // a copy: a RoundTripper may not change what it is given
		out.Header, out.Body, out.GetBody, out.ContentLength = header, newBody(data), nil, int64(len(data))
		res, err := next.RoundTrip(out)
		if err == nil || ctx.Err() != nil || !x.wire.unprocessed(err) || resends == maxResends {
			return res, err
		}
	}
}

func newBody(data []byte) io.ReadCloser {
	if len(data) == 0 {
		return newPayload(nil) // net/http would repeat a request without a body on its own
	}
	return io.NopCloser(bytes.NewReader(data)) // a type that net/http knows, and writes together with the header
}

// wire is what is known of one request on its connection. A transport that reports nothing, such as a mock, is taken to
// have sent all of it.
type wire struct {
	stop     context.CancelCauseFunc // ends the attempt
	oneWrite bool                    // the request reaches the connection whole or not at all, on HTTP/1

	hooks httptrace.ClientTrace

	asked, reused, http2, wroteHeaders, wroteAll atomic.Bool
}

func (w *wire) trace() *httptrace.ClientTrace {
	w.hooks = httptrace.ClientTrace{
		GetConn: func(string) {
			w.asked.Store(true)
			if w.wroteHeaders.Load() {
				w.stop(errRepeated) // the transport is about to send the request a second time
			}
		},
		GotConn: func(info httptrace.GotConnInfo) {
			w.reused.Store(info.Reused)
			conn, isTLS := info.Conn.(*tls.Conn)
			w.http2.Store(isTLS && conn.ConnectionState().NegotiatedProtocol == "h2")
		},
		WroteHeaders: func() { w.wroteHeaders.Store(true) },
		WroteRequest: func(info httptrace.WroteRequestInfo) { w.wroteAll.Store(info.Err == nil) },
	}
	return &w.hooks
}

// unsent reports whether it is certain that nothing of the request was written.
func (w *wire) unsent() bool {
	return w != nil && w.asked.Load() && (!w.wroteHeaders.Load() || w.oneWrite && !w.http2.Load() && !w.wroteAll.Load())
}

// fitsOneWrite reports whether net/http hands the request to the connection with one call, because it fits its buffer of
// 4 KiB with room to spare. If that call failed, nothing was written.
func fitsOneWrite(u *url.URL, header http.Header, data []byte) bool {
	size := 512 + len(u.Path) + len(u.RawQuery) + len(data)
	for name, values := range header {
		for _, value := range values {
			size += len(name) + len(value) + 4
		}
	}
	return size < 4<<10
}

// unprocessed reports whether the request may be sent again at once: it met a connection that was closed while idle, or
// the server said with GOAWAY that it will not look at it.
func (w *wire) unprocessed(err error) bool {
	return w.unsent() && w.reused.Load() || isGoAway(err)
}

// isGoAway reports whether the server closed an HTTP/2 connection and named a last stream below that of the request.
// The errors of net/http have no type for it.
func isGoAway(err error) bool {
	text := err.Error()
	return strings.Contains(text, "Server's graceful shutdown GOAWAY") || strings.Contains(text, "received GOAWAY from server")
}

// isRefusedStream reports whether the server refused an HTTP/2 stream before it processed anything of it (RFC 9113,
// section 8.7).
func isRefusedStream(err error) bool { return strings.Contains(err.Error(), "REFUSED_STREAM") }
