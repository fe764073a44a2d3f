package codeanttest_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/codeanttest"
)

func TestTeamsHaveState(t *testing.T) {
	t.Parallel()
	inBubble(t, nil, func(t *testing.T, _ *codeanttest.Server, client *codeant.Client) {
		ctx, org := t.Context(), codeant.Organization{Provider: codeant.AzureDevOps, Name: "acme"}
		names := func(all bool) (names []string) {
			list, err := client.Teams.List(ctx, codeant.ListTeamsRequest{Organization: org, IncludeInactive: all})
			require.NoError(t, err)
			assert.Equal(t, len(list.Teams), list.Total)
			for _, team := range list.Teams {
				names = append(names, team.Name)
			}
			return names
		}
		backend, err := client.Teams.Create(ctx, codeant.CreateTeamRequest{Organization: org, Name: "Backend", Description: "APIs", Tags: []string{"api"}, Members: []codeant.NewTeamMember{{Login: "one", Role: "lead"}}})
		require.NoError(t, err)
		web, err := client.Teams.Create(ctx, codeant.CreateTeamRequest{Organization: org, Name: "Web"})
		require.NoError(t, err)
		assert.Equal(t, []string{"Backend", "Web"}, names(false))

		empty := ""
		updated, err := client.Teams.Update(ctx, codeant.UpdateTeamRequest{Organization: org, ID: backend.ID, Description: &empty, Leads: []string{"one"}})
		require.NoError(t, err)
		assert.Equal(t, "Backend", updated.Name, "left")
		assert.Empty(t, updated.Description, "cleared")
		assert.Equal(t, []string{"api"}, updated.Tags, "left")
		updated, err = client.Teams.Update(ctx, codeant.UpdateTeamRequest{Organization: org, ID: backend.ID, Tags: []string{}})
		require.NoError(t, err)
		assert.Empty(t, updated.Tags, "cleared")
		assert.Equal(t, []string{"one"}, updated.Leads)

		change, err := client.Teams.AddMember(ctx, codeant.AddTeamMemberRequest{Organization: org, TeamID: backend.ID, Member: codeant.NewTeamMember{Login: "two"}})
		require.NoError(t, err)
		assert.Len(t, change.Team.Members, 2)
		change, err = client.Teams.RemoveMember(ctx, codeant.RemoveTeamMemberRequest{Organization: org, TeamID: backend.ID, Login: "one"})
		require.NoError(t, err)
		assert.Equal(t, "Member removed successfully", change.Message)
		got, err := client.Teams.Get(ctx, org, backend.ID)
		require.NoError(t, err)
		assert.Equal(t, []codeant.TeamMember{{Login: "two", JoinedAt: time.Now().UTC()}}, got.Members)

		require.NoError(t, client.Teams.Delete(ctx, codeant.DeleteTeamRequest{Organization: org, ID: backend.ID}))
		assert.Equal(t, []string{"Web"}, names(false))
		assert.Equal(t, []string{"Backend", "Web"}, names(true))
		require.NoError(t, client.Teams.Delete(ctx, codeant.DeleteTeamRequest{Organization: org, ID: web.ID, Hard: true}))
		assert.Equal(t, []string{"Backend"}, names(true))
		_, err = client.Teams.Get(ctx, org, web.ID)
		assert.ErrorIs(t, err, codeant.ErrNotFound)
	})
}

func TestMetricsAnswerTheirScope(t *testing.T) {
	t.Parallel()
	inBubble(t, nil, func(t *testing.T, _ *codeanttest.Server, client *codeant.Client) {
		org := codeant.Organization{Provider: codeant.GitHub, Name: "acme"}
		start, end := codeant.Date{Year: 2026, Month: time.January, Day: 1}, codeant.Date{Year: 2026, Month: time.March, Day: 1}
		active, err := client.Metrics.ActiveDevelopers(t.Context(), codeant.MetricsRequest{Organization: org, Start: start, End: end})
		require.NoError(t, err)
		assert.Equal(t, codeant.MetricsScope{Metric: "active_developers", Provider: codeant.GitHub, Organization: "acme", Start: start, End: end}, active.Scope)
		pulls, err := client.Metrics.PullRequests(t.Context(), codeant.MetricsRequest{Organization: org, Start: start, End: end})
		require.NoError(t, err)
		assert.Empty(t, pulls.Developers)
		developer := codeant.DeveloperRequest{Organization: org, Author: "one", Start: start, End: end}
		comparison, err := client.Metrics.Comparison(t.Context(), developer)
		require.NoError(t, err)
		assert.Equal(t, "one", comparison.Author)
		summary, err := client.Metrics.Summary(t.Context(), codeant.SummaryRequest{Organization: org, Author: "one", Start: start, End: end, Repositories: []string{"acme/shop"}})
		require.NoError(t, err)
		assert.True(t, json.Valid(summary.Raw))
	})
}
