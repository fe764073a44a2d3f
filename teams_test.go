package codeant_test

import (
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant"
)

const teamBody = `{"id":"3c90c3cc-0d44-4b50-8888-8dd25736052a","name":"Backend Team","description":"Responsible for API services","color":"#1570EF","created_at":"2023-11-07T05:31:56Z","updated_at":"2023-11-08T05:31:56Z","created_by":"x","team_leads":["l"],"members":[{"user_login":"m@acme.example","user_name":"M","joined_at":"2023-11-07T05:31:56Z","role":"member"}],"tags":["t"],"parent_team_id":"p","repositories":["my-org/backend-api"],"is_active":true,"later":1}`

var (
	acme    = codeant.Organization{Provider: codeant.GitHub, Name: "acme"}
	january = codeant.Date{Year: 2025, Month: time.January, Day: 1}
	march   = codeant.Date{Year: 2025, Month: time.March, Day: 1}
)

// answering returns a client that gets one answer to all, and where the path and body of the last request are kept.
func answering(t *testing.T, code int, answer string) (*codeant.Client, *httpmock.MockTransport, *[2]string) {
	t.Helper()
	var last [2]string
	mock := httpmock.NewMockTransport()
	mock.RegisterNoResponder(func(req *http.Request) (*http.Response, error) {
		body, err := io.ReadAll(req.Body)
		last = [2]string{req.URL.Path, string(body)}
		return httpmock.NewStringResponse(code, answer), err
	})
	return funnelClient(t, mock), mock, &last
}

func TestADocumentedTeamLandsInTypedFields(t *testing.T) {
	t.Parallel()
	client, _, sent := answering(t, 200, `{"status":"success","message":"Team created successfully","team":`+teamBody+`}`)
	team, err := client.Teams.Create(t.Context(), codeant.CreateTeamRequest{
		Organization: acme, Name: "Backend Squad", Description: "Backend API developers", Leads: []string{"a"}, Members: []codeant.NewTeamMember{{Login: "a", Name: "A", Role: "lead"}, {Login: "b"}},
	})
	require.NoError(t, err)
	assert.Equal(t, "/api/metrics/developer/teams/create", sent[0])
	assert.JSONEq(t, `{"platform":"github","org":"acme","github_base_url":"https://github.com","name":"Backend Squad","description":"Backend API developers","team_leads":["a"],"members":[{"user_login":"a","user_name":"A","role":"lead"},{"user_login":"b"}]}`, sent[1])
	assert.Equal(t, &codeant.Team{
		ID: "3c90c3cc-0d44-4b50-8888-8dd25736052a", Name: "Backend Team", Description: "Responsible for API services", Color: "#1570EF",
		CreatedAt: time.Date(2023, 11, 7, 5, 31, 56, 0, time.UTC), UpdatedAt: time.Date(2023, 11, 8, 5, 31, 56, 0, time.UTC), CreatedBy: "x",
		Leads: []string{"l"}, Members: []codeant.TeamMember{{Login: "m@acme.example", Name: "M", Role: "member", JoinedAt: time.Date(2023, 11, 7, 5, 31, 56, 0, time.UTC)}},
		Tags: []string{"t"}, ParentID: "p", Repositories: []string{"my-org/backend-api"}, Active: true, Raw: json.RawMessage(teamBody),
	}, team)
}

func TestEachTeamsRequestIsWhatThePagesSay(t *testing.T) {
	t.Parallel()
	azure := codeant.Organization{Provider: codeant.AzureDevOps, Name: "acme", ProviderURL: "https://ado.acme.example"}
	name, empty, off := "B v2", "", false
	const team = `{"status":"success","team":` + teamBody + `}`
	for _, tt := range []struct {
		call         func(*codeant.Client) error
		answer       string
		path, fields string
	}{
		{func(c *codeant.Client) error {
			list, err := c.Teams.List(t.Context(), codeant.ListTeamsRequest{Organization: azure, IncludeInactive: true})
			if err == nil {
				assert.Len(t, list.Teams, 1)
				assert.Equal(t, 123, list.Total)
			}
			return err
		}, `{"status":"success","teams":[` + teamBody + `],"total_count":123}`, "list", `,"include_inactive":true`},
		{func(c *codeant.Client) error { _, err := c.Teams.Get(t.Context(), azure, "t1"); return err }, team, "get", `,"team_id":"t1"`},
		{func(c *codeant.Client) error {
			_, err := c.Teams.Update(t.Context(), codeant.UpdateTeamRequest{Organization: azure, ID: "t1"})
			return err
		}, team, "update", `,"team_id":"t1"`},
		{func(c *codeant.Client) error {
			_, err := c.Teams.Update(t.Context(), codeant.UpdateTeamRequest{Organization: azure, ID: "t1", Name: &name, Description: &empty, Leads: []string{}, Tags: []string{"x"}, Active: &off})
			return err
		}, team, "update", `,"team_id":"t1","name":"B v2","description":"","team_leads":[],"tags":["x"],"is_active":false`},
		{func(c *codeant.Client) error {
			return c.Teams.Delete(t.Context(), codeant.DeleteTeamRequest{Organization: azure, ID: "t1"})
		}, `{"status":"success","message":"Team deleted successfully"}`, "delete", `,"team_id":"t1"`},
		{func(c *codeant.Client) error {
			return c.Teams.Delete(t.Context(), codeant.DeleteTeamRequest{Organization: azure, ID: "t1", Hard: true})
		}, `{"status":"success"}`, "delete", `,"team_id":"t1","hard_delete":true`},
		{func(c *codeant.Client) error {
			_, err := c.Teams.AddMember(t.Context(), codeant.AddTeamMemberRequest{Organization: azure, TeamID: "t1", Member: codeant.NewTeamMember{Login: "a", Role: "lead"}})
			return err
		}, `{"status":"success"}`, "members/add", `,"team_id":"t1","user_login":"a","role":"lead"`},
		{func(c *codeant.Client) error {
			change, err := c.Teams.RemoveMember(t.Context(), codeant.RemoveTeamMemberRequest{Organization: azure, TeamID: "t1", Login: "a"})
			if err == nil {
				assert.Equal(t, "Backend Team", change.Team.Name)
			}
			return err
		}, team, "members/remove", `,"team_id":"t1","user_login":"a"`},
	} {
		client, _, sent := answering(t, 200, tt.answer)
		require.NoError(t, tt.call(client), tt.path)
		assert.Equal(t, "/api/metrics/developer/teams/"+tt.path, sent[0])
		assert.JSONEq(t, `{"platform":"azure_devops","org":"acme","azure_devops_base_url":"https://ado.acme.example"`+tt.fields+`}`, sent[1])
	}
}

func TestAnAnswerWithoutItsTeamIsNoSuccess(t *testing.T) {
	t.Parallel()
	for _, answer := range []string{`{}`, `{"status":"success"}`, `{"status":"success","team":null}`, `{"status":"success","team":{}}`, `{"status":"success","team":{"id":7}}`, `{"status":"error","message":"no"}`, `[]`} {
		client, _, _ := answering(t, 200, answer)
		_, err := client.Teams.Get(t.Context(), acme, "t1")
		assert.ErrorIs(t, err, codeant.ErrBadResponse, answer)
		_, err = client.Teams.Create(t.Context(), codeant.CreateTeamRequest{Organization: acme, Name: "ab"})
		assert.ErrorIs(t, err, codeant.ErrUnknownOutcome, answer)
		_, err = client.Teams.List(t.Context(), codeant.ListTeamsRequest{Organization: acme})
		assert.ErrorIs(t, err, codeant.ErrBadResponse, answer)
	}
	client, _, _ := answering(t, 200, `{"message":"ok"}`)
	assert.ErrorIs(t, client.Teams.Delete(t.Context(), codeant.DeleteTeamRequest{Organization: acme, ID: "t1"}), codeant.ErrBadResponse)
	client, _, _ = answering(t, 404, "")
	_, err := client.Teams.AddMember(t.Context(), codeant.AddTeamMemberRequest{Organization: acme, TeamID: "t1", Member: codeant.NewTeamMember{Login: "a"}})
	assert.ErrorIs(t, err, codeant.ErrUnsupported)
}

func TestBadTeamAndMetricInputIsRefusedBeforeAnythingIsSent(t *testing.T) {
	t.Parallel()
	client, mock, _ := answering(t, 200, "{}")
	teams, metrics, ctx := client.Teams, client.Metrics, t.Context()
	_, noOrg := teams.List(ctx, codeant.ListTeamsRequest{Organization: codeant.Organization{Provider: codeant.GitHub}})
	_, noProvider := teams.List(ctx, codeant.ListTeamsRequest{})
	_, noID := teams.Get(ctx, acme, "")
	_, shortName := teams.Create(ctx, codeant.CreateTeamRequest{Organization: acme, Name: "x"})
	_, noLogin := teams.AddMember(ctx, codeant.AddTeamMemberRequest{Organization: acme, TeamID: "t"})
	_, backwards := metrics.ActiveDevelopers(ctx, codeant.MetricsRequest{Organization: acme, Start: march, End: january})
	_, noStart := metrics.PullRequests(ctx, codeant.MetricsRequest{Organization: acme, End: january})
	_, noDay := metrics.PullRequests(ctx, codeant.MetricsRequest{Organization: acme, Start: codeant.Date{Year: 2025, Month: time.February, Day: 30}, End: march})
	_, noAuthor := metrics.Comparison(ctx, codeant.DeveloperRequest{Organization: acme, Start: january, End: march})
	for err, text := range map[error]string{
		noOrg:      "codeant: organization is missing; use its name at the provider",
		noProvider: "codeant: provider is missing; use github, gitlab, bitbucket or azuredevops",
		noID:       "codeant: team ID is missing; use the ID that List returns",
		shortName:  `codeant: team name "x" is too short; use a name of 2 characters or more`,
		noLogin:    "codeant: member's login is missing; use the login that commits carry",
		backwards:  `codeant: end date "2025-01-01" is before the start date 2025-03-01; swap them`,
		noStart:    "codeant: start date is missing; use a date such as Date{2026, time.January, 31}",
		noDay:      `codeant: start date "2025-02-30" is not a valid date; use a day that exists`,
		noAuthor:   "codeant: author is missing; use a Git login or an e-mail address",
	} {
		assert.EqualError(t, err, text)
		assert.ErrorIs(t, err, codeant.ErrInvalidRequest)
	}
	assert.Zero(t, mock.GetTotalCallCount())
}

func TestDates(t *testing.T) {
	t.Parallel()
	d, err := codeant.ParseDate("2024-02-29")
	require.NoError(t, err)
	assert.Equal(t, codeant.Date{Year: 2024, Month: time.February, Day: 29}, d)
	assert.Equal(t, d, codeant.DateOf(time.Date(2024, 2, 29, 23, 59, 0, 0, time.FixedZone("", 3600))))
	text, err := json.Marshal(d)
	require.NoError(t, err)
	assert.JSONEq(t, `"2024-02-29"`, string(text))
	var back codeant.Date
	require.NoError(t, json.Unmarshal(text, &back))
	assert.Equal(t, d, back)
	_, err = codeant.ParseDate("29.2.2024")
	assert.EqualError(t, err, `codeant: date "29.2.2024" is not a valid date; use the form 2026-01-31`)
}

func TestDocumentedMetricsLandInTypedFieldsOrRaw(t *testing.T) {
	t.Parallel()
	scope := codeant.MetricsScope{
		Metric: "m", Provider: "p", Organization: "o",
		Start: codeant.Date{Year: 2023, Month: time.December, Day: 25}, End: codeant.Date{Year: 2023, Month: time.December, Day: 26},
	}
	const head = `"metric":"m","platform":"p","org":"o","start_date":"2023-12-25","end_date":"2023-12-26"`

	const developer = `{"login":"l","name":"n","commit_count":1,"repositories":["r"],"repository_commits":{"r":1},"coding_days":{"d":2},"total_additions":3,"total_deletions":4,"total_files_changed":5,"languages":{"Go":6},"commit_times":{"morning":7,"afternoon":8,"evening":9,"night":10},"repository_count":11,"avg_commit_size":12.5,"net_code_impact":13.5,"test_ratio":0.5}`
	client, _, sent := answering(t, 200, `{`+head+`,"active_developers":[`+developer+`],"total_count":123}`)
	active, err := client.Metrics.ActiveDevelopers(t.Context(), codeant.MetricsRequest{Organization: acme, Start: january, End: march})
	require.NoError(t, err)
	assert.Equal(t, "/api/metrics/developer/devs/active/get", sent[0])
	assert.JSONEq(t, `{"platform":"github","org":"acme","github_base_url":"https://github.com","start_date":"2025-01-01","end_date":"2025-03-01"}`, sent[1])
	assert.Equal(t, scope, active.Scope)
	assert.Equal(t, 123, active.Total)
	assert.Equal(t, []codeant.ActiveDeveloper{{
		Login: "l", Name: "n", Commits: 1, Repositories: []string{"r"},
		Additions: 3, Deletions: 4, FilesChanged: 5, CommitTimes: codeant.CommitTimes{Morning: 7, Afternoon: 8, Evening: 9, Night: 10},
		RepositoryCount: 11, AvgCommitSize: 12.5, NetCodeImpact: 13.5, TestRatio: 0.5, Raw: json.RawMessage(developer),
	}}, active.Developers)

	const pulls = `{"login":"l","name":"n","total_prs":1,"open_prs":2,"closed_prs":3,"merged_prs":4,"total_additions":5,"total_deletions":6,"total_files_changed":7,"repositories":["r"],"repository_prs":{},"pr_creation_dates":{},"prs_detail":[{"repository":"r","pr_number":8,"title":"t","state":"open","additions":9,"deletions":10,"files_changed":11,"created_at":"2023-11-07T05:31:56Z","merged_at":null}]}`
	client, _, sent = answering(t, 200, `{`+head+`,"developer_pr_data":[`+pulls+`],"total_count":1}`)
	prs, err := client.Metrics.PullRequests(t.Context(), codeant.MetricsRequest{Organization: acme, Start: january, End: march})
	require.NoError(t, err)
	assert.Equal(t, "/api/metrics/developer/prs/get", sent[0])
	assert.Equal(t, []codeant.DeveloperPullRequests{{
		Login: "l", Name: "n", Total: 1, Open: 2, Closed: 3, Merged: 4, Additions: 5, Deletions: 6, FilesChanged: 7, Repositories: []string{"r"},
		PullRequests: []codeant.PullRequest{{Repository: "r", Number: 8, Title: "t", State: "open", Additions: 9, Deletions: 10, FilesChanged: 11, CreatedAt: time.Date(2023, 11, 7, 5, 31, 56, 0, time.UTC)}},
		Raw:          json.RawMessage(pulls),
	}}, prs.Developers)

	client, _, sent = answering(t, 200, `{`+head+`,"author":"a","org_context":{"x":1},"developer":{"y":2}}`)
	comparison, err := client.Metrics.Comparison(t.Context(), codeant.DeveloperRequest{Organization: acme, Author: "a", Start: january, End: march})
	require.NoError(t, err)
	assert.Equal(t, "/api/metrics/developer/comparison/get", sent[0])
	assert.Equal(t, &codeant.DeveloperComparison{
		Scope: scope, Author: "a", Raw: json.RawMessage(`{` + head + `,"author":"a","org_context":{"x":1},"developer":{"y":2}}`),
	}, comparison)

	client, _, sent = answering(t, 200, `{"anything":["at all"]}`)
	summary, err := client.Metrics.Summary(t.Context(), codeant.SummaryRequest{Organization: acme, Author: "a", Start: january, End: march, Repositories: []string{"r"}})
	require.NoError(t, err)
	assert.Equal(t, "/api/metrics/developer/summary/get", sent[0])
	assert.JSONEq(t, `{"platform":"github","org":"acme","github_base_url":"https://github.com","start_date":"2025-01-01","end_date":"2025-03-01","author":"a","repositories":["r"]}`, sent[1])
	assert.JSONEq(t, `{"anything":["at all"]}`, string(summary.Raw))

	for _, answer := range []string{`{}`, `{"active_developers":{}}`, `{"active_developers":[7]}`, `{"active_developers":[null]}`, `[]`} {
		client, _, _ = answering(t, 200, answer)
		_, err := client.Metrics.ActiveDevelopers(t.Context(), codeant.MetricsRequest{Organization: acme, Start: january, End: march})
		assert.ErrorIs(t, err, codeant.ErrBadResponse, answer)
	}
}
