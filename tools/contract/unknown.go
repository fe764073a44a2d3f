package contract

import (
	"fmt"

	"github.com/getkin/kin-openapi/openapi3"
)

// unknownFields returns an error for each field of value, at any depth, that no part of the schema names.
func unknownFields(schema *openapi3.SchemaRef, value any) []error {
	return unknownIn("", parts(schema), value)
}

// unknownIn descends into value as far as it has schemas; a value without a schema may have any fields.
func unknownIn(at string, schemas []*openapi3.Schema, value any) []error {
	if len(schemas) == 0 {
		return nil
	}
	var errs []error
	switch value := value.(type) {
	case map[string]any:
		for name, field := range value {
			of, known := property(schemas, name)
			if !known {
				errs = append(errs, fieldError(at+name, "no such field"))
			}
			errs = append(errs, unknownIn(at+name+".", of, field)...)
		}
	case []any:
		var items []*openapi3.Schema
		for _, s := range schemas {
			items = append(items, parts(s.Items)...)
		}
		for i, item := range value {
			errs = append(errs, unknownIn(fmt.Sprintf("%s%d.", at, i), items, item)...)
		}
	}
	return errs
}

// property returns the schemas of one field of an object, and whether any schema allows the field.
func property(schemas []*openapi3.Schema, name string) (of []*openapi3.Schema, known bool) {
	for _, s := range schemas {
		if p, ok := s.Properties[name]; ok {
			known = true
			of = append(of, parts(p)...)
		}
		if more := s.AdditionalProperties; more.Schema != nil {
			known = true
			of = append(of, parts(more.Schema)...)
		} else if more.Has != nil && *more.Has {
			known = true
		}
	}
	return of, known
}

// parts returns the schema and all schemas that it is composed of.
func parts(ref *openapi3.SchemaRef) []*openapi3.Schema {
	if ref == nil {
		return nil
	}
	all := []*openapi3.Schema{ref.Value}
	for _, composed := range []openapi3.SchemaRefs{ref.Value.AllOf, ref.Value.AnyOf, ref.Value.OneOf} {
		for _, part := range composed {
			all = append(all, parts(part)...)
		}
	}
	return all
}
