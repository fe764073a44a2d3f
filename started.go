package codeant

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/codeant-sdk/codeant/internal/jsonscan"
	"github.com/codeant-sdk/codeant/internal/redact"
)

// Started is a job that CodeAnt accepted, unless it is Unconfirmed.
type Started struct {
	ID      string // the job's name, if the answer gives one
	Message string // the server's words, if any
	// Unconfirmed means that the gateway timed out (504): the job may run or not, so wait for its result. It is the one
	// exception to "a nil error means that it was done".
	Unconfirmed bool
	Raw         json.RawMessage // the answer, to be read only; nil if it was empty
}

// newStarted reads the answer to a start. No field of it is certain, so an empty one is taken too.
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

// start starts a job. After a 504 the job is unconfirmed and not failed, as quality_gates.sh takes it.
func (c *Client) start(ctx context.Context, op operation, in any, decode func(jsonscan.Document) (*Started, error)) (*Started, error) {
	started, err := fetch(ctx, c, op, in, decode)
	var apiErr *APIError
	if errors.As(err, &apiErr) && apiErr.StatusCode == http.StatusGatewayTimeout {
		return &Started{Unconfirmed: true, Message: apiErr.Message}, nil
	}
	return started, err
}
