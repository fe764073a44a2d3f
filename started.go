package codeant

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/codeant-sdk/codeant/internal/redact"
	"github.com/codeant-sdk/codeant/internal/strictjson"
)

// Started is a job that CodeAnt accepted.
type Started struct {
	ID          string          // the job's name, if the answer gives one
	Message     string          // the server's words, if any
	Unconfirmed bool            // the gateway timed out (504): the job may run all the same, so wait for its result
	Raw         json.RawMessage // the answer; nil if it was empty
}

// newStarted reads the answer to a start. No field of it is certain, so an empty one is taken too.
func newStarted(body []byte, idKey string) (*Started, error) {
	if len(body) == 0 {
		return &Started{}, nil
	}
	if kind := strictjson.KindOf(body); kind != strictjson.Object {
		return nil, unusable("it is %s", kind)
	}
	return &Started{ID: scalar(body, idKey), Message: redact.Text(scalar(body, "message"), maxPrintedMessage), Raw: body}, nil
}

// start starts a job. After a 504 the job is unconfirmed and not failed, as quality_gates.sh takes it.
func (c *Client) start(ctx context.Context, op operation, in any, idKey string) (*Started, error) {
	started, err := fetch(ctx, c, op, in, func(body []byte) (*Started, error) { return newStarted(body, idKey) })
	var apiErr *APIError
	if errors.As(err, &apiErr) && apiErr.StatusCode == http.StatusGatewayTimeout {
		return &Started{Unconfirmed: true, Message: apiErr.Message}, nil
	}
	return started, err
}
