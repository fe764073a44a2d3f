package codeant

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/codeant-sdk/codeant/internal/redact"
	"github.com/codeant-sdk/codeant/internal/storage"
)

// StorageError is an upload that the storage behind a presigned URL did not take. It is ErrStorage; where no answer came
// (StatusCode 0) or the storage was overloaded, also ErrUnavailable; a redirect is also ErrRedirect. It never holds the
// URL's query.
type StorageError struct {
	StatusCode int    // the last HTTP status, 0 where no answer came
	Code       string // the storage's own code, such as "AccessDenied"
	RequestID  string
	Host       string // of the storage, for an allow-list
	Attempts   int    // how often the report was sent

	hidden *storageErrorDetails // behind a pointer, as in APIError
}

type storageErrorDetails struct {
	reason string
	kinds  []error
	cause  error

	transient bool
}

func (e *StorageError) details() *storageErrorDetails {
	if e == nil || e.hidden == nil {
		return &storageErrorDetails{}
	}
	return e.hidden
}

// Retryable reports whether the same upload may well succeed a little later: the network failed or the storage was
// overloaded.
func (e *StorageError) Retryable() bool { return e.details().transient }

// Unwrap returns the kinds of the error and what failed underneath.
func (e *StorageError) Unwrap() []error {
	errs := append([]error{ErrStorage}, e.details().kinds...)
	if cause := e.details().cause; cause != nil {
		errs = append(errs, cause)
	}
	return errs
}

// Error tells what failed, where, how often it was tried and what to do, on one line.
func (e *StorageError) Error() string {
	if e == nil {
		return "codeant: no error"
	}
	var parts []string
	if e.StatusCode != 0 {
		parts = append(parts, strings.TrimSpace(strconv.Itoa(e.StatusCode)+" "+http.StatusText(e.StatusCode)))
	}
	for _, text := range []string{e.Code, e.details().reason} {
		if text != "" {
			parts = append(parts, text)
		}
	}
	where := "host " + e.Host + ", 1 attempt"
	if e.Attempts != 1 {
		where = fmt.Sprintf("host %s, %d attempts", e.Host, e.Attempts)
	}
	if e.RequestID != "" {
		where += ", request id " + e.RequestID
	}
	return "codeant: " + opCoveragePut + ": the report was not stored: " + strings.Join(parts, ": ") + " (" + where + ")" + e.advice()
}

func (e *StorageError) advice() string {
	switch {
	case errors.Is(e, ErrRedirect):
		return "; redirects are not followed, because they would carry the signed URL elsewhere: this is for CodeAnt to mend"
	case e.Code == "SignatureDoesNotMatch", e.Code == "BadDigest":
		return "; the signature of the upload URL does not fit the request: this is for CodeAnt to mend"
	case e.StatusCode == 0 && errors.Is(e, ErrUnavailable):
		return "; check that this network lets you reach the storage host, which is another one than the API's"
	case errors.Is(e, ErrUnavailable), errors.Is(e, ErrRateLimited):
		return "; try again later"
	}
	return ""
}

// Format prints the text of Error for every verb but %#v, which shows the fields.
func (e *StorageError) Format(f fmt.State, verb rune) {
	switch {
	case verb == 'v' && f.Flag('#'):
		io.WriteString(f, e.GoString())
	case verb == 'q':
		fmt.Fprintf(f, "%q", e.Error())
	default:
		io.WriteString(f, e.Error())
	}
}

// GoString shows the fields.
func (e *StorageError) GoString() string {
	if e == nil {
		return "(*codeant.StorageError)(nil)"
	}
	return fmt.Sprintf("&codeant.StorageError{StatusCode:%d, Code:%q, RequestID:%q, Host:%q, Attempts:%d}", e.StatusCode, e.Code, e.RequestID, e.Host, e.Attempts)
}

// refused is the error of a storage that answered.
func (p *coveragePut) refused(r *storage.Refusal) *StorageError {
	e := &StorageError{
		StatusCode: r.StatusCode,
		Code:       redact.Text(r.Code, maxPrintedValue),
		RequestID:  redact.Text(r.RequestID, maxPrintedValue),
		Host:       p.url.host(),
		Attempts:   p.sent,
		hidden:     &storageErrorDetails{reason: redact.Text(r.Message, maxPrintedMarkup), cause: r, transient: r.Transient()},
	}
	d := e.hidden
	switch {
	case r.StatusCode == http.StatusTooManyRequests:
		d.kinds = []error{ErrRateLimited}
	case r.Transient():
		d.kinds = []error{ErrUnavailable}
	case r.StatusCode == http.StatusRequestEntityTooLarge, r.Code == "EntityTooLarge":
		d.kinds = []error{ErrTooLarge}
	default:
		for _, kind := range statusKinds(r.StatusCode) {
			if kind == ErrRedirect {
				d.kinds = []error{ErrRedirect}
			}
		}
	}
	if errors.Is(e, ErrRedirect) && r.Location != "" {
		d.reason = "a redirect to " + redact.Text(r.Location, maxPrintedValue)
	}
	if r.Expired() {
		d.reason = strings.TrimPrefix(d.reason+"; the upload URL expired, also the second one", "; ")
	}
	return e
}

// failed is the error of an upload to which no answer came.
func (p *coveragePut) failed(b broken, cause error) *StorageError {
	kinds := []error{ErrUnavailable}
	if b.kind != nil && b.kind != ErrUnavailable {
		kinds = []error{b.kind, ErrUnavailable}
	}
	return &StorageError{Host: p.url.host(), Attempts: p.sent, hidden: &storageErrorDetails{reason: b.reason, kinds: kinds, cause: cause, transient: b.transient}}
}
