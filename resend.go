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

// maxResends limits how often a request that the server did not process is sent again within one attempt.
const maxResends = 5

// payload is the body of a request. It has its own type so that net/http cannot set GetBody: with it, net/http could send the
// request again, and only this package knows whether that is safe.
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

// roundTrip sends a request with this header and with data as its body. It sends the request again if the connection was
// closed before any of it was written, or if the server closed it and said that it did not process the request (GOAWAY).
//
// net/http would do the same if it had GetBody, but after an HTTP/2 reset it would also repeat requests that the server may
// have processed, without limit.
func (x *exchange) roundTrip(next http.RoundTripper, req *http.Request, header http.Header, data []byte) (*http.Response, error) {
	ctx := req.Context()
	for resends := 0; ; resends++ {
		x.sent++
		x.wire = &wire{stop: x.stop, oneWrite: fitsOneWrite(req.URL, header, data)}
		out := req.WithContext(httptrace.WithClientTrace(ctx, x.wire.trace())) // a copy: a RoundTripper must not modify its request
		out.Header, out.Body, out.GetBody, out.ContentLength = header, newBody(data), nil, int64(len(data))
		res, err := next.RoundTrip(out)
		if err == nil || ctx.Err() != nil || !x.wire.unprocessed(err) || resends == maxResends {
			return res, err
		}
	}
}

func newBody(data []byte) io.ReadCloser {
	if len(data) == 0 {
		return newPayload(nil) // net/http repeats a request without a body on its own
	}
	return io.NopCloser(bytes.NewReader(data)) // a type that net/http writes together with the header
}

// wire records how much of a request was written to its connection. A transport that reports nothing, such as a mock, is
// assumed to have sent all of it.
type wire struct {
	stop     context.CancelCauseFunc // ends the attempt
	oneWrite bool                    // on HTTP/1, the request is written either whole or not at all

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

// unsent reports whether certainly no part of the request was written.
func (w *wire) unsent() bool {
	return w != nil && w.asked.Load() && (!w.wroteHeaders.Load() || w.oneWrite && !w.http2.Load() && !w.wroteAll.Load())
}

// fitsOneWrite reports whether net/http writes the request with a single call, because it fits well within the buffer of
// 4 KiB. If that call fails, nothing was written.
func fitsOneWrite(u *url.URL, header http.Header, data []byte) bool {
	size := 512 + len(u.Path) + len(u.RawQuery) + len(data)
	for name, values := range header {
		for _, value := range values {
			size += len(name) + len(value) + 4
		}
	}
	return size < 4<<10
}

// unprocessed reports whether the request may be sent again at once: its connection had been closed while idle, or the
// server sent GOAWAY to say that it will not process the request.
func (w *wire) unprocessed(err error) bool {
	return w.unsent() && w.reused.Load() || isGoAway(err) || isUnsent(err)
}

// isUnsent reports whether the request found no connection that takes it, after HTTP/2 had closed its body unread. Only then
// does net/http want to read the body of such a request again, which it cannot.
func isUnsent(err error) bool {
	return strings.Contains(err.Error(), "cannot rewind body after connection loss")
}

// isGoAway reports whether the server closed the HTTP/2 connection and named a last stream before that of the request.
// net/http has no error type for this.
func isGoAway(err error) bool {
	text := err.Error()
	return strings.Contains(text, "Server's graceful shutdown GOAWAY") || strings.Contains(text, "received GOAWAY from server")
}

// isRefusedStream reports whether the server refused the HTTP/2 stream before processing any of it (RFC 9113,
// section 8.7).
func isRefusedStream(err error) bool { return strings.Contains(err.Error(), "REFUSED_STREAM") }
