// Package storage uploads a file to a presigned URL. It has its own HTTP client, which never sees a token, and sends no header
// that could invalidate the signature.
package storage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/codeant-sdk/codeant/internal/origin"
)

const (
	contentType = "application/xml" // as CodeAnt's own client, whatever the report's format
	expectAbove = 1 << 20           // larger reports are sent with Expect: 100-continue
	maxAnswer   = 64 << 10

	stall        = 60 * time.Second // the longest pause between two bytes of the report
	answerStall  = 20 * time.Second // from the header of the answer to the end of its body
	handOverWait = time.Second      // for the transport to report that it wrote the last byte

	holdAbove = 64 << 10              // the end of a larger report is held back
	holdBack  = 50 * time.Millisecond // for an early answer to be noticed; far more than a busy scheduler needs
)

// answerWait returns how long the storage may take to answer after the last byte. That byte is only in the kernel's buffer,
// which takes minutes to empty on a slow link.
func answerWait(size int64) time.Duration {
	const perSecond, limit = 8 << 10, 10 * time.Minute
	return min(60*time.Second+time.Duration(size/perSecond)*time.Second, limit)
}

// Client uploads files.
type Client struct {
	http      http.Client
	userAgent string
}

// New returns a client that uses transport, or http.DefaultTransport if it is nil.
func New(transport http.RoundTripper, userAgent string) *Client {
	return &Client{
		http: http.Client{
			Transport:     transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		userAgent: userAgent,
	}
}

// ParseURL parses and checks a presigned URL. Its errors do not contain the URL, because it is a secret.
func ParseURL(raw string, insecure bool) (*url.URL, error) {
	u, err := origin.Parse(raw)
	if err != nil {
		return nil, err
	}
	if err := origin.Secure(u); err != nil && !insecure {
		return nil, err
	}
	for _, key := range []string{"X-Amz-SignedHeaders", "X-Goog-SignedHeaders"} {
		for name := range strings.SplitSeq(u.Query().Get(key), ";") {
			switch strings.ToLower(strings.TrimSpace(name)) {
			case "", "host", "content-type", "content-length":
			default:
				return nil, fmt.Errorf("its signature wants the header %q, which this client does not send", name)
			}
		}
	}
	return u, nil
}

// Put sends size bytes of src to target, once. It returns a nil error and the status of the answer only if all bytes were
// written to the connection and the storage then answered that it stored them. Bytes written to the connection may still be
// in the kernel's buffer. So an answer that the storage sends without reading src is recognized as too early only if src is
// larger than 64 KiB and the answer arrives before the last bytes are sent, which is after a pause of 50 ms.
//
// The error is a *Refusal if the storage answered, a *SourceError if reading src failed, an *Interruption if this package
// knows why the transfer ended, and otherwise the error of the transport, which may contain the URL. Put does not read src
// after it has returned.
func (c *Client) Put(ctx context.Context, target *url.URL, src io.Reader, size int64, progress func(sent int64)) (status int, err error) {
	if size <= 0 {
		return 0, &SourceError{errors.New("it is empty")} // a request of length 0 with a body means that the length is unknown
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	body := newBody(ctx, src, size, progress, stop)
	defer body.detach()
	sent := handOver{body: body}
	req, err := http.NewRequestWithContext(sent.trace(ctx), http.MethodPut, "", body)
	if err != nil {
		return 0, err
	}
	req.URL, req.Host, req.ContentLength = target, target.Host, size
	req.GetBody = nil // net/http must not send it again: the caller does, and counts the attempts
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("User-Agent", c.userAgent)
	if size > expectAbove {
		req.Header.Set("Expect", "100-continue")
	}
	res, err := c.http.Do(req)
	if err != nil {
		return 0, body.explain(ctx, err)
	}
	defer res.Body.Close()
	a := answer{res: res, target: target}
	if res.StatusCode == http.StatusSwitchingProtocols {
		// The body is the bare connection: a read would not end with the context.
		return 0, a.refusal("it asks to speak another protocol")
	}
	left := sent.leftAtAnswer() // before reading the answer, while the transport may go on sending
	body.answered()
	err = a.read()
	if !a.stored() {
		return 0, a.refusal("")
	}
	if err := body.explain(ctx, err); err != nil {
		return 0, err
	}
	if a.complaint != "" {
		return 0, a.refusal(a.complaint)
	}
	if left > 0 {
		return 0, a.refusal(fmt.Sprintf("it answered when only %d of %d bytes of the report had been sent", size-left, size))
	}
	if !sent.complete(ctx) {
		return 0, a.refusal("it answered before all of the report had been sent")
	}
	return res.StatusCode, nil
}

// handOver records whether the transport wrote what it read from the body. A transport that reports nothing, such as a mock,
// is assumed to have written it.
type handOver struct {
	body      *body
	connected atomic.Bool
	wrote     chan error
	early     atomic.Int64 // unsent bytes of the body when the answer began to arrive; -1 if unknown
}

// leftAtAnswer returns how many bytes of the body were unsent when the answer began to arrive.
func (h *handOver) leftAtAnswer() int64 { return max(h.early.Load(), h.body.left.Load()) }

func (h *handOver) trace(ctx context.Context) context.Context {
	h.wrote = make(chan error, 1)
	h.early.Store(-1)
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) {
			h.connected.Store(true)
			select {
			case <-h.wrote: // the result of another connection, on which nothing was written
			default:
			}
		},
		GotFirstResponseByte: func() { h.early.CompareAndSwap(-1, h.body.left.Load()) },
		Got1xxResponse: func(int, textproto.MIMEHeader) error {
			h.early.Store(-1) // it was an interim answer, such as 100 Continue
			return nil
		},
		WroteRequest: func(info httptrace.WroteRequestInfo) {
			select {
			case h.wrote <- info.Err:
			default:
			}
		},
	})
}

// complete reports whether the whole request was written. It waits a little, because the answer may be processed before the
// transport reports the write.
func (h *handOver) complete(ctx context.Context) bool {
	if !h.connected.Load() {
		return true
	}
	timer := time.NewTimer(handOverWait)
	defer timer.Stop()
	select {
	case err := <-h.wrote:
		return err == nil
	case <-timer.C:
	case <-ctx.Done():
	}
	return false
}
