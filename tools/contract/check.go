package contract

import (
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// Check reports what is wrong with one request, a line for each: its path, its method, its credential, its content
// type or its body. No error repeats a header's or a field's value.
func (s *Spec) Check(method, path string, header http.Header, body []byte) error {
	return joined(s.check(method, path, header, body))
}

func (s *Spec) check(method, path string, header http.Header, body []byte) []error {
	var errs []error
	if op, err := s.find(method, path); err != nil {
		errs = []error{err}
	} else {
		errs = append(checkCredential(op, header), checkBody(op, header, body)...)
	}
	for i, err := range errs {
		errs[i] = fmt.Errorf("%s %s: %w", method, path, err)
	}
	return errs
}

// checkCredential requires a CodeAnt token in the header if the operation names bearerAuth, even if the description
// allows others.
func checkCredential(op *openapi3.Operation, header http.Header) []error {
	takesBearer := slices.ContainsFunc(*op.Security, func(r openapi3.SecurityRequirement) bool {
		_, ok := r["bearerAuth"]
		return ok
	})
	if !takesBearer {
		return nil
	}
	values := header.Values("Authorization")
	if len(values) != 1 {
		return problem("%d Authorization headers, want 1", len(values))
	}
	token, ok := strings.CutPrefix(values[0], "Bearer cdt_")
	if !ok || token == "" || strings.ContainsAny(token, " \t,") {
		return problem("the Authorization header is not Bearer cdt_…")
	}
	return nil
}

func checkBody(op *openapi3.Operation, header http.Header, body []byte) []error {
	if op.RequestBody == nil {
		if len(body) > 0 {
			return problem("a body where none is described")
		}
		return nil
	}
	described := op.RequestBody.Value
	if len(body) == 0 {
		if described.Required {
			return problem("no body")
		}
		return nil
	}
	mediaType, _, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil {
		return problem("content type: %w", err)
	}
	content := described.Content[mediaType]
	if content == nil || content.Schema == nil {
		return problem("content type %s is not described", mediaType)
	}
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		return problem("body: %w", err)
	}
	return append(schemaErrors(content.Schema.Value, value), unknownFields(content.Schema, value)...)
}

func problem(format string, args ...any) []error {
	return []error{fmt.Errorf(format, args...)}
}

// uuidPattern is wider than the library's own, which does not accept versions above 5.
var uuidPattern = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

var uuid = openapi3.NewCallbackValidator(func(s string) error {
	if !uuidPattern.MatchString(s) {
		return errors.New("not a UUID")
	}
	return nil
})

func schemaErrors(schema *openapi3.Schema, value any) []error {
	err := schema.VisitJSON(value, openapi3.VisitAsRequest(), openapi3.MultiErrors(),
		openapi3.EnableFormatValidation(), openapi3.WithStringFormatValidator("uuid", uuid))
	if err == nil {
		return nil
	}
	return leaves(err)
}

// leaves flattens the nested errors of the library: the parts of an allOf and the errors of one value. The library's
// own text would print the schema and the value.
func leaves(err error) []error {
	var many openapi3.MultiError
	if errors.As(err, &many) {
		var errs []error
		for _, one := range many {
			errs = append(errs, leaves(one)...)
		}
		return errs
	}
	var one *openapi3.SchemaError
	if errors.As(err, &one) {
		return []error{fieldError(strings.Join(one.JSONPointer(), "."), one.Reason)}
	}
	return []error{err}
}

func fieldError(field, reason string) error {
	if field == "" {
		return fmt.Errorf("body: %s", reason)
	}
	return fmt.Errorf("body: %s: %s", field, reason)
}

// joined is errors.Join in a fixed order, each text once, because maps have no order and the parts of an allOf share
// fields.
func joined(errs []error) error {
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(slices.CompactFunc(errs, func(a, b error) bool { return a.Error() == b.Error() })...)
}
