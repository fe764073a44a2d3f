package storage

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/codeant-sdk/codeant/internal/redact"
	"github.com/codeant-sdk/codeant/internal/retryafter"
)

// The longest texts of a Refusal, in characters.
const (
	maxWord    = 80
	maxMessage = 200
)

// Refusal is an answer that does not confirm that the report was stored. Its texts are safe to print: they contain no
// secrets, control characters or angle brackets.
type Refusal struct {
	StatusCode int
	Code       string // the storage's error code, such as "AccessDenied"
	Message    string // the storage's message
	Reason     string // why an answer with a 2xx status does not count
	Page       bool   // the answer is a web page, which no storage sends
	RequestID  string
	RetryAfter time.Duration
	Location   string // the host of a redirect

	expired bool
}

// Error returns the status, the code and the reason.
func (r *Refusal) Error() string {
	text := fmt.Sprintf("the storage answered %d", r.StatusCode)
	for _, part := range []string{r.Code, r.Reason} {
		if part != "" {
			text += ": " + part
		}
	}
	return text
}

// Expired reports whether another presigned URL would help.
func (r *Refusal) Expired() bool {
	switch r.Code {
	case "ExpiredToken", "TokenRefreshRequired", "ExpiredRequest":
		return true
	case "AccessDenied", "AuthenticationFailed":
		return r.expired
	}
	return false
}

// Transient reports whether the same request may succeed a little later.
func (r *Refusal) Transient() bool {
	switch r.StatusCode {
	case http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusBadGateway,
		http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return r.StatusCode == http.StatusBadRequest && r.Code == "RequestTimeout"
}

// answer is the storage's answer.
type answer struct {
	res    *http.Response
	target *url.URL // the answer may contain its signature
	content
}

func (a *answer) read() error {
	body, err := io.ReadAll(io.LimitReader(a.res.Body, maxAnswer+1))
	whole := err == nil && len(body) <= maxAnswer
	a.content = parse(a.res.Header.Get("Content-Type"), body[:min(len(body), maxAnswer)], whole)
	if code := a.header("X-Ms-Error-Code", "X-Amz-Error-Code", "X-Minio-Error-Code"); code != "" {
		if a.code == "" || a.code == anonymous {
			a.code = code
		}
		a.complaint = saysError
	}
	return err
}

// header returns the value of the first of the named headers that is present.
func (a *answer) header(names ...string) string {
	for _, name := range names {
		if value := a.res.Header.Get(name); value != "" {
			return value
		}
	}
	return ""
}

// stored reports whether the status means that the report was stored. 202 only promises it, and 206 does not apply to PUT.
func (a *answer) stored() bool {
	switch a.res.StatusCode {
	case http.StatusOK, http.StatusCreated, http.StatusNoContent:
		return true
	}
	return false
}

func (a *answer) refusal(reason string) *Refusal {
	status := a.res.StatusCode
	if reason == "" && status/100 == 2 {
		reason = "this status does not mean that the report is stored"
	}
	id := a.header("X-Amz-Request-Id", "X-Ms-Request-Id", "X-Goog-Request-Id", "X-Guploader-Uploadid", "X-Request-Id")
	if id == "" {
		id = a.requestID
	}
	r := &Refusal{
		StatusCode: status,
		Code:       a.clean(a.code, maxWord),
		Message:    a.clean(a.message, maxMessage),
		Reason:     reason,
		Page:       a.complaint == isPage,
		RequestID:  a.clean(id, maxWord),
		expired:    strings.Contains(strings.ToLower(a.message), "expired") || strings.Contains(a.message, "time frame"),
	}
	r.RetryAfter, _ = retryafter.Parse(a.res.Header, time.Now())
	if u, err := url.Parse(a.res.Header.Get("Location")); err == nil {
		r.Location = a.clean(u.Host, maxWord)
	}
	return r
}

// clean makes a text of the storage safe to print. A storage may quote the request, including its signature.
func (a *answer) clean(s string, limit int) string {
	for _, values := range a.target.Query() {
		for _, value := range values {
			if len(value) >= 16 {
				s = strings.ReplaceAll(s, value, "…")
				s = strings.ReplaceAll(s, url.QueryEscape(value), "…")
			}
		}
	}
	return PlainText(s, limit)
}

// PlainText returns a form of s that is safe to print. It has no angle brackets, so that a proxy's page is not markup in the
// output.
func PlainText(s string, limit int) string {
	s = strings.Map(func(r rune) rune {
		if r == '<' || r == '>' {
			return ' '
		}
		return r
	}, s)
	return redact.Text(s, limit)
}
