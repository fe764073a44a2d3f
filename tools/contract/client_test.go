package contract_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/codeanttest"
	"github.com/codeant-sdk/codeant/tools/contract"
)

// undescribed are the operations that the description leaves out: the endpoints for tokens are inferred, and the storage
// is not CodeAnt's.
var undescribed = []string{"coverage.put", "tokens.create", "tokens.list", "tokens.revoke"}

// centre are the operations of the scan centre, which has a description of its own.
var centre = []string{
	"account.repositories", "account.verify", "scans.dismissals", "scans.results.complex_functions", "scans.results.dead_code",
	"scans.results.docstring", "scans.results.duplicate_code", "scans.results.iac",
}

func TestEveryRequestOfTheClientIsAsDescribed(t *testing.T) {
	t.Parallel()
	server := codeanttest.NewServer(t)
	client, err := server.Client()
	require.NoError(t, err)
	for _, provider := range []codeant.Provider{codeant.GitHub, codeant.GitLab, codeant.Bitbucket, codeant.AzureDevOps} {
		for _, baseURL := range []string{"", "https://git.acme.example"} {
			callEverything(t, client, codeant.Revision{Provider: provider, Repo: "acme/shop", Commit: "0123456789abcdef0123456789abcdef01234567", Branch: "main", ProviderURL: baseURL})
		}
	}

	var requests []contract.Request
	for _, r := range server.Requests() {
		requests = append(requests, contract.Request(r))
	}
	for _, op := range codeanttest.Operations() {
		if op != "call" && !strings.HasPrefix(op, "extension.") {
			assert.True(t, reached(requests, op), "callEverything does not call %s: add it there", op)
		}
	}

	spec, ok := described(t)
	if !ok {
		return
	}
	require.NoError(t, spec.CheckAll(requests, slices.Concat(undescribed, centre)...),
		"an operation whose path the description leaves out belongs in undescribed")
	assert.Equal(t, []string{"getCoverageScript", "getQualityGatesScript", "getScanScript"}, spec.Unused(requests), "this client replaces the scripts")

	extension, ok := describedCentre(t)
	if !ok {
		return
	}
	requests = slices.DeleteFunc(requests, func(r contract.Request) bool { return !slices.Contains(centre, r.Op) })
	require.NoError(t, extension.CheckAll(requests))
	assert.Equal(t, []string{"getIssueOverrides", "getScanCenterHistory", "runAnalysis"}, extension.Unused(requests), "docs/api.md says why")
}

func reached(requests []contract.Request, op string) bool {
	for _, r := range requests {
		if r.Op == op {
			return true
		}
	}
	return false
}

// callEverything calls every method once, with every field filled.
func callEverything(t *testing.T, client *codeant.Client, rev codeant.Revision) {
	t.Helper()
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		require.NoError(t, err)
	}
	created, err := client.Tokens.Create(ctx, codeant.CreateTokenRequest{Name: "contract"})
	must(err)
	_, err = client.Tokens.List(ctx)
	must(err)
	must(client.Tokens.Revoke(ctx, created.ID))

	_, err = client.Coverage.Upload(ctx, codeant.CoverageUpload{
		Revision: rev, Module: "web", ModulePath: "web/app", Body: strings.NewReader("TN:\nSF:a.js\nDA:1,1\nend_of_record\n"),
	})
	must(err)

	analyses := []codeant.Analysis{
		codeant.SAST, codeant.SCA, codeant.Secrets, codeant.SBOM, codeant.AntiPatterns,
		codeant.IaC, codeant.DeadCode, codeant.DuplicateCode, codeant.Docstrings, codeant.ComplexFunctions,
	}
	_, err = client.Scans.Run(ctx, codeant.ScanRequest{Revision: rev, Include: []string{"src/**"}, Exclude: []string{"a", "b"}}, codeant.WaitOptions{}, analyses...)
	must(err)
	_, err = client.Scans.Run(ctx, codeant.ScanRequest{Revision: rev}, codeant.WaitOptions{})
	must(err)
	_, err = client.Scans.History(ctx, rev)
	must(err)
	for _, a := range analyses {
		if a != codeant.SBOM {
			_, err = client.Scans.Dismissals(ctx, rev.Repo, a)
			must(err)
		}
	}
	identity, err := client.Account.Verify(ctx)
	must(err)
	_, err = client.Account.Repositories(ctx, identity.Organizations[0])
	must(err)
	_, err = client.Gates.Run(ctx, rev, codeant.WaitOptions{})
	must(err)

	agent, err := client.Agents.Start(ctx, codeant.AgentScanRequest{Revision: rev, Prompt: "threat_hunting", Include: []string{"src/**"}, Exclude: []string{"a"}})
	must(err)
	_, err = client.Agents.Wait(ctx, rev.Repo, agent.ID, codeant.WaitOptions{})
	must(err)
	_, err = client.Agents.History(ctx, rev.Repo)
	must(err)

	callTeams(t, client, codeant.Organization{Provider: rev.Provider, Name: "acme", ProviderURL: rev.ProviderURL})
}

func callTeams(t *testing.T, client *codeant.Client, org codeant.Organization) {
	t.Helper()
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		require.NoError(t, err)
	}
	member := codeant.NewTeamMember{Login: "one", Name: "One", Role: "lead"}
	team, err := client.Teams.Create(ctx, codeant.CreateTeamRequest{
		Organization: org, Name: "Shop", Description: "d", Color: "#1570EF", Leads: []string{"one"}, Repositories: []string{"acme/shop"},
		Members: []codeant.NewTeamMember{member}, Tags: []string{"t"}, ParentID: "p",
	})
	must(err)
	text, on := "Text", true
	_, err = client.Teams.Update(ctx, codeant.UpdateTeamRequest{
		Organization: org, ID: team.ID, Name: &text, Description: &text, Leads: []string{}, Color: &text, Repositories: []string{"r"}, Tags: []string{}, ParentID: &text, Active: &on,
	})
	must(err)
	_, err = client.Teams.Get(ctx, org, team.ID)
	must(err)
	_, err = client.Teams.List(ctx, codeant.ListTeamsRequest{Organization: org, IncludeInactive: true})
	must(err)
	_, err = client.Teams.AddMember(ctx, codeant.AddTeamMemberRequest{Organization: org, TeamID: team.ID, Member: member})
	must(err)
	_, err = client.Teams.RemoveMember(ctx, codeant.RemoveTeamMemberRequest{Organization: org, TeamID: team.ID, Login: member.Login})
	must(err)
	must(client.Teams.Delete(ctx, codeant.DeleteTeamRequest{Organization: org, ID: team.ID, Hard: true}))

	start, end := codeant.Date{Year: 2026, Month: time.January, Day: 1}, codeant.Date{Year: 2026, Month: time.March, Day: 1}
	_, err = client.Metrics.ActiveDevelopers(ctx, codeant.MetricsRequest{Organization: org, Start: start, End: end})
	must(err)
	_, err = client.Metrics.PullRequests(ctx, codeant.MetricsRequest{Organization: org, Start: start, End: end})
	must(err)
	developer := codeant.DeveloperRequest{Organization: org, Author: "one", Start: start, End: end}
	_, err = client.Metrics.Comparison(ctx, developer)
	must(err)
	_, err = client.Metrics.Summary(ctx, codeant.SummaryRequest{Organization: org, Author: "one", Start: start, End: end, Repositories: []string{"acme/shop"}})
	must(err)
}
