package main

import (
	"bytes"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/codeant-sdk/codeant"
)

const maxKept = 4 << 20

// exchange is a request and its answer. The body is analyzed and never shown.
type exchange struct {
	op          string
	status      int // 0: no answer
	contentType string
	headers     []string // names only, of a fixed list
	took        time.Duration
	body        []byte
}

// recorder is a transport that keeps the answers.
type recorder struct {
	next http.RoundTripper

	mu   sync.Mutex
	kept []*exchange
}

func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	began := time.Now()
	e := &exchange{op: codeant.OperationName(req.Context())}
	r.mu.Lock()
	r.kept = append(r.kept, e)
	r.mu.Unlock()
	res, err := r.next.RoundTrip(req)
	r.mu.Lock()
	defer r.mu.Unlock()
	e.took = time.Since(began)
	if err != nil {
		return nil, err
	}
	e.status, e.contentType, e.headers = res.StatusCode, contentType(res.Header), headers(res.Header)
	res.Body = &tee{recorder: r, exchange: e, ReadCloser: res.Body}
	return res, nil
}

// take returns what was kept since the last call.
func (r *recorder) take() []*exchange {
	r.mu.Lock()
	defer r.mu.Unlock()
	kept := r.kept
	r.kept = nil
	return kept
}

// tee keeps what the client reads.
type tee struct {
	*recorder
	exchange *exchange
	io.ReadCloser
}

func (t *tee) Read(p []byte) (int, error) {
	n, err := t.ReadCloser.Read(p)
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.exchange.body) < maxKept {
		t.exchange.body = append(t.exchange.body, bytes.Clone(p[:n])...)
	}
	return n, err
}

// contentType returns the media type if it is a common one.
func contentType(h http.Header) string {
	kind, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	known := []string{
		"application/json", "application/problem+json", "application/xml", "text/xml", "text/html", "text/plain", "application/octet-stream",
	}
	switch {
	case h.Get("Content-Type") == "":
		return "none"
	case err != nil || !slices.Contains(known, kind):
		return "another one"
	}
	return kind
}

// headers returns the names of the headers that are of interest here.
func headers(h http.Header) []string {
	var names []string
	for name := range h {
		lower := strings.ToLower(name)
		switch lower {
		case "ratelimit", "ratelimit-limit", "ratelimit-remaining", "ratelimit-reset", "ratelimit-policy",
			"x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "x-rate-limit-limit", "x-rate-limit-remaining",
			"retry-after", "www-authenticate", "x-request-id", "x-amzn-requestid", "x-amz-request-id", "x-correlation-id", "etag", "link":
			names = append(names, lower)
		}
	}
	slices.Sort(names)
	return names
}
