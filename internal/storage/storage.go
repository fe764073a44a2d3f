// Package storage uploads a file to a presigned URL. It has an HTTP client of its own that has never seen a token, and
// sends no header that could spoil the signature.
package storage

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/codeant-sdk/codeant/internal/origin"
	"github.com/codeant-sdk/codeant/internal/retryafter"
)

const (
	contentType = "application/xml" // what CodeAnt's own client sends, whatever the report is
	expectAbove = 1 << 20           // from here on it pays to ask before sending (Expect: 100-continue)
	maxAnswer   = 64 << 10
	stall       = 20 * time.Second
	answerWait  = 60 * time.Second // for transports without a time limit of their own on the answer's header
)

// ErrStalled ends an upload in which no byte has moved for 20 s.
var ErrStalled = errors.New("the upload stood still: no byte moved")

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

// Refusal is an answer of the storage that is no success.
type Refusal struct {
	StatusCode int
	Code       string // of the XML body, such as "AccessDenied"
	Message    string // of the XML body, not redacted
	RequestID  string
	RetryAfter time.Duration
	Location   string // host of a redirect
}

func (r *Refusal) Error() string {
	return fmt.Sprintf("the storage answered %d %s", r.StatusCode, r.Code)
}

// Expired reports whether another presigned URL would help.
func (r *Refusal) Expired() bool {
	switch r.Code {
	case "ExpiredToken", "TokenRefreshRequired", "ExpiredRequest":
		return true
	case "AccessDenied":
		return strings.Contains(strings.ToLower(r.Message), "expired")
	}
	return false
}

// Transient reports whether the same request may well succeed a little later.
func (r *Refusal) Transient() bool {
	switch r.StatusCode {
	case http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusBadGateway,
		http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return r.StatusCode == http.StatusBadRequest && r.Code == "RequestTimeout"
}

// Put sends size bytes of src to target, once. The error is a *Refusal where the storage answered, a *SourceError where
// src failed, and else what the transport said, which may repeat the URL. src is not read any more when Put returns.
func (c *Client) Put(ctx context.Context, target *url.URL, src io.Reader, size int64, progress func(sent int64)) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	watch := time.AfterFunc(stall, func() { stop(ErrStalled) })
	defer watch.Stop()
	body := &body{src: src, left: size, size: size, progress: progress, watch: watch}
	defer body.detach()

	req, err := http.NewRequestWithContext(ctx, http.MethodPut, "", body)
	if err != nil {
		return err
	}
	req.URL, req.Host, req.ContentLength = target, target.Host, size
	if size == 0 {
		req.Body = http.NoBody // with another body, a length of 0 means unknown
	}
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("User-Agent", c.userAgent)
	if size > expectAbove {
		req.Header.Set("Expect", "100-continue")
	}
	res, err := c.http.Do(req)
	if err != nil {
		return body.explain(ctx, err)
	}
	defer res.Body.Close()
	watch.Reset(stall)
	text, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	good := res.StatusCode >= 200 && res.StatusCode <= 299
	refusal := readRefusal(res, text)
	switch {
	case good && refusal.Code == "" && err == nil:
		return body.explain(ctx, nil)
	case good && err != nil:
		return body.explain(ctx, err)
	}
	return refusal
}

func readRefusal(res *http.Response, body []byte) *Refusal {
	var answer struct {
		XMLName   xml.Name
		Code      string
		Message   string
		RequestID string `xml:"RequestId"`
	}
	r := &Refusal{StatusCode: res.StatusCode, RequestID: res.Header.Get("X-Amz-Request-Id")}
	// Some stores answer 200 with an error in the body; a body that is no such XML tells nothing.
	if xml.Unmarshal(body, &answer) == nil && answer.XMLName.Local == "Error" {
		r.Code, r.Message = answer.Code, answer.Message
		if r.Code == "" {
			r.Code = "Error"
		}
		if r.RequestID == "" {
			r.RequestID = answer.RequestID
		}
	}
	r.RetryAfter, _ = retryafter.Parse(res.Header, time.Now())
	if u, err := url.Parse(res.Header.Get("Location")); err == nil {
		r.Location = u.Host
	}
	return r
}
