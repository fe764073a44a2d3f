package pipeline

import (
	"context"
	"errors"

	"github.com/codeant-sdk/codeant"
)

// The exit codes of the programs.
const (
	ExitSuccess      = 0 // success, and only then
	ExitFailed       = 1 // a gate failed or is undecided, findings at or above -fail-on, the scan itself failed
	ExitUsage        = 2 // usage or bad input
	ExitUnauthorized = 3 // no token, a malformed one, 401, 403
	ExitUnavailable  = 4 // the service was unavailable or its answer was unusable
	ExitTimeout      = 5 // time ran out
)

// ExitHelp is the part of -h about exit codes.
const ExitHelp = `Exit codes: 0 success; 1 gate failed or undecided, findings, failed scan;
2 usage or bad input; 3 no or refused token; 4 service unavailable or answer
unusable; 5 time ran out
`

// usageError is a mistake on the command line, or a file that cannot be used.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// findingsError says that there are findings at or above -fail-on.
type findingsError string

func (e findingsError) Error() string { return string(e) }

// FindingsError returns an error about findings at or above -fail-on.
func FindingsError(text string) error { return findingsError(text) }

// UsageError returns an error about a mistake on the command line.
func UsageError(text string) error { return usageError{errors.New(text)} }

// ExitCode returns the exit code for an error. If the error is of several kinds, the one to look into first decides:
// the token, then the verdict.
func ExitCode(err error) int {
	var (
		usage    usageError
		findings findingsError
		api      *codeant.APIError
	)
	is := func(kinds ...error) bool {
		for _, kind := range kinds {
			if errors.Is(err, kind) {
				return true
			}
		}
		return false
	}
	waited := is(codeant.ErrWaitTimeout, context.DeadlineExceeded)
	switch {
	case err == nil:
		return ExitSuccess
	case errors.As(err, &usage):
		return ExitUsage
	case is(codeant.ErrMissingToken, codeant.ErrInvalidToken), refused(err):
		return ExitUnauthorized
	case errors.As(err, &findings), is(codeant.ErrGateFailed, codeant.ErrScanFailed), is(codeant.ErrGateUndecided) && !waited:
		return ExitFailed
	case is(codeant.ErrInvalidReport), is(codeant.ErrInvalidRequest) && !errors.As(err, &api):
		return ExitUsage
	case is(codeant.ErrUnavailable, codeant.ErrRateLimited, codeant.ErrBadResponse):
		return ExitUnavailable
	case waited, is(codeant.ErrNotReady):
		return ExitTimeout
	}
	return ExitUnavailable
}

// refused reports whether CodeAnt itself refused the token. A page with 401 or 403 came from a proxy.
func refused(err error) bool {
	for _, e := range answers(err) {
		if (errors.Is(e, codeant.ErrUnauthorized) || errors.Is(e, codeant.ErrForbidden)) && !errors.Is(e, codeant.ErrBadResponse) {
			return true
		}
	}
	return false
}

// answers lists the errors of single calls in a tree of errors, and the error of a wait that ended without one.
func answers(err error) []error {
	switch e := err.(type) {
	case nil:
		return nil
	case *codeant.APIError, *codeant.StorageError:
		return []error{err}
	case interface{ Unwrap() error }:
		if found := answers(e.Unwrap()); len(found) > 0 {
			return found
		}
	case interface{ Unwrap() []error }:
		var found []error
		for _, inner := range e.Unwrap() {
			found = append(found, answers(inner)...)
		}
		if len(found) > 0 {
			return found
		}
	}
	// A bare ErrWaitTimeout only marks the error beside it.
	if err != codeant.ErrWaitTimeout && errors.Is(err, codeant.ErrWaitTimeout) {
		return []error{err}
	}
	return nil
}

// Retryable reports whether the service is unavailable and may be back soon: the one case that -allow-unavailable
// forgives. If several calls failed, this must apply to all of them, and none may have an unknown outcome.
func Retryable(err error) bool {
	for _, kind := range []error{codeant.ErrBadResponse, codeant.ErrRedirect, codeant.ErrUnknownOutcome, context.Canceled} {
		if errors.Is(err, kind) {
			return false
		}
	}
	found := answers(err)
	for _, e := range found {
		if retryable, ok := e.(interface{ Retryable() bool }); !ok || !retryable.Retryable() {
			return false
		}
	}
	return len(found) > 0 && ExitCode(err) == ExitUnavailable
}

// allRetryable reports whether each error is Retryable.
func allRetryable(errs []error) bool {
	for _, err := range errs {
		if !Retryable(err) {
			return false
		}
	}
	return true
}

// statusWord returns the status that -json writes for an error.
func statusWord(err error) string {
	switch ExitCode(err) {
	case ExitSuccess:
		return "success"
	case ExitFailed:
		if errors.Is(err, codeant.ErrGateUndecided) && !errors.Is(err, codeant.ErrGateFailed) {
			return "undecided"
		}
		return "failed"
	case ExitUsage:
		return "usage"
	case ExitUnauthorized:
		return "unauthorized"
	case ExitTimeout:
		return "timeout"
	}
	return "unavailable"
}
