package codeant

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/codeant-sdk/codeant/internal/jsonscan"
	"github.com/codeant-sdk/codeant/internal/redact"
)

// Started describes a job that CodeAnt accepted, unless it is Unconfirmed.
type Started struct {
	ID      string // the job's ID, if the answer has one
	Message string // the server's message, if any
	// Unconfirmed reports whether CodeAnt's gateway timed out (504), so that the job may or may not be running: wait for its
	// result. It is the one exception to the rule that a nil error means that CodeAnt confirmed the operation.
	Unconfirmed bool
	Raw         json.RawMessage // the answer, read-only; nil if it was empty
}

// newStarted decodes the answer to a start. None of its fields is certain, so an empty answer is accepted too.
func newStarted(doc jsonscan.Document, idKey string) (*Started, error) {
	if doc.Kind() == jsonscan.Invalid {
		return &Started{}, nil
	}
	if err := wantObject(doc); err != nil {
		return nil, err
	}
	return &Started{ID: doc.Text(idKey), Message: redact.Text(doc.Text("message"), maxPrintedMessage), Raw: doc.Raw()}, nil
}

func newScanStarted(doc jsonscan.Document) (*Started, error) { return newStarted(doc, "scan_id") }

// start starts a job. Like quality_gates.sh, it does not treat a 504 as a failure: the job is unconfirmed.
func (c *Client) start(ctx context.Context, op operation, in any, decode func(jsonscan.Document) (*Started, error)) (*Started, error) {
	started, err := fetch(ctx, c, op, in, decode)
	var apiErr *APIError
	if errors.As(err, &apiErr) && apiErr.StatusCode == http.StatusGatewayTimeout {
		return &Started{Unconfirmed: true, Message: apiErr.Message}, nil
	}
	return started, err
}
