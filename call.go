package codeant

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/codeant-sdk/codeant/internal/jsonscan"
	"github.com/codeant-sdk/codeant/internal/redact"
)

// Request describes a call of an endpoint that this package has no method for.
type Request struct {
	// Method is the HTTP method. Default POST, which nearly all of CodeAnt's endpoints use.
	Method string
	// Path is the path below the base URL, such as "/api/analysis/start", and may have a query. Required.
	Path string
	// Body is encoded as JSON. If it is nil, no body is sent.
	Body any
	// Idempotent allows a retry after a lost answer or a server error. GET and HEAD requests are always idempotent.
	Idempotent bool
	// TokenField is the member of the JSON body in which the endpoint expects the token in addition to the header, such as
	// "access_token". Body must then be an object. Optional.
	TokenField string
}

// Call sends a request to any endpoint of the API, with the same checks, retries and errors as the other methods, and
// decodes the answer into out, unless out is nil. An answer that is not JSON is ErrBadResponse. So is one that says that
// the call failed, such as {"status":"error"} or {"success":false}, but out is filled first. An empty answer is
// ErrBadResponse unless out is nil.
//
// A Path that leads to another host or contains ".." is ErrInvalidRequest.
func (c *Client) Call(ctx context.Context, req Request, out any) error {
	op, err := req.operation()
	if err != nil {
		return err
	}
	return c.send(ctx, op, req.Body, func(doc jsonscan.Document) error {
		switch {
		case out == nil:
			return nil
		case doc.Kind() == jsonscan.Invalid:
			return errEmpty
		}
		return unusableJSON(jsonscan.Decode(doc.Value, out))
	})
}

func (r Request) operation() (operation, error) {
	const hint = `use a path below the base URL, such as "/api/analysis/start"`
	u, err := url.Parse(r.Path)
	shown, _, _ := strings.Cut(r.Path, "?") // a query may be a secret
	switch {
	case r.Path == "":
		return operation{}, invalid("path", "", "is missing", hint)
	case err != nil || validateText("path", r.Path) != nil:
		return operation{}, invalid("path", shown, "is not a path", hint)
	case !strings.HasPrefix(r.Path, "/") || u.Host != "" || u.Scheme != "" || strings.HasPrefix(r.Path, "//"):
		return operation{}, invalid("path", shown, "does not begin with one slash", hint)
	case u.Fragment != "" || strings.Contains(r.Path, "#"):
		return operation{}, invalid("path", shown, "has a fragment", hint)
	}
	for segment := range strings.SplitSeq(u.Path, "/") {
		if segment == ".." || segment == "." {
			return operation{}, invalid("path", shown, `contains "`+segment+`"`, hint)
		}
	}
	if strings.ContainsFunc(r.TokenField, func(c rune) bool { return c <= ' ' || c > '~' }) {
		return operation{}, invalid("token field", r.TokenField, "is not a field name", `use a name such as "access_token"`)
	}
	method := strings.ToUpper(r.Method)
	if strings.Trim(method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ-") != "" || method == http.MethodConnect {
		return operation{}, invalid("method", r.Method, "is not an HTTP method of an API", "use POST, GET, PUT, PATCH or DELETE")
	}
	return operation{
		name: "call", method: method, path: u.EscapedPath(), query: u.RawQuery, tokenField: r.TokenField,
		shownPath:  redact.Text(u.EscapedPath(), maxPrintedMessage),
		readsFirst: true, idempotent: r.Idempotent || method == http.MethodGet || method == http.MethodHead,
	}, nil
}
