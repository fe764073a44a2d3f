package codeant

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"

	"github.com/codeant-sdk/codeant/internal/redact"
)

// The reasons for which this package ends an attempt.
var (
	errAttemptTimeout = errors.New("no complete answer within the attempt's time limit")
	errStalled        = errors.New("the connection stalled: no data arrived")
	errRepeated       = errors.New("the connection broke after the request was sent")
)

// proxyError is the answer of a proxy that refused a CONNECT request.
type proxyError struct {
	host   string
	status int
}

func (e *proxyError) Error() string {
	return fmt.Sprintf("the proxy %s answered %d %s", e.host, e.status, http.StatusText(e.status))
}

// broken describes why there was no usable answer.
type broken struct {
	kind      error
	reason    string
	transient bool // the failure may go away
	unsent    bool // the server certainly received no part of the request
	advice    string
}

// classify returns the cause of an error of a RoundTripper or of reading a body. It decides gate 1 of the retries.
func classify(err error, secrets ...string) broken {
	var (
		dns     *net.DNSError
		op      *net.OpError
		proxy   *proxyError
		netErr  net.Error
		unknown x509.UnknownAuthorityError
		host    x509.HostnameError
		cert    x509.CertificateInvalidError
		verify  *tls.CertificateVerificationError
		record  tls.RecordHeaderError
	)
	text := redact.Text(plainReason(innermost(err).Error()), maxPrintedMessage, secrets...)
	switch {
	case errors.As(err, &proxy):
		passing := proxy.status >= 500 || proxy.status == http.StatusTooManyRequests || proxy.status == http.StatusRequestTimeout
		return broken{kind: ErrUnavailable, reason: proxy.Error(), transient: passing, unsent: true}
	case text == http.StatusText(http.StatusProxyAuthRequired):
		return broken{kind: ErrUnavailable, reason: "the proxy requires a login (407)", unsent: true}
	case errors.As(err, &dns) && dns.IsNotFound:
		return broken{kind: ErrUnavailable, reason: "host not found: " + text, unsent: true}
	case errors.As(err, &dns):
		return broken{kind: ErrUnavailable, reason: "the host name could not be looked up: " + text, transient: true, unsent: true}
	case errors.As(err, &unknown):
		return broken{kind: ErrUnavailable, reason: "no secure connection: " + text, advice: trustAuthority, unsent: true}
	case errors.As(err, &verify), errors.As(err, &host), errors.As(err, &cert), errors.As(err, &record):
		return broken{kind: ErrUnavailable, reason: "no secure connection: " + text, unsent: true}
	case errors.As(err, &op) && op.Op == "remote error": // a TLS alert, which may also come after the request
		return broken{kind: ErrUnavailable, reason: "no secure connection: " + text}
	case errors.As(err, &op) && (op.Op == "dial" || op.Op == "proxyconnect" || op.Op == "socks connect"):
		return broken{kind: ErrUnavailable, reason: "no connection: " + text, transient: true, unsent: true}
	case errors.Is(err, syscall.ECONNREFUSED):
		return broken{kind: ErrUnavailable, reason: "no connection: " + text, transient: true, unsent: true}
	case errors.Is(err, errAttemptTimeout), errors.Is(err, errStalled), errors.Is(err, errRepeated):
		return broken{kind: ErrUnavailable, reason: text, transient: true}
	case strings.Contains(text, "server response headers exceeded"):
		return broken{kind: ErrTooLarge, reason: "its header exceeds this client's limit"}
	case strings.Contains(text, "failed to parse Location header"):
		return broken{kind: ErrRedirect, reason: "a redirect to an unreadable address"}
	case strings.Contains(text, "malformed"),
		strings.Contains(text, "multiple Content-Length"), strings.Contains(text, "bad Content-Length"),
		strings.Contains(text, "too many transfer encodings"), strings.Contains(text, "unsupported transfer encoding"),
		strings.Contains(text, "invalid header"):
		return broken{kind: ErrBadResponse, reason: "it is not valid HTTP: " + text}
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE),
		errors.Is(err, syscall.ECONNABORTED), errors.Is(err, syscall.ETIMEDOUT), errors.Is(err, io.ErrClosedPipe), errors.Is(err, net.ErrClosed),
		strings.Contains(text, "server closed idle connection"), strings.Contains(text, "connection broken"),
		strings.Contains(text, "client connection lost"), strings.Contains(text, "GOAWAY"), strings.Contains(text, "stream error"), isUnsent(err):
		return broken{kind: ErrUnavailable, reason: "the connection broke: " + text, transient: true}
	case errors.As(err, &netErr) && netErr.Timeout():
		return broken{kind: ErrUnavailable, reason: "no answer in time: " + text, transient: true}
	}
	return broken{kind: ErrUnavailable, reason: text}
}

const trustAuthority = "trust the certificate's authority: add it to this system's, name its file in SSL_CERT_FILE, " +
	"or use WithHTTPClient with a changed DefaultTransport"

// innermost removes the URL from an error of net/http, because its query may be a secret.
func innermost(err error) error {
	for {
		var withURL *url.Error
		if !errors.As(err, &withURL) || withURL.Err == nil {
			return err
		}
		err = withURL.Err
	}
}

// plainReason removes the implementation details from the text of an error of net/http.
func plainReason(text string) string {
	text = strings.ReplaceAll(text, "use of closed network connection", "the connection was closed")
	// "http2: Transport: cannot retry err [the reason] after Request.Body was written; define Request.GetBody …"
	if _, rest, found := strings.Cut(text, "cannot retry err ["); found {
		if reason, _, found := strings.Cut(rest, "] after Request.Body was written"); found {
			return reason
		}
	}
	if strings.Contains(text, "cannot rewind body after connection loss") {
		return "the connection was lost"
	}
	return text
}

// cause wraps an underlying error. Its text is printed without anything that may be secret, and errors.As finds the error
// only if there was nothing to hide. errors.Is finds context.DeadlineExceeded only if the caller's own context ended,
// because package net reports its own timeouts the same way.
type cause struct {
	text     string
	hidden   bool
	deadline bool         // the caller's context ended
	err      func() error // a func, so that no verb of package fmt looks inside
}

func newCause(caller context.Context, err error, secrets ...string) error {
	err = innermost(err)
	raw := err.Error()
	text := redact.Text(raw, maxPrintedMessage, secrets...)
	return &cause{
		text: strings.TrimPrefix(text, "codeant: "), hidden: text != raw, deadline: caller.Err() != nil,
		err: func() error { return err },
	}
}

func (c *cause) Error() string { return c.text }

func (c *cause) Is(target error) bool {
	if target == context.DeadlineExceeded && !c.deadline {
		return false
	}
	return errors.Is(c.err(), target)
}

func (c *cause) As(target any) bool { return !c.hidden && errors.As(c.err(), target) }

// attemptError returns why an attempt ended: the caller's context, this package's own reason, which net/http reports as
// "context canceled", or err.
func attemptError(caller, attempt context.Context, err error) error {
	if caller.Err() != nil {
		return contextError(caller)
	}
	switch reason := context.Cause(attempt); reason {
	case errAttemptTimeout, errStalled, errRepeated:
		return reason
	}
	return err
}
