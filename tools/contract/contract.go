// Package contract checks recorded HTTP requests against an OpenAPI description.
//
// It is stricter than the description's own rules: a field that no schema names is an error, because a client that
// invents or misspells a field must not pass. Only an object that declares additionalProperties may have others.
package contract

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// Spec is an OpenAPI description, indexed by method and path.
type Spec struct {
	routes map[string]*openapi3.Operation // by "METHOD path", alternate paths included
	ids    map[string]string              // operationId to "METHOD path", main paths only
}

// Load reads the OpenAPI 3 file at path. An invalid description, an operation without an id, and parameters, which
// Check does not support, are errors.
func Load(path string) (*Spec, error) {
	doc, err := openapi3.NewLoader().LoadFromFile(path)
	if err != nil {
		return nil, fmt.Errorf("contract: %w", err)
	}
	if err := doc.Validate(context.Background()); err != nil {
		return nil, fmt.Errorf("contract: %s: %w", path, err)
	}

	s := &Spec{routes: map[string]*openapi3.Operation{}, ids: map[string]string{}}
	for route, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			if op.Security == nil {
				op.Security = &doc.Security
			}
			if err := s.add(method, route, op, len(item.Parameters)+len(op.Parameters)); err != nil {
				return nil, fmt.Errorf("contract: %s: %w", path, err)
			}
		}
	}
	return s, nil
}

func (s *Spec) add(method, path string, op *openapi3.Operation, parameters int) error {
	route := method + " " + path
	switch {
	case op.OperationID == "":
		return fmt.Errorf("%s: no operationId", route)
	case parameters > 0:
		return fmt.Errorf("%s: parameters are not supported", route)
	}
	s.ids[op.OperationID] = route
	s.routes[route] = op
	if alternate, ok := op.Extensions["x-alternate-path"].(map[string]any); ok {
		path, _ := alternate["path"].(string)
		if !strings.HasPrefix(path, "/") {
			return fmt.Errorf("%s: x-alternate-path has no path", route)
		}
		s.routes[method+" "+path] = op
	}
	return nil
}

// OperationIDs maps each operationId to its "METHOD path".
func (s *Spec) OperationIDs() map[string]string {
	return maps.Clone(s.ids)
}

// find returns the operation at method and path. The error for a known path with another method differs from that for
// an unknown path.
func (s *Spec) find(method, path string) (*openapi3.Operation, error) {
	if op := s.routes[method+" "+path]; op != nil {
		return op, nil
	}
	for _, other := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		if s.routes[other+" "+path] != nil {
			return nil, fmt.Errorf("the path takes %s", other)
		}
	}
	return nil, fmt.Errorf("no such path")
}

// Request is one request as a test server recorded it. Op is the name by which the client calls the operation; it
// appears in errors only.
type Request struct {
	Op, Method, Path string
	Query            url.Values
	Header           http.Header
	Body             []byte
}

// CheckAll checks every request and joins the errors, each of which begins with the request's Op. It skips requests
// whose Op is listed in outside, which the file does not describe. If the file does describe one of these, that is an
// error, so that the list cannot hide a request.
func (s *Spec) CheckAll(requests []Request, outside ...string) error {
	var errs []error
	for _, r := range requests {
		if !slices.Contains(outside, r.Op) {
			for _, err := range s.check(r.Method, r.Path, r.Header, r.Body) {
				errs = append(errs, fmt.Errorf("%s: %w", r.Op, err))
			}
		} else if op, err := s.find(r.Method, r.Path); err == nil {
			errs = append(errs, fmt.Errorf("%s: described as %s, not outside", r.Op, op.OperationID))
		}
	}
	return joined(errs)
}

// Unused returns, sorted, the ids of the operations that none of the requests reached.
func (s *Spec) Unused(requests []Request) []string {
	left := maps.Clone(s.ids)
	for _, r := range requests {
		if op, err := s.find(r.Method, r.Path); err == nil {
			delete(left, op.OperationID)
		}
	}
	return slices.Sorted(maps.Keys(left))
}
