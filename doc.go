// Package codeant is a client for CodeAnt AI. It uploads coverage reports, runs scans and reads their findings, waits for
// quality gates, manages teams and API tokens, and calls any other endpoint of the REST API.
//
//	client, err := codeant.New() // reads the token from the environment variable CODEANT_API_TOKEN
//	if err != nil {
//		return err
//	}
//	_, err = client.Coverage.Upload(ctx, codeant.CoverageUpload{
//		Revision: codeant.Revision{Provider: codeant.GitHub, Repo: "acme/shop", Commit: commit},
//		Path:     "coverage.xml",
//	})
//	if err != nil {
//		return err // one line: what failed, where, after how many attempts, and what to do
//	}
//
// # Success
//
// A method returns a nil error only if CodeAnt confirmed, in a complete and readable answer, that it did what was asked.
// An answer that breaks off, a proxy's login page, a 200 whose body reports an error and a report that the storage
// refuses are all errors.
//
// There is one exception: if CodeAnt's gateway times out (504) while a job is being started, the error is nil and
// [Started.Unconfirmed] or [AgentScanStarted.Unconfirmed] is true. The job may or may not be running.
//
// # Errors
//
// Use errors.Is with the Err… variables to tell failures apart; one error may match several. Use errors.As with
// *[APIError], *[UnauthorizedError], *[TokenRevokedError] and *[StorageError] for details such as the HTTP status and the
// request ID. Invalid input is reported before anything is sent, as [ErrInvalidRequest], [ErrInvalidReport],
// [ErrInvalidToken] or [ErrMissingToken].
//
// # Retries
//
// Transient failures are retried, up to three attempts in all; [WithRetry] changes that. An operation that would take
// effect twice is not repeated if the server may already have carried it out: the error is [ErrUnknownOutcome]. See
// [RetryPolicy].
//
// # Waiting
//
// Scans, quality gates and agent scans run at CodeAnt. Their Start methods return at once, Results looks once and returns
// [ErrNotReady] if there is no result yet, Wait polls until the result is final, and Run starts and waits. [WaitOptions]
// sets the time limit and the pauses.
//
// # Secrets
//
// The token is sent only to the scheme, host and port of the base URL, and redirects are never followed. Printing, logging
// or encoding a [Token], a [PresignedUpload] or an error reveals no secret. Fields named Raw and [APIError.RawBody] hold
// what the server sent, which may include secrets.
//
// # Concurrency
//
// A [Client], its services and the token sources of this package are safe for concurrent use by multiple goroutines. Your
// own token sources, middleware and observers must be too. A method does not modify its request, and what it returns
// belongs to the caller. Only one call at a time may use the Body of an upload.
//
// Fields named Raw hold unmodified JSON. Those of one answer share its memory, so they are read-only: clone one before you
// change it, or to keep it without the rest of the answer.
//
// # What is known of the API
//
// CodeAnt documents parts of its API. The comment of each method ends with its evidence: the endpoint is documented on
// docs.codeant.ai, observed in CodeAnt's own scripts and programs, or inferred from other endpoints.
package codeant

//go:generate go -C tools run ./apipage
