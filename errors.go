package codeant

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/codeant-sdk/codeant/internal/redact"
)

// Use errors.Is with these variables to tell failures apart. Several may match one error.
var (
	// ErrMissingToken: there is no token, neither from an option nor in the environment.
	ErrMissingToken = errors.New("codeant: no API token")
	// ErrInvalidToken: the text is not a CodeAnt token. Reported before anything is sent.
	ErrInvalidToken = errors.New("codeant: not a CodeAnt API token")
	// ErrUnauthorized: 401, the server does not accept the token.
	ErrUnauthorized = errors.New("codeant: unauthorized")
	// ErrTokenRevoked: 401, and the answer says that the token was revoked, which is final.
	ErrTokenRevoked = errors.New("codeant: token revoked")
	// ErrForbidden: 403, the token is valid but does not allow this. CodeAnt also answers 403 when a quota is used up.
	ErrForbidden = errors.New("codeant: forbidden")
	// ErrNotFound: 404 or 410.
	ErrNotFound = errors.New("codeant: not found")
	// ErrConflict: 409.
	ErrConflict = errors.New("codeant: conflict")
	// ErrInvalidRequest: invalid input, found by this package before anything is sent or refused by the server (400, 415, 422).
	ErrInvalidRequest = errors.New("codeant: invalid request")
	// ErrTooLarge: the request is too large for the server (413, 414, 431), or the answer is too large for this client.
	ErrTooLarge = errors.New("codeant: too large")
	// ErrRateLimited: 429.
	ErrRateLimited = errors.New("codeant: rate limited")
	// ErrUnavailable: the last attempt got no answer, or 408 or 5xx.
	ErrUnavailable = errors.New("codeant: service unavailable")
	// ErrRedirect: 301, 302, 303, 307 or 308. Redirects are never followed.
	ErrRedirect = errors.New("codeant: redirect refused")
	// ErrBadResponse: the answer cannot be read or understood, or says that the call failed although its status is 2xx.
	ErrBadResponse = errors.New("codeant: unusable response")
	// ErrUnknownOutcome: the answer was lost, so the request may have been carried out. Check before you repeat it.
	ErrUnknownOutcome = errors.New("codeant: outcome unknown")
	// ErrNotReady: the result is not available yet.
	ErrNotReady = errors.New("codeant: not ready")
	// ErrWaitTimeout: the wait ran out of time.
	ErrWaitTimeout = errors.New("codeant: wait timed out")
	// ErrScanFailed: CodeAnt reported that the scan failed.
	ErrScanFailed = errors.New("codeant: scan failed")
	// ErrGateFailed: a quality gate failed.
	ErrGateFailed = errors.New("codeant: quality gate failed")
	// ErrGateUndecided: the answer says neither that every gate passed nor that one failed.
	ErrGateUndecided = errors.New("codeant: quality gate undecided")
	// ErrStorage: the storage behind the presigned URL did not store the report.
	ErrStorage = errors.New("codeant: storage refused the upload")
	// ErrInvalidReport: the file is not a coverage report that CodeAnt reads.
	ErrInvalidReport = errors.New("codeant: invalid coverage report")
	// ErrUnsupported: the server does not offer this operation.
	ErrUnsupported = errors.New("codeant: not supported by the server")
)

// The longest texts that an error prints; longer ones are cut. RawBody has more.
const (
	maxPrintedMessage = 300
	maxPrintedMarkup  = 200
	maxPrintedValue   = 80
)

// inputError is invalid input from the caller, refused before anything is sent.
type inputError struct {
	field, value, reason, hint string
	kind                       error
}

func invalid(field, value, reason, hint string) error {
	return &inputError{field: field, value: redact.Text(value, maxPrintedValue), reason: reason, hint: hint, kind: ErrInvalidRequest}
}

func (e *inputError) Error() string {
	text := "codeant: " + e.field
	if e.value != "" {
		text += " " + strconv.Quote(e.value)
	}
	text += " " + e.reason
	if e.hint != "" {
		text += "; " + e.hint
	}
	return text
}

func (e *inputError) Unwrap() error { return e.kind }

// validateText refuses control characters, which could forge a line of a log, and invalid UTF-8. No name, branch or
// path has either. An empty text is valid.
func validateText(field, s string) error {
	if !utf8.ValidString(s) {
		return invalid(field, s, "is not valid UTF-8", "encode it as UTF-8")
	}
	if strings.ContainsFunc(s, unicode.IsControl) {
		return invalid(field, s, "contains a control character", "remove line breaks and other invisible characters")
	}
	return nil
}

// pathReason returns the text of err without the path of an fs.PathError, for messages that already name it.
func pathReason(err error) string {
	var pathErr *os.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err.Error()
	}
	return err.Error()
}

// joined holds several errors and prints them on one line, for logs that are read line by line.
type joined []error

func join(errs ...error) error {
	var kept joined
	for _, err := range errs {
		if err != nil {
			kept = append(kept, err)
		}
	}
	switch len(kept) {
	case 0:
		return nil
	case 1:
		return kept[0]
	}
	return kept
}

func (j joined) Error() string {
	texts := make([]string, len(j))
	for i, err := range j {
		texts[i] = err.Error()
		if i > 0 {
			texts[i] = strings.TrimPrefix(texts[i], "codeant: ")
		}
	}
	return strings.Join(texts, "; ")
}

func (j joined) Unwrap() []error { return j }

// APIError describes a failed call. Use errors.Is with the Err… variables to tell failures apart. No printed form shows a
// token, a request body or the query of a URL.
type APIError struct {
	Op         string        // the operation, such as "scans.start"
	Method     string        // the HTTP method
	Path       string        // the path below the base URL, without its query
	StatusCode int           // the last HTTP status; 0 if there was no answer
	Code       string        // the server's code for the error, if it gave one
	Message    string        // the server's message, with tokens masked
	RequestID  string        // the server's ID of the request, to quote to CodeAnt support
	RetryAfter time.Duration // how long the server asks to wait; 0 if it does not say
	Attempts   int           // how many times the request was sent

	hidden *apiErrorDetails // behind a pointer, so that no verb of package fmt prints it
}

type apiErrorDetails struct {
	host   string
	body   []byte
	reason string  // why an answer with a 2xx status cannot be used, or why there was no answer
	kinds  []error // in addition to those that follow from the status
	cause  error
	advice string // replaces the advice that follows from the kind

	transient bool // gate 1 of the retries: the failure may go away
}

func (e *APIError) details() *apiErrorDetails {
	if e == nil || e.hidden == nil {
		return &apiErrorDetails{}
	}
	return e.hidden
}

// RawBody returns the first 64 KiB of the answer's body, unmodified. It is never printed, because it may hold secrets.
func (e *APIError) RawBody() []byte { return e.details().body }

// Retryable reports whether the same call may succeed later and can safely be repeated: the network failed, or the
// answer was 408, 429, 500, 502, 503 or 504, and the error does not match ErrUnknownOutcome.
func (e *APIError) Retryable() bool {
	d := e.details()
	return d.transient && !slices.Contains(d.kinds, ErrUnknownOutcome)
}

// Unwrap returns the Err… variables that the error matches and the underlying error, if any, so that errors.Is also
// finds errors such as context.Canceled and errors.As finds an x509 error.
func (e *APIError) Unwrap() []error {
	if e == nil {
		return nil
	}
	d := e.details()
	errs := append(statusKinds(e.StatusCode), d.kinds...)
	if d.cause != nil {
		errs = append(errs, d.cause)
	}
	return errs
}

// Error returns one line: what failed, where, after how many attempts, and what to do.
func (e *APIError) Error() string {
	if e == nil {
		return "codeant: no error"
	}
	d := e.details()
	var b strings.Builder
	b.WriteString("codeant: ")
	if e.Op != "" {
		b.WriteString(e.Op + ": ")
	}
	var parts []string
	if e.StatusCode != 0 {
		parts = append(parts, strings.TrimSpace(strconv.Itoa(e.StatusCode)+" "+http.StatusText(e.StatusCode)))
	}
	for _, text := range []string{d.reason, e.Message} {
		if text != "" {
			parts = append(parts, redact.Text(text, maxPrintedMessage))
		}
	}
	if len(parts) == 0 {
		parts = append(parts, "failed")
	}
	b.WriteString(strings.Join(parts, ": "))
	b.WriteString(" (" + e.where() + ")")
	if advice := e.advice(); advice != "" {
		b.WriteString("; " + advice)
	}
	return b.String()
}

func (e *APIError) where() string {
	var parts []string
	if e.Method != "" || e.Path != "" {
		parts = append(parts, strings.TrimSpace(e.Method+" "+e.Path))
	}
	if host := e.details().host; host != "" {
		parts = append(parts, "host "+host)
	}
	switch e.Attempts {
	case 0:
		parts = append(parts, "not sent")
	case 1:
		parts = append(parts, "1 attempt")
	default:
		parts = append(parts, strconv.Itoa(e.Attempts)+" attempts")
	}
	if e.RequestID != "" {
		parts = append(parts, "request id "+redact.Text(e.RequestID, maxPrintedValue))
	}
	return strings.Join(parts, ", ")
}

const createToken = "create a new one in CodeAnt under Settings -> API tokens and put it where this program reads it (" + TokenEnv + ")"

func (e *APIError) advice() string {
	if advice := e.details().advice; advice != "" {
		return advice
	}
	is := func(kind error) bool { return errors.Is(e, kind) }
	switch {
	case is(ErrTokenRevoked):
		return "revocation is final: " + createToken
	case is(ErrUnauthorized):
		return "check that the token is whole and belongs to this organization, or " + createToken
	case is(ErrUnknownOutcome):
		return "the server may have carried it out: check before you repeat it"
	case is(context.Canceled), is(context.DeadlineExceeded) && e.StatusCode == 0:
		return ""
	case is(ErrForbidden):
		return "the token has no access to this repository or organization, a quota is used up, or the token is no longer valid"
	case e.StatusCode == http.StatusProxyAuthRequired:
		return "the proxy of this network requires a login: see HTTPS_PROXY and NO_PROXY"
	case is(ErrUnsupported):
		return "this server does not offer the operation"
	case is(ErrNotFound):
		return "check the repository, the commit and the base URL"
	case is(ErrRedirect):
		return "redirects are not followed, because they could send the token to another host: check the base URL"
	case is(ErrRateLimited), is(ErrUnavailable):
		return e.adviceToWait()
	case is(ErrBadResponse):
		return "check the base URL, and that no proxy or login page answers in CodeAnt's place"
	case is(ErrInvalidRequest):
		return "check the values of the request"
	}
	return ""
}

func (e *APIError) adviceToWait() string {
	switch {
	case e.RetryAfter > 0:
		return "try again in " + e.RetryAfter.String()
	case e.StatusCode == 0:
		return "check the network, the proxy and the base URL"
	}
	return "try again later"
}

// Format prints the text of Error for every verb except %#v, which prints the fields.
func (e *APIError) Format(f fmt.State, verb rune) { formatError(f, verb, e) }

// formatError prints an error of this package. Without it, package fmt would print the fields for some verbs.
func formatError(f fmt.State, verb rune, err interface {
	error
	fmt.GoStringer
},
) {
	switch {
	case verb == 'v' && f.Flag('#'):
		io.WriteString(f, err.GoString())
	case verb == 'q':
		fmt.Fprintf(f, "%q", err.Error())
	default:
		io.WriteString(f, err.Error())
	}
}

// LogValue returns the text of Error and the fields as a group, for package log/slog.
func (e *APIError) LogValue() slog.Value {
	if e == nil {
		return slog.StringValue(e.Error())
	}
	return slog.GroupValue(
		slog.String("error", e.Error()), slog.String("op", e.Op), slog.String("method", e.Method), slog.String("path", e.Path),
		slog.Int("status", e.StatusCode), slog.String("request_id", e.RequestID), slog.Int("attempts", e.Attempts),
	)
}

// GoString returns the fields in Go syntax, without the answer's body.
func (e *APIError) GoString() string {
	if e == nil {
		return "(*codeant.APIError)(nil)"
	}
	return fmt.Sprintf("&codeant.APIError{Op:%q, Method:%q, Path:%q, StatusCode:%d, Code:%q, Message:%q, RequestID:%q, "+
		"RetryAfter:%d, Attempts:%d}", e.Op, e.Method, e.Path, e.StatusCode, e.Code,
		redact.Text(e.Message, maxPrintedMessage), e.RequestID, e.RetryAfter, e.Attempts)
}

// statusKinds returns the Err… variables that follow from an HTTP status alone.
func statusKinds(status int) []error {
	switch status {
	case 0:
		return nil
	case http.StatusUnauthorized:
		return []error{ErrUnauthorized}
	case http.StatusForbidden:
		return []error{ErrForbidden}
	case http.StatusNotFound, http.StatusGone:
		return []error{ErrNotFound}
	case http.StatusConflict:
		return []error{ErrConflict}
	case http.StatusRequestEntityTooLarge, http.StatusRequestURITooLong, http.StatusRequestHeaderFieldsTooLarge:
		return []error{ErrTooLarge}
	case http.StatusTooManyRequests:
		return []error{ErrRateLimited}
	case http.StatusRequestTimeout, http.StatusProxyAuthRequired:
		return []error{ErrUnavailable}
	case http.StatusNotImplemented:
		return []error{ErrUnsupported, ErrUnavailable}
	case http.StatusMethodNotAllowed:
		return []error{ErrUnsupported}
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return []error{ErrRedirect}
	}
	switch {
	case status >= 200 && status < 300:
		return nil
	case status >= 400 && status < 500:
		return []error{ErrInvalidRequest}
	case status >= 500 && status < 600:
		return []error{ErrUnavailable}
	}
	return []error{ErrBadResponse}
}
