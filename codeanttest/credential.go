package codeanttest

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/codeant-sdk/codeant"
)

// authenticate finds the token of a request: in the header or, where the operation has a field for it, in the body. If
// both hold one, they must be the same.
func (s *Server) authenticate(c *call, field string) (*tokenEntry, *answer) {
	refused := func(status int, challenge, message string) (*tokenEntry, *answer) {
		a := refuse(status, "%s", message)
		if challenge != "" {
			a.header = http.Header{"Www-Authenticate": {challenge}}
		}
		return nil, &a
	}
	c.credential = field
	header, inHeader := c.Header.Get("Authorization"), c.Header.Values("Authorization") != nil
	value, bearer := strings.CutPrefix(header, "Bearer ")
	body, inBody := credentialIn(c.body, field)
	switch {
	case inHeader && !bearer, !inHeader && (!inBody || s.cfg.requireHeader):
		return refused(http.StatusUnauthorized, "Bearer", "the Authorization header is missing or holds no Bearer token")
	case inHeader && inBody && body != value:
		return refused(http.StatusBadRequest, "", `field "`+field+`" is not the token of the Authorization header`)
	case !inHeader:
		value = body
	}
	s.mu.Lock()
	entry := s.tokens.find(value)
	revoked := entry != nil && entry.status != codeant.TokenActive
	s.mu.Unlock()
	switch {
	case entry == nil:
		return refused(http.StatusUnauthorized, `Bearer error="invalid_token"`, "the token is not known")
	case revoked:
		return refused(http.StatusUnauthorized, `Bearer error="invalid_token", error_description="token revoked"`, "token revoked")
	}
	return entry, nil
}

// credentialIn returns the credential of a body, and whether the body has the field.
func credentialIn(body []byte, field string) (string, bool) {
	var object map[string]json.RawMessage
	if field == "" || json.Unmarshal(body, &object) != nil {
		return "", false
	}
	raw, has := object[field]
	var value string
	if has {
		_ = json.Unmarshal(raw, &value) // only a string can be a token
	}
	return value, has
}

// authorize refuses requests about another organization than the one that the token is limited to.
func (s *Server) authorize(who *tokenEntry, in map[string]string) *answer {
	if who.org == nil {
		return nil
	}
	name := in["org"]
	if repo := in["repo"]; repo != "" {
		name, _, _ = strings.Cut(repo, "/")
	}
	provider := codeant.Provider(in["service"] + in["platform"]) // no endpoint has both
	if name != "" && !strings.EqualFold(name, who.org.Name) || provider != "" && provider != who.org.Provider {
		a := refuse(http.StatusForbidden, "the token does not belong to this organization")
		return &a
	}
	return nil
}
