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

// firstOrganization is the organization that every server has.
func firstOrganization() codeant.Organization {
	return codeant.Organization{Provider: codeant.GitHub, Name: "acme"}
}

// AddOrganization adds an organization and returns a token that is limited to it: requests about another organization
// or provider are answered with 403. The tokens it creates are limited in the same way, and it can list and revoke only
// those.
//
// Every server has the organization acme of GitHub. Its first token is not limited.
func (s *Server) AddOrganization(org codeant.Organization) codeant.Token {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.orgs = append(s.orgs, org)
	return s.tokens.create("codeanttest "+org.Name, time.Now(), &org).value
}

// SetRepositories sets the repositories of an organization, as a list of records in the provider's format, such as
// [{"full_name":"acme/shop","pushed_at":"2026-01-31T12:00:00Z"}]. Without it the organization has the repositories that
// were scanned or named in other Set methods.
func (s *Server) SetRepositories(org codeant.Organization, raw json.RawMessage) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.repositories == nil {
		s.repositories = map[string]json.RawMessage{}
	}
	s.repositories[org.Name] = slices.Clone(raw)
}

// reaches returns the organizations that a token may read.
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
