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
	return tokenJSON{t.id, t.name, t.value.Last4(), codeant.GitHub, "acme", t.created, t.status}
}

// tokenStore holds the tokens in order of creation.
type tokenStore struct{ all []*tokenEntry }

func (s *tokenStore) create(name string, now time.Time) (*tokenEntry, error) {
	secret := make([]byte, tokenLength-len(codeant.TokenPrefix))
	rand.Read(secret) // never fails
	for i, b := range secret {
		secret[i] = tokenAlphabet[int(b)%len(tokenAlphabet)]
	}
	value, err := codeant.ParseToken(codeant.TokenPrefix + string(secret))
	if err != nil {
		return nil, err
	}
	t := &tokenEntry{value, "tok_" + strconv.Itoa(len(s.all)+1), name, now.UTC().Truncate(time.Second), codeant.TokenActive}
	s.all = append(s.all, t)
	return t, nil
}

func (s *tokenStore) status(value string) (codeant.TokenStatus, bool) {
	for _, t := range s.all {
		if t.value.Reveal() == value {
			return t.status, true
		}
	}
	return "", false
}

func (s *Server) createToken(_ *call, in map[string]string) answer {
	if utf8.RuneCountInString(in["name"]) > codeant.MaxTokenNameLength {
		return refuse(http.StatusBadRequest, `field "name" has more than %d characters`, codeant.MaxTokenNameLength)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.tokens.create(in["name"], time.Now())
	if err != nil {
		return refuse(http.StatusInternalServerError, "%v", err)
	}
	return reply(http.StatusOK, struct {
		Status string    `json:"status"`
		Token  tokenJSON `json:"token"`
		Value  string    `json:"value"`
	}{"success", t.json(), t.value.Reveal()})
}

func (s *Server) listTokens(*call, map[string]string) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	tokens := make([]tokenJSON, 0, len(s.tokens.all))
	for _, t := range s.tokens.all {
		tokens = append(tokens, t.json())
	}
	return reply(http.StatusOK, struct {
		Status string      `json:"status"`
		Tokens []tokenJSON `json:"tokens"`
	}{"success", tokens})
}

func (s *Server) revokeToken(_ *call, in map[string]string) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.tokens.all {
		if t.id == in["token_id"] {
			t.status = codeant.TokenRevoked
			return reply(http.StatusOK, map[string]string{"status": "success", "message": "Token revoked"})
		}
	}
	return refuse(http.StatusNotFound, "there is no token %q", in["token_id"])
}
