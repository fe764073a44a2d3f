package codeanttest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"
)

func orgFields() []field        { return append(baseURLFields(), need("platform"), need("org")) }
func teamFields() []field       { return append(orgFields(), need("team_id")) }
func teamListFields() []field   { return append(orgFields(), mayRaw("include_inactive")) }
func teamDeleteFields() []field { return append(teamFields(), mayRaw("hard_delete")) }
func memberFields() []field     { return append(teamFields(), need("user_login")) }
func newMemberFields() []field  { return append(memberFields(), may("user_name"), may("role")) }

// teamChanges are the fields that create and update have in common.
func teamChanges() []field {
	return []field{may("description"), may("color"), may("parent_team_id"), mayRaw("team_leads"), mayRaw("repositories"), mayRaw("tags")}
}

func teamCreateFields() []field {
	return slices.Concat(orgFields(), teamChanges(), []field{need("name"), mayRaw("members")})
}

func teamUpdateFields() []field {
	return slices.Concat(teamFields(), teamChanges(), []field{may("name"), mayRaw("is_active")})
}

type team struct {
	ID           string       `json:"id"`
	Name         string       `json:"name"`
	Description  string       `json:"description"`
	Color        string       `json:"color"`
	CreatedAt    time.Time    `json:"created_at"`
	UpdatedAt    time.Time    `json:"updated_at"`
	CreatedBy    string       `json:"created_by"`
	Leads        []string     `json:"team_leads"`
	Members      []teamMember `json:"members"`
	Tags         []string     `json:"tags"`
	ParentID     *string      `json:"parent_team_id"`
	Repositories []string     `json:"repositories"`
	Active       bool         `json:"is_active"`

	org string
}

type teamMember struct {
	Login    string    `json:"user_login"`
	Name     string    `json:"user_name"`
	Role     string    `json:"role"`
	JoinedAt time.Time `json:"joined_at"`
}

func orgOf(in map[string]string) string { return in["platform"] + "/" + in["org"] }

func teamAnswer(message string, t *team) answer {
	body := map[string]any{"status": "success", "team": t}
	if message != "" {
		body["message"] = message
	}
	return reply(http.StatusOK, body)
}

// withTeam finds the team that a request names.
func (s *Server) withTeam(in map[string]string, then func(*team) answer) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.teams {
		if t.ID == in["team_id"] && t.org == orgOf(in) {
			return then(t)
		}
	}
	return refuse(http.StatusNotFound, "no such team")
}

func (s *Server) listTeams(_ *call, in map[string]string) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	teams := []*team{}
	for _, t := range s.teams {
		if t.org == orgOf(in) && (t.Active || in["include_inactive"] == "true") {
			teams = append(teams, t)
		}
	}
	return reply(http.StatusOK, map[string]any{"status": "success", "teams": teams, "total_count": len(teams)})
}

func (s *Server) getTeam(_ *call, in map[string]string) answer {
	return s.withTeam(in, func(t *team) answer { return teamAnswer("", t) })
}

func (s *Server) createTeam(_ *call, in map[string]string) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.teamsMade++
	now := time.Now().UTC()
	t := &team{
		ID: fmt.Sprintf("00000000-0000-4000-8000-%012d", s.teamsMade), CreatedAt: now, CreatedBy: "codeanttest", Active: true, org: orgOf(in),
		Leads: []string{}, Members: []teamMember{}, Tags: []string{}, Repositories: []string{},
	}
	if err := t.change(in, now); err != nil {
		return refuse(http.StatusBadRequest, "%v", err)
	}
	for i := range t.Members {
		t.Members[i].JoinedAt = now
	}
	s.teams = append(s.teams, t)
	return teamAnswer("Team created successfully", t)
}

func (s *Server) updateTeam(_ *call, in map[string]string) answer {
	return s.withTeam(in, func(t *team) answer {
		if err := t.change(in, time.Now().UTC()); err != nil {
			return refuse(http.StatusBadRequest, "%v", err)
		}
		return teamAnswer("Team updated successfully", t)
	})
}

// change takes over what the request names and leaves the rest.
func (t *team) change(in map[string]string, now time.Time) error {
	for name, to := range map[string]*string{"name": &t.Name, "description": &t.Description, "color": &t.Color} {
		if value, given := in[name]; given {
			*to = value
		}
	}
	if parent, given := in["parent_team_id"]; given {
		if t.ParentID = &parent; parent == "" {
			t.ParentID = nil
		}
	}
	others := map[string]any{
		"team_leads": &t.Leads, "repositories": &t.Repositories, "tags": &t.Tags, "members": &t.Members, "is_active": &t.Active,
	}
	for name, to := range others {
		if raw, given := in[name]; given {
			if json.Unmarshal([]byte(raw), to) != nil {
				return fmt.Errorf("field %q has the wrong type", name)
			}
		}
	}
	t.UpdatedAt = now
	return nil
}

func (s *Server) deleteTeam(_ *call, in map[string]string) answer {
	return s.withTeam(in, func(t *team) answer {
		t.Active = false
		if in["hard_delete"] == "true" {
			s.teams = slices.DeleteFunc(s.teams, func(other *team) bool { return other == t })
		}
		return reply(http.StatusOK, map[string]string{"status": "success", "message": "Team deleted successfully"})
	})
}

func (s *Server) addMember(_ *call, in map[string]string) answer {
	return s.withTeam(in, func(t *team) answer {
		t.Members = append(t.Members, teamMember{Login: in["user_login"], Name: in["user_name"], Role: in["role"], JoinedAt: time.Now().UTC()})
		return teamAnswer("Member added successfully", t)
	})
}

func (s *Server) removeMember(_ *call, in map[string]string) answer {
	return s.withTeam(in, func(t *team) answer {
		t.Members = slices.DeleteFunc(t.Members, func(m teamMember) bool { return m.Login == in["user_login"] })
		return teamAnswer("Member removed successfully", t)
	})
}
