package codeanttest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

var (
	orgFields        = append([]field{need("platform"), need("org")}, baseURLFields...)
	teamFields       = append([]field{need("team_id")}, orgFields...)
	teamListFields   = append([]field{mayRaw("include_inactive")}, orgFields...)
	teamDeleteFields = append([]field{mayRaw("hard_delete")}, teamFields...)
	teamChanges      = []field{may("description"), may("color"), mayRaw("team_leads"), mayRaw("repositories"), mayRaw("tags"), may("parent_team_id")}
	teamCreateFields = slices.Concat([]field{need("name"), mayRaw("members")}, teamChanges, orgFields)
	teamUpdateFields = slices.Concat([]field{may("name"), mayRaw("is_active")}, teamChanges, teamFields)
	memberFields     = append([]field{need("user_login")}, teamFields...)
	newMemberFields  = append(mayAll("user_name", "role"), memberFields...)
)

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

// orgOf tells organizations apart. CodeAnt reads both spellings of Azure DevOps.
func orgOf(in map[string]string) string {
	return strings.ReplaceAll(in["platform"], "_", "") + "/" + in["org"]
}

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
	return refuse(http.StatusNotFound, "there is no such team")
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
	for name, to := range map[string]any{"team_leads": &t.Leads, "repositories": &t.Repositories, "tags": &t.Tags, "members": &t.Members, "is_active": &t.Active} {
		if raw, given := in[name]; given {
			if json.Unmarshal([]byte(raw), to) != nil {
				return fmt.Errorf("field %q is of the wrong type", name)
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
