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
	ExitUnauthorized = 3 // no token, a foreign one, 401, 403
	ExitUnavailable  = 4 // the service was unavailable or answered unusably
	ExitTimeout      = 5 // time ran out
)

// ExitHelp is the part of -h about them.
const ExitHelp = `Exit codes: 0 success   1 gate failed or undecided, findings, failed scan   2 usage or bad input
            3 no or refused token   4 service unavailable or answer unusable   5 time ran out
`

// usageError is a mistake on the command line.
type usageError string

func (e usageError) Error() string { return string(e) }

// findingsError says that there are findings at or above -fail-on.
type findingsError string

func (e findingsError) Error() string { return string(e) }

// FindingsError makes an error of findings that are not to be accepted.
func FindingsError(text string) error { return findingsError(text) }

// UsageError makes an error of a mistake on the command line.
func UsageError(text string) error { return usageError(text) }

// ExitCode tells the exit code of an error. Of an error that is several things, what a person has to look into first
// counts: the token, then the verdict.
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
	case is(codeant.ErrMissingToken, codeant.ErrInvalidToken, codeant.ErrUnauthorized, codeant.ErrForbidden):
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

// Retryable reports whether an unavailable service may well be back a little later: the one case that -allow-unavailable
// forgives.
func Retryable(err error) bool {
	var (
		api     *codeant.APIError
		storage *codeant.StorageError
	)
	switch {
	case ExitCode(err) != ExitUnavailable, errors.Is(err, codeant.ErrBadResponse), errors.Is(err, codeant.ErrRedirect):
		return false
	case errors.As(err, &storage):
		return storage.Retryable()
	case errors.As(err, &api):
		return api.Retryable()
	}
	return false
}

// statusWord is the status of an error in the object of -json.
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
