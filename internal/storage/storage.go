// Package storage uploads a file to a presigned URL. It has an HTTP client of its own that has never seen a token, and
// sends no header that could spoil the signature.
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
	contentType = "application/xml" // what CodeAnt's own client sends, whatever the report is
	expectAbove = 1 << 20           // from here on it pays to ask before sending (Expect: 100-continue)
	maxAnswer   = 64 << 10

	stall        = 60 * time.Second // without a byte between two of the report
	answerStall  = 20 * time.Second // for the body of an answer whose header has come
	handOverWait = time.Second      // for the transport to say that it has written what it has read
)

// answerWait is how long the storage may take to answer after the last byte. That byte has been handed to the kernel, not
// to the network: on a slow link the kernel's buffer alone takes minutes.
func answerWait(size int64) time.Duration {
	const perSecond, limit = 8 << 10, 10 * time.Minute
	return min(60*time.Second+time.Duration(size/perSecond)*time.Second, limit)
}

// Client puts files.
type Client struct {
	http      http.Client
	userAgent string
}

// New returns a client on a transport, where nil is http.DefaultTransport.
func New(transport http.RoundTripper, userAgent string) *Client {
	return &Client{
		http: http.Client{
			Transport:     transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		userAgent: userAgent,
	}
}

// ParseURL checks a presigned URL. Its errors do not repeat it, because it is a secret.
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

// Put sends size bytes of src to target, once. It returns the status of the answer, and no error, only if all of them were
// handed to the connection and the storage then said that it has stored them. What was handed to the connection may still
// wait in a buffer: of a src that fits there (one write, and what the kernel takes without the peer) nobody can tell
// whether the storage read it before it answered.
//
// The error is a *Refusal where the storage answered, a *SourceError where src failed, an *Interruption where the
// transfer ended for a reason known here, and else what the transport said, which may repeat the URL. src is not read any
// more when Put returns.
func (c *Client) Put(ctx context.Context, target *url.URL, src io.Reader, size int64, progress func(sent int64)) (status int, err error) {
	if size <= 0 {
		return 0, &SourceError{errors.New("it is empty")} // a request of length 0 with a body means that the length is unknown
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	body := newBody(src, size, progress, stop)
	defer body.detach()
	sent := handOver{body: body}
	req, err := http.NewRequestWithContext(sent.trace(ctx), http.MethodPut, "", body)
	if err != nil {
		return 0, err
	}
	req.URL, req.Host, req.ContentLength = target, target.Host, size
	req.GetBody = nil // net/http must not send it again: that is for the caller, who counts
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
		// The connection is out of net/http's hands now: a read would not end with the context.
		return 0, a.refusal("it asks to speak another protocol")
	}
	left := sent.leftAtAnswer() // the transport may go on sending what the storage did not wait for
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

// handOver watches whether the transport has written what it has read of the body. A transport that reports nothing, such
// as a mock, is taken to have written it.
type handOver struct {
	body      *body
	connected atomic.Bool
	wrote     chan error
	early     atomic.Int64 // what was left of the body when the first byte of the answer came; -1 if that is not known
}

// leftAtAnswer returns how much of the body had not been sent when the answer began.
func (h *handOver) leftAtAnswer() int64 { return max(h.early.Load(), h.body.left.Load()) }

func (h *handOver) trace(ctx context.Context) context.Context {
	h.wrote = make(chan error, 1)
	h.early.Store(-1)
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) {
			h.connected.Store(true)
			select {
			case <-h.wrote: // of another connection, before a byte was written
			default:
			}
		},
		GotFirstResponseByte: func() { h.early.CompareAndSwap(-1, h.body.left.Load()) },
		Got1xxResponse: func(int, textproto.MIMEHeader) error {
			h.early.Store(-1) // the byte belonged to an interim answer, such as 100 Continue
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

// complete waits a little, because the answer may overtake the message that the last byte was written.
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
