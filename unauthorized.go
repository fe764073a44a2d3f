package codeant

import "fmt"

// UnauthorizedError is a 401: the server does not accept the token. It matches ErrUnauthorized.
type UnauthorizedError struct{ *APIError }

// Error returns the text of the embedded APIError.
func (e *UnauthorizedError) Error() string { return e.api().Error() }

// Unwrap returns the embedded *APIError.
func (e *UnauthorizedError) Unwrap() error { return e.api() }

// Is reports whether target is ErrUnauthorized.
func (e *UnauthorizedError) Is(target error) bool { return target == ErrUnauthorized }

// Format prints the error as APIError.Format does.
func (e *UnauthorizedError) Format(f fmt.State, verb rune) { formatError(f, verb, e.api()) }

func (e *UnauthorizedError) api() *APIError {
	if e == nil {
		return nil
	}
	return e.APIError
}

// TokenRevokedError is a 401 whose message says that the token was revoked. It matches ErrTokenRevoked and
// ErrUnauthorized, and errors.As also finds an *UnauthorizedError in it.
type TokenRevokedError struct {
	*APIError
	Last4 string // the last four characters of the token
}

// Error returns the text of the embedded APIError.
func (e *TokenRevokedError) Error() string { return e.api().Error() }

// Unwrap returns the embedded *APIError.
func (e *TokenRevokedError) Unwrap() error { return e.api() }

// Is reports whether target is ErrTokenRevoked or ErrUnauthorized.
func (e *TokenRevokedError) Is(target error) bool {
	return target == ErrTokenRevoked || target == ErrUnauthorized
}

// As sets target if it is a **UnauthorizedError.
func (e *TokenRevokedError) As(target any) bool {
	unauthorized, ok := target.(**UnauthorizedError)
	if ok {
		*unauthorized = &UnauthorizedError{e.api()}
	}
	return ok
}

// Format prints the error as APIError.Format does.
func (e *TokenRevokedError) Format(f fmt.State, verb rune) { formatError(f, verb, e.api()) }

func (e *TokenRevokedError) api() *APIError {
	if e == nil {
		return nil
	}
	return e.APIError
}
