package codeanttest

import (
	"encoding/json"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/codeant-sdk/codeant"
)

// field is a member of a request's JSON object. It holds a string, unless it is raw.
type field struct {
	name     string
	required bool
	raw      bool // any JSON, which handlers get unchanged
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

func baseURLFields() []field {
	return mayAll("github_base_url", "gitlab_base_url", "azure_devops_base_url", "bitbucket_base_url")
}

// fields reads the body, without the credential, as a JSON object with the wanted members, or refuses it.
func (c *call) fields(want []field) (map[string]string, *answer) {
	refused := func(status int, format string, args ...any) (map[string]string, *answer) {
		a := refuse(status, format, args...)
		return nil, &a
	}
	if kind, _, err := mime.ParseMediaType(c.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return refused(http.StatusUnsupportedMediaType, "the Content-Type must be application/json")
	}
	if c.size > maxAPIBody {
		return refused(http.StatusRequestEntityTooLarge, "the body is over %d bytes", maxAPIBody)
	}
	in, err := readFields(c.body, want, c.credential)
	if err != nil {
		return refused(http.StatusBadRequest, "%v", err)
	}
	if err := checkValues(in); err != nil {
		return refused(http.StatusBadRequest, "%v", err)
	}
	return in, nil
}

// readFields accepts a JSON object with only the given members, of which the required ones must not be empty.
func readFields(body []byte, want []field, ignore string) (map[string]string, error) {
	var object map[string]json.RawMessage
	if err := json.Unmarshal(body, &object); err != nil || object == nil {
		return nil, fmt.Errorf("the body is not a JSON object")
	}
	delete(object, ignore)
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

// checkValues checks the values that mean the same in every endpoint, and normalizes the provider's spelling.
func checkValues(in map[string]string) error {
	for _, name := range []string{"service", "platform"} {
		if value, has := in[name]; has {
			provider, err := codeant.ParseProvider(value)
			if err != nil {
				return fmt.Errorf("field %q: the provider is not supported", name)
			}
			in[name] = string(provider)
		}
	}
	if repo, has := in["repo"]; has {
		owner, name, found := strings.Cut(repo, "/")
		if !found || owner == "" || name == "" || strings.Contains(repo, "://") || strings.TrimSpace(repo) != repo {
			return fmt.Errorf(`field "repo" must have the form owner/repository`)
		}
	}
	for _, name := range []string{"commit_id", "commitId"} {
		if commit := in[name]; commit != "" && (len(commit) < 6 || len(commit) > 64 || strings.Trim(commit, "0123456789abcdefABCDEF") != "") {
			return fmt.Errorf("field %q is not the hash of a commit", name)
		}
	}
	for name, value := range in {
		if value == "" || !strings.HasSuffix(name, "base_url") && name != "azureDevopsBaseUrl" {
			continue
		}
		if u, err := url.Parse(value); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
			return fmt.Errorf("field %q is not a URL", name)
		}
	}
	return nil
}

// object is a JSON object of an answer.
type object = map[string]any

func refuse(status int, format string, args ...any) answer {
	return reply(status, map[string]string{"message": fmt.Sprintf(format, args...)})
}

// fails returns the answer of the scan centre to a request that it cannot carry out.
func fails(message string) answer {
	return reply(http.StatusOK, map[string]string{"status": "error", "message": message})
}

func reply(status int, body any) answer {
	raw, err := json.Marshal(body)
	if err != nil {
		return answer{status: http.StatusInternalServerError, body: []byte(`{"message":"the answer cannot be encoded"}`)}
	}
	return answer{status: status, body: raw}
}
