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

// refusal is a decoder's answer to a body that it does not take.
type refusal struct {
	kind   error
	reason string
	quoted bool // the answer says itself that it failed, so that its message may be printed
}

func (r *refusal) Error() string { return r.reason }
func (r *refusal) Unwrap() error { return r.kind }

// unusable says why an answer cannot be taken for what it should be.
func unusable(format string, args ...any) error {
	return &refusal{kind: ErrBadResponse, reason: "the answer cannot be used: " + fmt.Sprintf(format, args...)}
}

// tooLarge says which bound an answer breaks.
func tooLarge(format string, args ...any) error {
	return &refusal{kind: ErrTooLarge, reason: "the answer is too large: " + fmt.Sprintf(format, args...)}
}

var errEmpty = unusable("it is empty")

func noResultYet() error { return &refusal{kind: ErrNotReady, reason: "there is no result yet"} }

// answer is a response whose body has been read whole.
type answer struct {
	status int
	header http.Header
	raw    []byte // the body as it came
	body   []byte // without a byte order mark and the white space around it
}

// readAnswer reads the body within its bounds; one that is read to its end leaves the connection fit for the next
// request. stop ends the attempt when the body stands still.
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

// trustedLength is how much memory a server's mere word that so much will come is worth.
const trustedLength = 1 << 20

// readBody reads at most limit bytes and reports whether that was all. It never holds a body twice that breaks off or is
// over the limit; of such a one it returns the beginning.
func readBody(r io.Reader, length, limit int64) (body []byte, whole bool, err error) {
	first := int64(512)
	if length >= 0 {
		first = min(length, limit, trustedLength) + 1 // one byte more, to see the end
	}
	part := make([]byte, 0, first)
	var parts [][]byte // those that are full
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

func (a answer) good() bool { return a.status >= 200 && a.status <= 299 }

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
	reason := "not CodeAnt's JSON but a page, as from a proxy"
	if t := a.contentType(); t != "" {
		reason += " (" + redact.Text(t, maxPrintedValue) + ")"
	}
	return reason
}

// redirectHost names where a redirect leads, without path and query.
func (a answer) redirectHost() string {
	u, err := url.Parse(a.header.Get("Location"))
	if err != nil || u.Host == "" {
		return ""
	}
	return " to " + u.Host
}

// decode hands the body of a 2xx to a decoder, if it is CodeAnt's own JSON and does not say that it failed. An empty body
// passes: whether one is due is for the decoder to say.
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

// document checks the body and indexes its members.
func (a answer) document(op operation) (jsonscan.Document, error) {
	fields, err := jsonscan.Parse(make(jsonscan.Fields, 0, 10), a.body)
	if errors.Is(err, jsonscan.ErrTooLarge) && op.readsFirst {
		fields, err = nil, jsonscan.Check(a.body) // the caller's own type takes as many keys as there are
	}
	return jsonscan.Document{Fields: fields, Value: a.body}, unusableJSON(err)
}

// watchedReader ends an attempt when no byte has moved for a while, which no deadline of net/http does.
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
