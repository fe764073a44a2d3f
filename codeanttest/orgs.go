package codeanttest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/internal/provider"
)

// firstOrganization is the one that a server begins with.
func firstOrganization() codeant.Organization {
	return codeant.Organization{Provider: codeant.GitHub, Name: "acme"}
}

// AddOrganization connects a further organization and returns a token that is bound to it: with it, requests about
// another organization or provider are 403. Tokens that it creates are bound alike, and it lists and revokes no others.
//
// A server begins with the organization acme of GitHub, and its first token reaches all organizations.
func (s *Server) AddOrganization(org codeant.Organization) codeant.Token {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.orgs = append(s.orgs, org)
	return s.tokens.create("codeanttest "+org.Name, time.Now(), &org).value
}

// SetRepositories decides which repositories an organization has: a list of records as the provider gives them, such as
// [{"full_name":"acme/shop","pushed_at":"2026-01-31T12:00:00Z"}]. Without it these are the repositories that the server
// was told of or asked to scan.
func (s *Server) SetRepositories(org codeant.Organization, raw json.RawMessage) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.repositories == nil {
		s.repositories = map[string]json.RawMessage{}
	}
	s.repositories[org.Name] = slices.Clone(raw)
}

// reaches returns the organizations that a token reaches.
func (s *Server) reaches(who *tokenEntry) []codeant.Organization {
	if who.org != nil {
		return []codeant.Organization{*who.org}
	}
	return s.orgs
}

func (s *Server) validateConnection(c *call, _ map[string]string) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	type connection struct {
		Name    string           `json:"organization_name"`
		URL     string           `json:"base_url"`
		Service codeant.Provider `json:"service"`
	}
	orgs := []connection{}
	for _, org := range s.reaches(c.token) {
		address := org.ProviderURL
		if address == "" {
			address = provider.Web(string(org.Provider))
		}
		orgs = append(orgs, connection{org.Name, address, org.Provider})
	}
	return reply(http.StatusOK, object{"status": "success", "data": object{"email": "dev@acme.example", "orgs": orgs}})
}

func (s *Server) listRepositories(c *call, in map[string]string) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.ContainsFunc(s.reaches(c.token), func(org codeant.Organization) bool { return org.Name == in["org"] }) {
		return fails("Organization not connected")
	}
	if raw, set := s.repositories[in["org"]]; set {
		return reply(http.StatusOK, object{"repos": raw})
	}
	repos := []object{}
	for _, repo := range s.scans.repositories() {
		if owner, name, _ := strings.Cut(repo, "/"); owner == in["org"] {
			repos = append(repos, object{"name": name, "full_name": repo, "private": true, "archived": false, "default_branch": "main"})
		}
	}
	return reply(http.StatusOK, object{"repos": repos})
}
