package codeant

import (
	"cmp"
	"context"
	"encoding/json"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/codeant-sdk/codeant/internal/jsonscan"
	"github.com/codeant-sdk/codeant/internal/redact"
)

const teamsPath = "/api/metrics/developer/teams/"

var (
	opTeamsList         = operation{name: "teams.list", path: teamsPath + "list", idempotent: true}
	opTeamsGet          = operation{name: "teams.get", path: teamsPath + "get", idempotent: true}
	opTeamsCreate       = operation{name: "teams.create", path: teamsPath + "create"}
	opTeamsUpdate       = operation{name: "teams.update", path: teamsPath + "update", idempotent: true}
	opTeamsDelete       = operation{name: "teams.delete", path: teamsPath + "delete", idempotent: true}
	opTeamsAddMember    = operation{name: "teams.members.add", path: teamsPath + "members/add", unsupported: noSuchTeam}
	opTeamsRemoveMember = operation{name: "teams.members.remove", path: teamsPath + "members/remove", idempotent: true}
)

const noSuchTeam = "the team is unknown, or this server has no endpoint to add a member: use CodeAnt's web app"

const minTeamName = 2 // characters

// Reserved team names: the members of TeamDisabledMembers and the repositories of TeamDisabledRepos are excluded from all
// metrics of the organization (docs.codeant.ai, api-reference, create-team).
const (
	TeamDisabledMembers = "codeant-disabled-members"
	TeamDisabledRepos   = "codeant-disabled-repos"
)

// TeamsService manages the teams by which metrics are grouped.
type TeamsService struct{ client *Client }

// Team is a group of developers and repositories.
type Team struct {
	ID           string
	Name         string
	Description  string
	Color        string // such as "#1570EF"
	CreatedAt    time.Time
	UpdatedAt    time.Time
	CreatedBy    string
	Leads        []string // logins
	Members      []TeamMember
	Tags         []string
	ParentID     string // of the team above it, if any
	Repositories []string
	Active       bool
	Raw          json.RawMessage // the unmodified team
}

// TeamMember is a member of a team.
type TeamMember struct {
	Login    string
	Name     string
	Role     string // such as "lead" or "member"
	JoinedAt time.Time
}

// TeamList is the result of List.
type TeamList struct {
	Teams []Team
	Total int // the server's count
	Raw   json.RawMessage
}

// ListTeamsRequest asks for the teams of an organization.
type ListTeamsRequest struct {
	Organization    Organization
	IncludeInactive bool // include teams that were deleted without Hard
}

// CreateTeamRequest asks for a new team.
type CreateTeamRequest struct {
	Organization Organization
	Name         string // at least 2 characters; two names are reserved, see TeamDisabledMembers. Required.
	Description  string
	Color        string
	Leads        []string
	Repositories []string
	Members      []NewTeamMember
	Tags         []string
	ParentID     string
}

// NewTeamMember is a member to add to a team.
type NewTeamMember struct {
	Login string `json:"user_login"` // Required.
	Name  string `json:"user_name,omitempty"`
	Role  string `json:"role,omitempty"` // "lead" or "member"
}

// UpdateTeamRequest describes changes to a team. Fields that are nil are not changed. A pointer to an empty string, or an
// empty list that is not nil, clears the field.
type UpdateTeamRequest struct {
	Organization Organization
	ID           string // Required.
	Name         *string
	Description  *string
	Leads        []string
	Color        *string // from here on, that the field can be changed is inferred
	Repositories []string
	Tags         []string
	ParentID     *string
	Active       *bool
}

// DeleteTeamRequest asks to delete a team.
type DeleteTeamRequest struct {
	Organization Organization
	ID           string // Required.
	Hard         bool   // delete permanently instead of marking the team inactive
}

// AddTeamMemberRequest asks to add a member to a team.
type AddTeamMemberRequest struct {
	Organization Organization
	TeamID       string // Required.
	Member       NewTeamMember
}

// RemoveTeamMemberRequest asks to remove a member from a team.
type RemoveTeamMemberRequest struct {
	Organization Organization
	TeamID       string // Required.
	Login        string // Required.
}

// TeamChange is the result of Delete, AddMember and RemoveMember.
type TeamChange struct {
	Message string
	Team    *Team // nil if the answer has none
	Raw     json.RawMessage
}

// List returns the teams of an organization.
//
// Evidence: documented (docs.codeant.ai, api-reference/developer-metrics--teams/list-teams). Uncertain: whether
// the list is paged: compare Total.
func (s *TeamsService) List(ctx context.Context, req ListTeamsRequest) (*TeamList, error) {
	org, err := req.Organization.wire()
	if err != nil {
		return nil, err
	}
	in := struct {
		orgWire
		IncludeInactive bool `json:"include_inactive,omitempty"`
	}{org, req.IncludeInactive}
	return fetch(ctx, clientOf(s), opTeamsList, in, func(doc jsonscan.Document) (*TeamList, error) {
		teams, err := decodeList(doc, "teams", "team", decodeTeam)
		return &TeamList{Teams: teams, Total: doc.Number("total_count"), Raw: doc.Raw()}, err
	})
}

type teamIDWire struct {
	orgWire
	ID string `json:"team_id"`
}

func newTeamIDWire(org Organization, id string) (teamIDWire, error) {
	wire, err := org.wire()
	if err != nil {
		return teamIDWire{}, err
	}
	if id == "" {
		return teamIDWire{}, invalid("team ID", "", "is missing", "use the ID that List returns")
	}
	return teamIDWire{wire, id}, validateText("team ID", id)
}

// Get returns a team. If there is no such team, the error is ErrNotFound.
//
// Evidence: documented (docs.codeant.ai, api-reference/developer-metrics--teams/get-team).
func (s *TeamsService) Get(ctx context.Context, org Organization, id string) (*Team, error) {
	in, err := newTeamIDWire(org, id)
	if err != nil {
		return nil, err
	}
	return s.team(ctx, opTeamsGet, in)
}

// Create creates a team. If the answer is lost, it is not retried and the error is ErrUnknownOutcome.
//
// Evidence: documented (docs.codeant.ai, api-reference/developer-metrics--teams/create-team).
func (s *TeamsService) Create(ctx context.Context, req CreateTeamRequest) (*Team, error) {
	org, err := req.Organization.wire()
	if err != nil {
		return nil, err
	}
	if err := validateTeamName(req.Name); err != nil {
		return nil, err
	}
	for _, m := range req.Members {
		if err := m.validate(); err != nil {
			return nil, err
		}
	}
	in := struct {
		orgWire
		Name         string          `json:"name"`
		Description  string          `json:"description,omitempty"`
		Color        string          `json:"color,omitempty"`
		Leads        []string        `json:"team_leads,omitempty"`
		Repositories []string        `json:"repositories,omitempty"`
		Members      []NewTeamMember `json:"members,omitempty"`
		Tags         []string        `json:"tags,omitempty"`
		ParentID     string          `json:"parent_team_id,omitempty"`
	}{org, req.Name, req.Description, req.Color, req.Leads, req.Repositories, req.Members, req.Tags, req.ParentID}
	return s.team(ctx, opTeamsCreate, in)
}

func validateTeamName(name string) error {
	if utf8.RuneCountInString(strings.TrimSpace(name)) < minTeamName {
		return invalid("team name", name, "is too short", "use a name of 2 characters or more")
	}
	return validateText("team name", name)
}

func (m NewTeamMember) validate() error {
	return cmp.Or(validateLogin(m.Login), validateText("member's name", m.Name), validateText("member's role", m.Role))
}

func validateLogin(login string) error {
	if strings.TrimSpace(login) == "" {
		return invalid("member's login", "", "is missing", "use the login that commits carry")
	}
	return validateText("member's login", login)
}

// Update changes a team and returns its new state.
//
// Evidence: documented (docs.codeant.ai, api-reference/developer-metrics--teams/update-team). Uncertain: all fields but name,
// description and leads.
func (s *TeamsService) Update(ctx context.Context, req UpdateTeamRequest) (*Team, error) {
	id, err := newTeamIDWire(req.Organization, req.ID)
	if err != nil {
		return nil, err
	}
	if req.Name != nil {
		if err := validateTeamName(*req.Name); err != nil {
			return nil, err
		}
	}
	in := struct {
		teamIDWire
		Name         *string  `json:"name,omitzero"`
		Description  *string  `json:"description,omitzero"`
		Leads        []string `json:"team_leads,omitzero"`
		Color        *string  `json:"color,omitzero"`
		Repositories []string `json:"repositories,omitzero"`
		Tags         []string `json:"tags,omitzero"`
		ParentID     *string  `json:"parent_team_id,omitzero"`
		Active       *bool    `json:"is_active,omitzero"`
	}{id, req.Name, req.Description, req.Leads, req.Color, req.Repositories, req.Tags, req.ParentID, req.Active}
	return s.team(ctx, opTeamsUpdate, in)
}

// Delete marks a team inactive, or removes it for good if Hard is set.
//
// Evidence: documented (docs.codeant.ai, api-reference/developer-metrics--teams/delete-team).
func (s *TeamsService) Delete(ctx context.Context, req DeleteTeamRequest) error {
	id, err := newTeamIDWire(req.Organization, req.ID)
	if err != nil {
		return err
	}
	in := struct {
		teamIDWire
		Hard bool `json:"hard_delete,omitempty"`
	}{id, req.Hard}
	_, err = s.change(ctx, opTeamsDelete, in)
	return err
}

// AddMember adds a member to a team. If the answer is lost, it is not retried and the error is ErrUnknownOutcome.
//
// Experimental: inferred. If the server does not have it, the error is ErrUnsupported.
//
// Evidence: inferred (from RemoveMember and the page of create-team, which mentions such an endpoint). Uncertain: everything.
func (s *TeamsService) AddMember(ctx context.Context, req AddTeamMemberRequest) (*TeamChange, error) {
	id, err := newTeamIDWire(req.Organization, req.TeamID)
	if err != nil {
		return nil, err
	}
	if err := req.Member.validate(); err != nil {
		return nil, err
	}
	in := struct {
		teamIDWire
		NewTeamMember
	}{id, req.Member}
	return s.change(ctx, opTeamsAddMember, in)
}

// RemoveMember removes a member from a team.
//
// Evidence: documented (docs.codeant.ai, api-reference/developer-metrics--teams/remove-team-member, for the path and user_login).
// Uncertain: the other fields and the answer.
func (s *TeamsService) RemoveMember(ctx context.Context, req RemoveTeamMemberRequest) (*TeamChange, error) {
	id, err := newTeamIDWire(req.Organization, req.TeamID)
	if err != nil {
		return nil, err
	}
	if err := validateLogin(req.Login); err != nil {
		return nil, err
	}
	in := struct {
		teamIDWire
		Login string `json:"user_login"`
	}{id, req.Login}
	return s.change(ctx, opTeamsRemoveMember, in)
}

// team makes a call whose answer has a team.
func (s *TeamsService) team(ctx context.Context, op operation, in any) (*Team, error) {
	return fetch(ctx, clientOf(s), op, in, func(doc jsonscan.Document) (*Team, error) { return teamOf(doc.Get("team")) })
}

// change makes a call whose answer may lack the team.
func (s *TeamsService) change(ctx context.Context, op operation, in any) (*TeamChange, error) {
	return fetch(ctx, clientOf(s), op, in, func(doc jsonscan.Document) (*TeamChange, error) {
		if err := wantSuccess(doc); err != nil {
			return nil, err
		}
		change := &TeamChange{Message: redact.Text(doc.Text("message"), maxPrintedMessage), Raw: doc.Raw()}
		raw := doc.Get("team")
		if raw.Kind() != jsonscan.Object {
			return change, nil
		}
		team, err := teamOf(raw)
		change.Team = team
		return change, err
	})
}

func teamOf(raw jsonscan.Value) (*Team, error) {
	if raw.Kind() != jsonscan.Object {
		return nil, unusable("%v", wrongField("team", raw))
	}
	fields, err := fieldsOf(raw)
	if err != nil {
		return nil, err
	}
	team, err := decodeTeam(jsonscan.Document{Fields: fields, Value: raw})
	if err != nil {
		return nil, unusable("team: %v", err)
	}
	return &team, nil
}

func decodeTeam(doc jsonscan.Document) (Team, error) {
	id, err := wantText(doc.Fields, "id")
	team := Team{
		ID: id, Name: doc.Text("name"), Description: doc.Text("description"), Color: doc.Text("color"),
		CreatedAt: doc.Time("created_at"), UpdatedAt: doc.Time("updated_at"), CreatedBy: doc.Text("created_by"),
		Leads: doc.Texts(maxElements, "team_leads"), Tags: doc.Texts(maxElements, "tags"), ParentID: doc.Text("parent_team_id"),
		Repositories: doc.Texts(maxElements, "repositories"), Active: doc.True("is_active"), Raw: doc.Raw(),
	}
	for member := range doc.Get("members").Elements() {
		f, memberErr := fieldsOf(member)
		err = cmp.Or(err, memberErr)
		team.Members = append(team.Members, TeamMember{
			Login: f.Text("user_login"), Name: f.Text("user_name"), Role: f.Text("role"), JoinedAt: f.Time("joined_at"),
		})
	}
	return team, err
}
