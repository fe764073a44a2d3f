// Package codeant is a client for CodeAnt AI: it uploads coverage reports, starts scans and reads what they found,
// waits for quality gates, calls the rest of the REST API, and manages API tokens.
//
//	client, err := codeant.New() // token from CODEANT_API_TOKEN
//	if err != nil {
//		return err
//	}
//	_, err = client.Coverage.Upload(ctx, codeant.CoverageUpload{
//		Revision: codeant.Revision{Provider: codeant.GitHub, Repo: "acme/shop", Commit: commit},
//		Path:     "coverage.xml",
//	})
//
// # Success means success
//
// A method returns a nil error only if the thing was done and CodeAnt said so in an answer that could be read. An
// answer that breaks off, a page of a proxy, a body that says that it failed, a report that the storage refused: each is
// an error. There is one exception: if CodeAnt's gateway times out while a job is started, the job may run all the same,
// and [Started] says that it is Unconfirmed.
//
// # Errors
//
// Use errors.Is with the Err… variables to tell failures apart; several may match one error. For details use errors.As
// with [APIError], [UnauthorizedError], [TokenRevokedError] and [StorageError]. Bad input is found before anything is sent
// and is [ErrInvalidRequest], [ErrInvalidReport], [ErrInvalidToken] or [ErrMissingToken].
//
// # Retries
//
// Failures that may well go away are repeated, but never an operation that could then happen twice: see [RetryPolicy].
// A lost answer to such an operation is [ErrUnknownOutcome].
//
// # Secrets
//
// The token goes to the origin of the base URL and nowhere else; no redirect is followed. However a [Token], a
// [PresignedUpload] or an error is printed, it shows no secret.
//
// # Many goroutines
//
// A [Client], its services and the token sources of this package are safe for many goroutines at once. Your own token
// sources, middleware and observers are called from several at once. A method does not change its request, and what it
// returns belongs to the caller. Give the Body of an upload to one call at a time.
//
// # Raw
//
// Fields named Raw hold JSON as it came. Those of one answer share its memory, so they are read-only: clone one before you
// change it, or to keep it without the rest.
//
// # What is known of the API
//
// CodeAnt publishes parts of its API. The comment of each method says how well its endpoint is known: documented on
// docs.codeant.ai, observed in CodeAnt's own scripts, or inferred from its neighbours.
package codeant
