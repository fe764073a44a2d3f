package codeanttest

import (
	"crypto/rand"
	"net/http"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/codeant-sdk/codeant"
)

const (
	tokenAlphabet = "abcdefghijklmnopqrstuvwxyz234567"
	tokenLength   = 40
)

type tokenEntry struct {
	value   codeant.Token
	id      string
	name    string
	created time.Time
	status  codeant.TokenStatus
	org     *codeant.Organization // the only one that it reaches; nil: all
}

type tokenJSON struct {
	ID           string              `json:"id"`
	Name         string              `json:"name"`
	Last4        string              `json:"last4"`
	Provider     codeant.Provider    `json:"provider"`
	Organization string              `json:"organization"`
	CreatedAt    time.Time           `json:"created_at"`
	Status       codeant.TokenStatus `json:"status"`
}

func (t *tokenEntry) json() tokenJSON {
	org := firstOrganization()
	if t.org != nil {
		org = *t.org
	}
	return tokenJSON{t.id, t.name, t.value.Last4(), org.Provider, org.Name, t.created, t.status}
}

// sees reports whether a token lists and revokes another one.
func (t *tokenEntry) sees(other *tokenEntry) bool {
	return t.org == nil || other.org != nil && *other.org == *t.org
}

// tokenStore holds the tokens in order of creation.
type tokenStore struct{ all []*tokenEntry }

func (s *tokenStore) create(name string, now time.Time, org *codeant.Organization) *tokenEntry {
	secret := make([]byte, tokenLength-len(codeant.TokenPrefix))
	rand.Read(secret) // never fails
	for i, b := range secret {
		secret[i] = tokenAlphabet[int(b)%len(tokenAlphabet)]
	}
	value, _ := codeant.ParseToken(codeant.TokenPrefix + string(secret)) // of the right form
	t := &tokenEntry{value, "tok_" + strconv.Itoa(len(s.all)+1), name, now.UTC().Truncate(time.Second), codeant.TokenActive, org}
	s.all = append(s.all, t)
	return t
}

// find returns the token of a value, or nil.
func (s *tokenStore) find(value string) *tokenEntry {
	for _, t := range s.all {
		if t.value.Reveal() == value {
			return t
		}
	}
	return nil
}

func (s *Server) createToken(c *call, in map[string]string) answer {
	if utf8.RuneCountInString(in["name"]) > codeant.MaxTokenNameLength {
		return refuse(http.StatusBadRequest, `field "name" has more than %d characters`, codeant.MaxTokenNameLength)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tokens.create(in["name"], time.Now(), c.token.org)
	return reply(http.StatusOK, struct {
		Status string    `json:"status"`
		Token  tokenJSON `json:"token"`
		Value  string    `json:"value"`
	}{"success", t.json(), t.value.Reveal()})
}

func (s *Server) listTokens(c *call, _ map[string]string) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	tokens := make([]tokenJSON, 0, len(s.tokens.all))
	for _, t := range s.tokens.all {
		if c.token.sees(t) {
			tokens = append(tokens, t.json())
		}
	}
	return reply(http.StatusOK, struct {
		Status string      `json:"status"`
		Tokens []tokenJSON `json:"tokens"`
	}{"success", tokens})
}

func (s *Server) revokeToken(c *call, in map[string]string) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.tokens.all {
		if t.id == in["token_id"] && c.token.sees(t) {
			t.status = codeant.TokenRevoked
			return reply(http.StatusOK, map[string]string{"status": "success", "message": "Token revoked"})
		}
	}
	return refuse(http.StatusNotFound, "no token has the ID %q", in["token_id"])
}
