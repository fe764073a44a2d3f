package contract_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCheckAcceptsWhatIsDescribed(t *testing.T) {
	t.Parallel()
	spec := library(t)
	for name, r := range map[string]struct{ method, path, body string }{
		"required fields":                   {"POST", "/loans/create", loan},
		"every field":                       {"POST", "/loans/create", `{` + reader + `,"until":"2026-03-01","branch":"north","books":[{"title":"Emma","copies":2}],"shelf":{"a":{"title":"Emma"}}}`},
		"the alternate path":                {"POST", "/loans/all", `{` + reader + `}`},
		"a free-form object":                {"POST", "/notes/add", `{"text":"x","more":{"deep":[{"er":1}]}}`},
		"no body where it is optional":      {"POST", "/notes/add", ""},
		"no body where there cannot be any": {"GET", "/hours", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.NoError(t, spec.Check(r.method, r.path, jsonHeader(), []byte(r.body)))
		})
	}
}

func TestCheckWantsNoTokenWhereNoneIsDescribed(t *testing.T) {
	t.Parallel()
	require.NoError(t, library(t).Check("GET", "/hours", http.Header{}, nil))
}

func TestCheckRefusesAWrongPathMethodOrBody(t *testing.T) {
	t.Parallel()
	spec := library(t)
	for name, r := range map[string]struct{ method, path, body, want string }{
		"unknown path":         {"POST", "/loans", loan, "POST /loans: no such path"},
		"trailing slash":       {"GET", "/hours/", "", "GET /hours/: no such path"},
		"query":                {"GET", "/hours?day=1", "", "GET /hours?day=1: no such path"},
		"wrong method":         {"GET", "/loans/all", "", "GET /loans/all: the path takes POST"},
		"missing body":         {"POST", "/loans/list", "", "POST /loans/list: no body"},
		"body on a GET":        {"GET", "/hours", "{}", "GET /hours: a body where none is described"},
		"broken JSON":          {"POST", "/loans/list", `{`, "POST /loans/list: body: unexpected end of JSON input"},
		"data after the JSON":  {"POST", "/loans/list", `{} {}`, "POST /loans/list: body: invalid character '{' after top-level value"},
		"not an object":        {"POST", "/loans/list", `[]`, "POST /loans/list: body: value must be an object"},
		"null for a string":    {"POST", "/loans/list", `{"reader":null}`, `POST /loans/list: body: reader: Value is not nullable`},
		"format uuid":          {"POST", "/loans/list", `{"reader":"me"}`, `POST /loans/list: body: reader: string doesn't match the format "uuid" (not a UUID)`},
		"several wrong fields": {"POST", "/loans/list", `{"a":1,"b":2}`, "POST /loans/list: body: a: no such field\nPOST /loans/list: body: b: no such field\nPOST /loans/list: body: reader: property \"reader\" is missing"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.EqualError(t, spec.Check(r.method, r.path, jsonHeader(), []byte(r.body)), r.want)
		})
	}
}

func TestCheckSeesEveryPartOfAnAllOf(t *testing.T) {
	t.Parallel()
	spec := library(t)
	const base = `"until":"2026-03-01","books":[]`
	for name, r := range map[string]struct{ body, want string }{
		"required by the first part":  {`{` + base + `}`, `reader: property "reader" is missing`},
		"required by the second part": {`{` + reader + `,"books":[]}`, `until: property "until" is missing`},
		"enum":                        {`{` + reader + `,` + base + `,"branch":"west"}`, `branch: value is not one of the allowed values ["north","south"]`},
		"date":                        {`{` + reader + `,"books":[],"until":"1 March"}`, `until: string doesn't match the format "date" (string doesn't match pattern "^[0-9]{4}-(0[1-9]|10|11|12)-(0[1-9]|[12][0-9]|3[01])$")`},
		"unknown field":               {`{` + reader + `,` + base + `,"untill":"x"}`, `untill: no such field`},
		"unknown field in an array":   {`{` + reader + `,"until":"2026-03-01","books":[{"title":"Emma"},{"title":"Emma","Title":"x"}]}`, `books.1.Title: no such field`},
		"unknown field in a map":      {`{` + reader + `,` + base + `,"shelf":{"a":{"title":"Emma","x":{}}}}`, `shelf.a.x: no such field`},
		"too short in an array":       {`{` + reader + `,"until":"2026-03-01","books":[{"title":"E"}]}`, `books.0.title: minimum string length is 2`},
		"fraction for an integer":     {`{` + reader + `,"until":"2026-03-01","books":[{"title":"Emma","copies":1.5}]}`, `books.0.copies: value must be an integer`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.EqualError(t, spec.Check("POST", "/loans/create", jsonHeader(), []byte(r.body)), "POST /loans/create: body: "+r.want)
		})
	}
}

func TestCheckWantsACodeAntTokenEvenWhereItIsOptional(t *testing.T) {
	t.Parallel()
	spec := library(t)
	const form = "the Authorization header is not Bearer cdt_…"
	for name, r := range map[string]struct {
		values []string
		want   string
	}{
		"none":             {nil, "0 Authorization headers, want 1"},
		"two":              {[]string{"Bearer cdt_a", "Bearer cdt_a"}, "2 Authorization headers, want 1"},
		"another provider": {[]string{"Bearer ghp_0123456789"}, form},
		"another scheme":   {[]string{"Basic cdt_0123456789"}, form},
		"no scheme":        {[]string{"cdt_0123456789"}, form},
		"prefix alone":     {[]string{"Bearer cdt_"}, form},
		"two in one":       {[]string{"Bearer cdt_a, Bearer cdt_b"}, form},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			header := http.Header{"Authorization": r.values, "Content-Type": {"application/json"}}
			err := spec.Check("POST", "/loans/create", header, []byte(loan))
			require.EqualError(t, err, "POST /loans/create: "+r.want)
		})
	}
}

func TestCheckWantsTheDescribedContentType(t *testing.T) {
	t.Parallel()
	spec := library(t)
	for name, r := range map[string]struct{ value, want string }{
		"missing": {"", "content type: mime: no media type"},
		"another": {"text/plain", "content type text/plain is not described"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			header := jsonHeader()
			header.Set("Content-Type", r.value)
			err := spec.Check("POST", "/loans/create", header, []byte(loan))
			require.EqualError(t, err, "POST /loans/create: "+r.want)
		})
	}
}

func TestCheckTakesAContentTypeWithACharset(t *testing.T) {
	t.Parallel()
	header := jsonHeader()
	header.Set("Content-Type", "application/json; charset=utf-8")
	require.NoError(t, library(t).Check("POST", "/loans/create", header, []byte(loan)))
}

func TestCheckKeepsValuesOutOfItsErrors(t *testing.T) {
	t.Parallel()
	header := jsonHeader()
	header.Set("Authorization", "Bearer ghp_secret")
	err := library(t).Check("POST", "/loans/list", header, []byte(`{"reader":"ghp_secret","token":"ghp_secret"}`))
	require.Error(t, err)
	require.NotContains(t, err.Error(), "ghp_secret")
}
