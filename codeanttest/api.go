package codeanttest

import (
	"encoding/json"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/codeant-sdk/codeant"
)

// field is a member of a request's JSON object. It holds a string, unless it is raw.
type field struct {
	name     string
	required bool
	raw      bool // any JSON; handlers get it as it came
}

func need(name string) field   { return field{name: name, required: true} }
func may(name string) field    { return field{name: name} }
func mayRaw(name string) field { return field{name: name, raw: true} }

func mayAll(names ...string) []field {
	fields := make([]field, len(names))
	for i, name := range names {
		fields[i] = may(name)
	}
	return fields
}

// endpoint is one operation of the API. A field named access_token or accessToken must hold the token of the header.
type endpoint struct {
	op     string
	path   string
	fields []field
	handle func(s *Server, c *call, in map[string]string) answer
}

var coreEndpoints = []endpoint{
	{"tokens.create", "/api/tokens/create", []field{need("name")}, (*Server).createToken},
	{"tokens.list", "/api/tokens/list", nil, (*Server).listTokens},
	{"tokens.revoke", "/api/tokens/revoke", []field{need("token_id")}, (*Server).revokeToken},
	{"coverage.presign", "/pr/analysis/coverage/presign", coverageFields, (*Server).presign},
	{"coverage.complete", "/pr/analysis/coverage/complete", coverageFields, (*Server).complete},
	{"gates.start", "/analysis/ci/quality-gates/scan/start", gateFields, (*Server).startGates},
	{"gates.results", "/analysis/ci/quality-gates/scan/results", gateFields, (*Server).gateResults},
	{"scans.start", "/api/analysis/start", scanStartFields, (*Server).startScan},
	{"scans.results.sast", "/api/analysis/results", scanFields, resultsOf(codeant.SAST)},
	{"scans.results.sca", "/api/analysis/results/sca", scanFields, resultsOf(codeant.SCA)},
	{"scans.results.secrets", "/api/analysis/results/secrets", scanFields, resultsOf(codeant.Secrets)},
	{"scans.results.sbom", "/api/analysis/results/sbom", scanFields, resultsOf(codeant.SBOM)},
	{"scans.results.antipatterns", "/api/analysis/results/antipatterns", scanFields, resultsOf(codeant.AntiPatterns)},
	{"scans.history", "/api/analysis/scan-history", []field{need("repo"), need("service"), need("access_token")}, (*Server).scanHistory},
	{"agents.start", "/api/analysis/agents/scan/start", agentStartFields, (*Server).startAgent},
	{"agents.results", "/api/analysis/agents/scan/results", []field{need("repo"), need("scanId")}, (*Server).agentResults},
	{"agents.history", "/api/analysis/agents/scan/history", []field{need("repo")}, (*Server).agentHistory},
}

// Operations returns the names of all operations that the server knows, for Inject.
func Operations() []string {
	names := []string{opCoveragePut}
	for _, e := range endpoints() {
		names = append(names, e.op)
	}
	slices.Sort(names)
	return names
}

func (s *Server) routeAPI(r *http.Request) (string, func(*call) answer) {
	for _, e := range endpoints() {
		if r.URL.Path == e.path {
			return e.op, func(c *call) answer { return s.answerAPI(e, c) }
		}
	}
	return "", func(*call) answer { return refuse(http.StatusNotFound, "there is no %s", r.URL.Path) }
}

func (s *Server) answerAPI(e endpoint, c *call) answer {
	if c.Method != http.MethodPost {
		a := refuse(http.StatusMethodNotAllowed, "use POST")
		a.header = http.Header{"Allow": {http.MethodPost}}
		return a
	}
	token, refusal := s.authenticate(c)
	if refusal != nil {
		return *refusal
	}
	if kind, _, err := mime.ParseMediaType(c.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return refuse(http.StatusUnsupportedMediaType, "the Content-Type must be application/json")
	}
	if c.size > maxAPIBody {
		return refuse(http.StatusRequestEntityTooLarge, "the body is over %d bytes", maxAPIBody)
	}
	in, err := readFields(c.body, e.fields)
	if err != nil {
		return refuse(http.StatusBadRequest, "%v", err)
	}
	for _, name := range []string{"access_token", "accessToken"} {
		if credential, has := in[name]; has && credential != token {
			return refuse(http.StatusBadRequest, "field %q is not the token of the Authorization header", name)
		}
	}
	return e.handle(s, c, in)
}

func (s *Server) authenticate(c *call) (string, *answer) {
	value, found := strings.CutPrefix(c.Header.Get("Authorization"), "Bearer ")
	challenge, message := "Bearer", "the Authorization header is missing or holds no Bearer token"
	if found {
		s.mu.Lock()
		status, known := s.tokens.status(value)
		s.mu.Unlock()
		switch {
		case known && status == codeant.TokenActive:
			return value, nil
		case known:
			challenge, message = `Bearer error="invalid_token", error_description="token revoked"`, "token revoked"
		default:
			challenge, message = `Bearer error="invalid_token"`, "the token is not known"
		}
	}
	a := refuse(http.StatusUnauthorized, "%s", message)
	a.header = http.Header{"Www-Authenticate": {challenge}}
	return "", &a
}

// readFields wants a JSON object with the given members, the required ones not empty, and no other.
func readFields(body []byte, want []field) (map[string]string, error) {
	var object map[string]json.RawMessage
	if err := json.Unmarshal(body, &object); err != nil || object == nil {
		return nil, fmt.Errorf("the body is not a JSON object")
	}
	in := make(map[string]string, len(want))
	for _, f := range want {
		raw, has := object[f.name]
		delete(object, f.name)
		if !has && !f.required {
			continue
		}
		if !has {
			return nil, fmt.Errorf("field %q is missing", f.name)
		}
		if f.raw {
			in[f.name] = string(raw)
			continue
		}
		var value *string
		if json.Unmarshal(raw, &value) != nil || value == nil {
			return nil, fmt.Errorf("field %q is not a string", f.name)
		}
		if *value == "" && f.required {
			return nil, fmt.Errorf("field %q is empty", f.name)
		}
		in[f.name] = *value
	}
	if len(object) > 0 {
		return nil, fmt.Errorf("field %q is not known", slices.Min(slices.Collect(maps.Keys(object))))
	}
	return in, nil
}

func refuse(status int, format string, args ...any) answer {
	return reply(status, map[string]string{"message": fmt.Sprintf(format, args...)})
}

func reply(status int, body any) answer {
	raw, err := json.Marshal(body)
	if err != nil {
		return answer{status: http.StatusInternalServerError, body: []byte(`{"message":"the answer cannot be encoded"}`)}
	}
	return answer{status: status, body: raw}
}
