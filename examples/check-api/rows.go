package main

import (
	"context"
	"errors"

	"github.com/codeant-sdk/codeant"
)

const decoderTook = "took it"

// row is what an endpoint answered.
type row struct {
	Op           string   `json:"operation"`
	Evidence     string   `json:"evidence"`
	NotAsked     string   `json:"not_asked,omitempty"`
	Status       int      `json:"status,omitempty"`
	ContentType  string   `json:"content_type,omitempty"`
	Headers      []string `json:"headers,omitempty"` // names only, of a fixed list
	Milliseconds int64    `json:"milliseconds"`
	Decoder      string   `json:"decoder,omitempty"`
	Shape        shape    `json:"shape,omitempty"`

	lifetime int // of the signed URL in the answer, in seconds
}

// rows runs the check and returns a row for each answer: one for most checks, three for an upload.
func (c check) rows(ctx context.Context, from *recorder, hidden []string) []row {
	if c.missing != "" {
		return []row{{Op: c.op, Evidence: c.evidence, NotAsked: c.missing}}
	}
	err := c.ask(ctx)
	kept := from.take()
	if len(kept) == 0 {
		return []row{{Op: c.op, Evidence: c.evidence, NotAsked: "the client refused it: " + kindOf(err)}}
	}
	var rows []row
	for i, e := range kept {
		r := row{
			Op: e.op, Evidence: c.evidence, Status: e.status, ContentType: e.contentType, Headers: e.headers,
			Milliseconds: e.took.Milliseconds(), Decoder: decoderTook, Shape: shapeOf(e.body, hidden), lifetime: lifetimeOf(e.body),
		}
		if e.op == "call" || c.op == "unauthorized" {
			r.Op = c.op
		}
		if e.status == 0 {
			r.Shape = nil
		}
		if err != nil && i == len(kept)-1 { // the earlier ones were accepted, or no later ones would exist
			r.Decoder = kindOf(err)
		}
		rows = append(rows, r)
	}
	return rows
}

// kindOf names the kind of an error. Its text may quote the server, so it is not shown.
func kindOf(err error) string {
	kinds := []struct {
		err  error
		name string
	}{
		{nil, decoderTook},
		{codeant.ErrTokenRevoked, "ErrTokenRevoked"},
		{codeant.ErrUnauthorized, "ErrUnauthorized"},
		{codeant.ErrForbidden, "ErrForbidden"},
		{codeant.ErrUnsupported, "ErrUnsupported"},
		{codeant.ErrNotReady, "ErrNotReady"},
		{codeant.ErrNotFound, "ErrNotFound"},
		{codeant.ErrScanFailed, "ErrScanFailed"},
		{codeant.ErrConflict, "ErrConflict"},
		{codeant.ErrTooLarge, "ErrTooLarge"},
		{codeant.ErrRateLimited, "ErrRateLimited"},
		{codeant.ErrRedirect, "ErrRedirect"},
		{codeant.ErrBadResponse, "ErrBadResponse"},
		{codeant.ErrStorage, "ErrStorage"},
		{codeant.ErrInvalidRequest, "ErrInvalidRequest"},
		{codeant.ErrUnknownOutcome, "ErrUnknownOutcome"},
		{codeant.ErrUnavailable, "ErrUnavailable"},
		{context.Canceled, "canceled"},
		{context.DeadlineExceeded, "deadline exceeded"},
	}
	for _, kind := range kinds {
		if errors.Is(err, kind.err) {
			return kind.name
		}
	}
	return "another error"
}
