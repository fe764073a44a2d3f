package codeant

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/codeant-sdk/codeant/internal/jsonscan"
	"github.com/codeant-sdk/codeant/internal/redact"
)

// Request is a call of an endpoint that this package has no method for.
type Request struct {
	// Method is the HTTP method. Default POST, which nearly all of CodeAnt's endpoints use.
	Method string
	// Path is the path below the base URL, such as "/api/analysis/start", with a query if need be. Required.
	Path string
	// Body is encoded as JSON. nil means no body.
	Body any
	// Idempotent allows a repetition when the answer was lost or a server error. GET and HEAD always are.
	Idempotent bool
	// TokenField names the member of a JSON object Body in which the endpoint wants the token besides the header, such
	// as "access_token". Optional.
	TokenField string
}

// Call sends a request to any endpoint of the API through the same checks, retries and errors as the other methods, and
// decodes its answer into out unless that is nil. An answer that is not JSON, or that says that it failed, such as
// {"status":"error"} or {"success":false}, is ErrBadResponse; out is filled before the latter. So is an empty answer, unless
// out is nil.
//
// The Path stays below the base URL: an address of another host, or one with "..", is ErrInvalidRequest.
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
	const mend = `use a path below the base URL, such as "/api/analysis/start"`
	u, err := url.Parse(r.Path)
	shown, _, _ := strings.Cut(r.Path, "?") // a query may be a secret
	switch {
	case r.Path == "":
		return operation{}, invalid("path", "", "is missing", mend)
	case err != nil || validateText("path", r.Path) != nil:
		return operation{}, invalid("path", shown, "is not a path", mend)
	case !strings.HasPrefix(r.Path, "/") || u.Host != "" || u.Scheme != "" || strings.HasPrefix(r.Path, "//"):
		return operation{}, invalid("path", shown, "does not begin with one slash", mend)
	case u.Fragment != "" || strings.Contains(r.Path, "#"):
		return operation{}, invalid("path", shown, "has a fragment", mend)
	}
	for segment := range strings.SplitSeq(u.Path, "/") {
		if segment == ".." || segment == "." {
			return operation{}, invalid("path", shown, `has a "`+segment+`" in it`, mend)
		}
	}
	if strings.ContainsFunc(r.TokenField, func(c rune) bool { return c <= ' ' || c > '~' }) {
		return operation{}, invalid("token field", r.TokenField, "is not a name", `use one such as "access_token"`)
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
