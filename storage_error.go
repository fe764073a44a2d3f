package codeant

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
)

// StorageError describes an upload that the storage behind a presigned URL did not store. It matches ErrStorage. If there was
// no answer (StatusCode 0) or the storage was overloaded, it also matches ErrUnavailable; a redirect also matches
// ErrRedirect. It never contains the URL's query.
type StorageError struct {
	StatusCode int    // the last HTTP status; 0 if there was no answer
	Code       string // the storage's error code, such as "AccessDenied"
	RequestID  string // the storage's ID of the request
	Host       string // the storage's host, for an allow-list
	Attempts   int    // how many times the report was sent

	hidden *storageErrorDetails // behind a pointer, as in APIError
}

type storageErrorDetails struct {
	reason string // the storage's message, or why there was no answer
	kinds  []error
	cause  error

	transient bool
	expired   bool // the URL and its replacement expired
	page      bool // the answer is a web page
}

// add appends a sentence to the reason.
func (d *storageErrorDetails) add(text string) {
	if d.reason != "" && text != "" {
		d.reason += "; "
	}
	d.reason += text
}

func (e *StorageError) details() *storageErrorDetails {
	if e == nil || e.hidden == nil {
		return &storageErrorDetails{}
	}
	return e.hidden
}

// Retryable reports whether the same upload may succeed later: the network failed or the storage was overloaded.
func (e *StorageError) Retryable() bool { return e.details().transient }

// Unwrap returns the Err… variables that the error matches and the underlying error, if any.
func (e *StorageError) Unwrap() []error {
	errs := append([]error{ErrStorage}, e.details().kinds...)
	if cause := e.details().cause; cause != nil {
		errs = append(errs, cause)
	}
	return errs
}

// Error returns one line: what failed, where, after how many attempts, and what to do.
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

const reportIt = ": report it to CodeAnt support"

func (e *StorageError) advice() string {
	if advice := e.whatToDo(); advice != "" {
		return "; " + advice
	}
	return ""
}

func (e *StorageError) whatToDo() string {
	is := func(kind error) bool { return errors.Is(e, kind) }
	switch {
	case is(context.Canceled), is(context.DeadlineExceeded):
		return ""
	case is(ErrRedirect):
		return "redirects are not followed, because they could send the signed URL to another host" + reportIt
	case e.StatusCode == 0 && is(ErrUnavailable):
		return "check that this network allows connections to the storage host, which is not the API's host"
	case e.StatusCode == http.StatusProxyAuthRequired:
		return "the proxy of this network requires a login: see HTTPS_PROXY and NO_PROXY"
	case is(ErrUnavailable), is(ErrRateLimited):
		return "try again later"
	case e.details().page:
		return "check that no proxy or login page answers in the storage's place, and that this network allows connections to its host"
	case is(ErrTooLarge):
		return "the storage does not accept a report of this size: split it by module, or exclude generated code"
	case e.details().expired:
		return "the URL expires before the transfer ends, or the clock of the machine that signed it is wrong" + reportIt
	}
	if advice := e.adviceByCode(); advice != "" {
		return advice
	}
	switch {
	case e.StatusCode == http.StatusInsufficientStorage:
		return "the storage is full" + reportIt
	case e.StatusCode == http.StatusForbidden:
		return "a firewall of this network may block it: allow the storage host; if it is allowed, report it to CodeAnt support"
	case e.StatusCode >= 200 && e.StatusCode <= 299 && e.Code != "":
		return "try again; if that does not help, report it to CodeAnt support"
	case e.StatusCode >= 200 && e.StatusCode <= 299:
		return "something may answer in the storage's place: check the proxy of this network"
	}
	return ""
}

// adviceByCode returns the advice for error codes of S3 and Azure that an upload can meet.
func (e *StorageError) adviceByCode() string {
	switch e.Code {
	case "SignatureDoesNotMatch", "BadDigest", "InvalidDigest", "Md5Mismatch", "XAmzContentSHA256Mismatch", "AuthenticationFailed":
		return "the signature of the upload URL does not match the request" + reportIt
	case "NoSuchBucket", "ContainerNotFound", "ResourceNotFound":
		return "the upload URL names a bucket or container that does not exist" + reportIt
	case "InvalidAccessKeyId", "InvalidToken":
		return "the upload URL was signed with a key that the storage does not know" + reportIt
	case "AccessDenied", "AccessForbidden", "AuthorizationFailure", "AuthorizationPermissionMismatch", "AllAccessDisabled":
		return "the upload URL does not permit storing the report" + reportIt
	case "InsufficientStorage", "StorageFull", "XMinioStorageFull", "QuotaExceeded":
		return "the storage is full" + reportIt
	}
	return ""
}

// LogValue returns the text of Error and the fields as a group, for package log/slog.
func (e *StorageError) LogValue() slog.Value {
	if e == nil {
		return slog.StringValue(e.Error())
	}
	return slog.GroupValue(
		slog.String("error", e.Error()),
		slog.String("op", opCoveragePut),
		slog.Int("status", e.StatusCode),
		slog.String("code", e.Code),
		slog.String("request_id", e.RequestID),
		slog.String("host", e.Host),
		slog.Int("attempts", e.Attempts),
	)
}

// Format prints the text of Error for every verb except %#v, which prints the fields.
func (e *StorageError) Format(f fmt.State, verb rune) { formatError(f, verb, e) }

// GoString returns the fields in Go syntax.
func (e *StorageError) GoString() string {
	if e == nil {
		return "(*codeant.StorageError)(nil)"
	}
	return fmt.Sprintf("&codeant.StorageError{StatusCode:%d, Code:%q, RequestID:%q, Host:%q, Attempts:%d}",
		e.StatusCode, e.Code, e.RequestID, e.Host, e.Attempts)
}
