package codeant

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/codeant-sdk/codeant/internal/errbody"
	"github.com/codeant-sdk/codeant/internal/jsonscan"
	"github.com/codeant-sdk/codeant/internal/redact"
	"github.com/codeant-sdk/codeant/internal/success"
)

var errTooLarge = errors.New("the body is over its limit")

// refusal is the error of a decoder that rejects a body.
type refusal struct {
	kind   error
	reason string
	quoted bool // the answer itself says that the call failed, so its message may be printed
}

func (r *refusal) Error() string { return r.reason }
func (r *refusal) Unwrap() error { return r.kind }

// unusable returns the error of an answer that does not have the expected form.
func unusable(format string, args ...any) error {
	return &refusal{kind: ErrBadResponse, reason: "the answer cannot be used: " + fmt.Sprintf(format, args...)}
}

// tooLarge returns the error of an answer that exceeds a limit.
func tooLarge(format string, args ...any) error {
	return &refusal{kind: ErrTooLarge, reason: "the answer is too large: " + fmt.Sprintf(format, args...)}
}

var errEmpty = unusable("it is empty")

func noResultYet() error { return &refusal{kind: ErrNotReady, reason: "there is no result yet"} }

// answer is a response whose body has been read whole.
type answer struct {
	status int
	header http.Header
	raw    []byte // the unmodified body
	body   []byte // without a byte order mark and the white space around it
}

// readAnswer reads the body up to its limit. Reading to the end allows the connection to be reused. stop ends the attempt
// if no byte arrives for a while.
func readAnswer(res *http.Response, limit int64, stop context.CancelCauseFunc) (answer, error) {
	defer res.Body.Close()
	got := answer{status: res.StatusCode, header: res.Header}
	if got.status == http.StatusSwitchingProtocols {
		return got, nil // its body is the bare connection, whose reading no context ends
	}
	if !got.good() {
		limit = maxErrorBody
	}
	watched := watch(res.Body, stop)
	defer watched.timer.Stop()
	var (
		whole bool
		err   error
	)
	got.raw, whole, err = readBody(watched, res.ContentLength, limit)
	got.body = bytes.TrimSpace(jsonscan.TrimBOM(got.raw))
	if err == nil && got.good() && !whole {
		err = errTooLarge
	}
	return got, err
}

// trustedLength is how much memory is allocated on the strength of a Content-Length header alone.
const trustedLength = 1 << 20

// readBody reads at most limit bytes and reports whether that was the whole body. Of a body that breaks off or exceeds the
// limit it returns the beginning, without ever holding it in memory twice.
func readBody(r io.Reader, length, limit int64) (body []byte, whole bool, err error) {
	first := int64(512)
	if length >= 0 {
		first = min(length, limit, trustedLength) + 1 // one more byte, to detect the end
	}
	part := make([]byte, 0, first)
	var parts [][]byte // the full ones
	total := int64(0)
	for err == nil && total <= limit {
		switch full := len(part) == cap(part); {
		case full && total < length && length <= min(limit, defaultMaxResponse):
			part = append(make([]byte, 0, length+1), part...)
		case full:
			parts = append(parts, part)
			part = make([]byte, 0, min(total, limit-total)+1)
		}
		var n int
		n, err = r.Read(part[len(part):cap(part)])
		part, total = part[:len(part)+n], total+int64(n)
	}
	if whole = err == io.EOF && total <= limit; whole {
		err = nil
	} else {
		total = min(total, limit, maxErrorBody)
	}
	if len(parts) == 0 {
		return part[:total], whole, err
	}
	body = make([]byte, 0, total)
	for _, part := range append(parts, part) {
		body = append(body, part[:min(int64(len(part)), total-int64(len(body)))]...)
	}
	return body, whole, err
}

func (a answer) good() bool { return a.status/100 == 2 }

func (a answer) contentType() string { return a.header.Get("Content-Type") }

func (a answer) requestID() string {
	for _, name := range []string{"X-Request-Id", "Request-Id", "X-Amzn-Requestid", "X-Amz-Apigw-Id", "X-Amz-Cf-Id", "Cf-Ray"} {
		if id := a.header.Get(name); id != "" {
			return id
		}
	}
	return ""
}

func (a answer) markupReason() string {
	reason := "the answer is a web page, not CodeAnt's JSON"
	if t := a.contentType(); t != "" {
		reason += " (" + redact.Text(t, maxPrintedValue) + ")"
	}
	return reason
}

// redirectHost returns the host of a redirect, without path and query.
func (a answer) redirectHost() string {
	u, err := url.Parse(a.header.Get("Location"))
	if err != nil || u.Host == "" {
		return ""
	}
	return " to " + u.Host
}

// decode passes the body of a 2xx answer to a decoder if it is JSON and does not say that the call failed. The decoder
// also gets an empty body and decides whether it is acceptable.
func (a answer) decode(op operation, decode func(jsonscan.Document) error) error {
	if len(a.body) == 0 {
		return decode(jsonscan.Document{})
	}
	if errbody.IsMarkup(a.contentType(), a.body) {
		return &refusal{kind: ErrBadResponse, reason: a.markupReason()}
	}
	doc, err := a.document(op)
	if err != nil {
		return err
	}
	reason, failed := success.Refused(doc, op.judges)
	if failed && !op.readsFirst {
		return saysFailed(reason)
	}
	if err := decode(doc); err != nil || !failed {
		return err
	}
	return saysFailed(reason)
}

func saysFailed(reason string) error {
	return &refusal{kind: ErrBadResponse, reason: "the answer says that it failed (" + reason + ")", quoted: true}
}

// document validates the body and indexes its members.
func (a answer) document(op operation) (jsonscan.Document, error) {
	fields, err := jsonscan.Parse(make(jsonscan.Fields, 0, 10), a.body)
	if errors.Is(err, jsonscan.ErrTooLarge) && op.readsFirst {
		fields, err = nil, jsonscan.Check(a.body) // the caller's type may have any number of keys
	}
	return jsonscan.Document{Fields: fields, Value: a.body}, unusableJSON(err)
}

// watchedReader ends an attempt if no byte has arrived for a while. net/http has no such timeout.
type watchedReader struct {
	io.Reader
	timer *time.Timer
}

func watch(r io.Reader, stop context.CancelCauseFunc) *watchedReader {
	return &watchedReader{r, time.AfterFunc(defaultStallTimeout, func() { stop(errStalled) })}
}

func (r *watchedReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if n > 0 {
		r.timer.Reset(defaultStallTimeout)
	}
	return n, err
}
