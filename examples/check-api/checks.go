package main

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/codeant-sdk/codeant"
)

// check calls one endpoint.
type check struct {
	op       string
	evidence string // documented, observed or inferred: what is known about the endpoint so far
	missing  string // why it is not called
	ask      func(ctx context.Context) error
}

// subject is the commit and the organization that the calls are about.
type subject struct {
	revision codeant.Revision
	org      codeant.Organization
	author   string // of commits, for the metrics of one developer
	write    bool
}

// report is a small coverage report about a file that does not exist.
const report = `<?xml version="1.0"?><coverage line-rate="1" version="1"><packages><package name="codeant-check-api"><classes>` +
	`<class filename="codeant-check-api.txt" name="check" line-rate="1"><lines><line number="1" hits="1"/></lines></class>` +
	`</classes></package></packages></coverage>`

// checks lists the calls, in order. stranger is a client with an unknown token.
func checks(client, stranger *codeant.Client, about subject) []check {
	return append(append(append(
		readsOfScans(client, about),
		readsOfOrganization(client, about)...),
		readsOfScanCenter(client, about)...),
		append(writes(client, about), check{"unauthorized", "inferred", "", func(ctx context.Context) error {
			_, err := stranger.Tokens.List(ctx)
			return err
		}})...)
}

// results reads the results of one analysis.
func results(client *codeant.Client, rev codeant.Revision, evidence string, a codeant.Analysis) check {
	return check{"scans.results." + string(a), evidence, "", func(ctx context.Context) error {
		_, err := client.Scans.Results(ctx, rev, a)
		return err
	}}
}

func readsOfScans(client *codeant.Client, about subject) []check {
	rev := about.revision
	return []check{
		{"tokens.list", "inferred", "", func(ctx context.Context) error {
			_, err := client.Tokens.List(ctx)
			return err
		}},
		results(client, rev, "documented", codeant.SAST),
		results(client, rev, "observed", codeant.SCA),
		results(client, rev, "documented", codeant.Secrets),
		results(client, rev, "documented", codeant.SBOM),
		results(client, rev, "documented", codeant.AntiPatterns),
		{"scans.history", "documented", "", func(ctx context.Context) error {
			_, err := client.Scans.History(ctx, rev)
			return err
		}},
		{"gates.results", "observed", "", func(ctx context.Context) error {
			_, err := client.Gates.Results(ctx, rev)
			return err
		}},
		{"agents.history", "documented", "", func(ctx context.Context) error {
			scans, err := client.Agents.History(ctx, rev.Repo)
			if err != nil || len(scans) == 0 {
				return err
			}
			_, err = client.Agents.Results(ctx, rev.Repo, scans[0].ID)
			return err
		}},
	}
}

func readsOfOrganization(client *codeant.Client, about subject) []check {
	end := codeant.DateOf(time.Now())
	start := codeant.DateOf(time.Now().AddDate(0, 0, -30))
	span := codeant.MetricsRequest{Organization: about.org, Start: start, End: end}
	noAuthor := ""
	if about.author == "" {
		noAuthor = "needs -author"
	}
	return []check{
		{"teams.list", "documented", "", func(ctx context.Context) error {
			list, err := client.Teams.List(ctx, codeant.ListTeamsRequest{Organization: about.org})
			if err != nil || len(list.Teams) == 0 {
				return err
			}
			_, err = client.Teams.Get(ctx, about.org, list.Teams[0].ID)
			return err
		}},
		{"metrics.active_developers", "documented", "", func(ctx context.Context) error {
			_, err := client.Metrics.ActiveDevelopers(ctx, span)
			return err
		}},
		{"metrics.pull_requests", "documented", "", func(ctx context.Context) error {
			_, err := client.Metrics.PullRequests(ctx, span)
			return err
		}},
		{"metrics.comparison", "documented", noAuthor, func(ctx context.Context) error {
			_, err := client.Metrics.Comparison(ctx, codeant.DeveloperRequest{
				Organization: about.org, Author: about.author, Start: start, End: end,
			})
			return err
		}},
		{"metrics.summary", "documented", noAuthor, func(ctx context.Context) error {
			_, err := client.Metrics.Summary(ctx, codeant.SummaryRequest{
				Organization: about.org, Author: about.author, Start: start, End: end,
			})
			return err
		}},
	}
}

// readsOfScanCenter calls the endpoints of CodeAnt's command line client. If no method of package codeant has an
// endpoint, it uses Call.
func readsOfScanCenter(client *codeant.Client, about subject) []check {
	call := func(op, path string, body map[string]any) check {
		return check{op, "observed", "", func(ctx context.Context) error {
			var out any
			return client.Call(ctx, codeant.Request{Path: path, Body: body, Idempotent: true}, &out)
		}}
	}
	const center = "/extension/scans2/"
	rev := about.revision
	called := func(op, path, kind string) check {
		return call(op, center+path, map[string]any{
			"repo": rev.Repo, "commit_id": rev.Commit, "result_type": kind, "filter_dismissed": false, "include_false_positives": true,
		})
	}
	return []check{
		{"account.verify", "observed", "", func(ctx context.Context) error {
			_, err := client.Account.Verify(ctx)
			return err
		}},
		{"account.repositories", "observed", "", func(ctx context.Context) error {
			_, err := client.Account.Repositories(ctx, about.org)
			return err
		}},
		call("extension.history", center+"get-scan-history", map[string]any{"repo": rev.Repo}),
		called("extension.results.security_issues", "fetch-results", "security_issues"),
		called("extension.results.sca", "fetch-advanced-results", "sca"),
		results(client, rev, "observed", codeant.Docstrings),
		results(client, rev, "observed", codeant.ComplexFunctions),
		results(client, rev, "observed", codeant.IaC),
		results(client, rev, "observed", codeant.DeadCode),
		results(client, rev, "observed", codeant.DuplicateCode),
		{"scans.dismissals", "observed", "", func(ctx context.Context) error {
			_, err := client.Scans.Dismissals(ctx, rev.Repo, codeant.SAST)
			return err
		}},
	}
}

func writes(client *codeant.Client, about subject) []check {
	missing := "needs -write"
	if about.write {
		missing = ""
	}
	rev := about.revision
	return []check{
		{"coverage.presign", "observed", missing, func(ctx context.Context) error {
			_, err := client.Coverage.Upload(ctx, codeant.CoverageUpload{
				Revision: rev, Module: "codeant-check-api", Body: strings.NewReader(report),
			})
			return err
		}},
		{"scans.start", "documented", missing, func(ctx context.Context) error {
			_, err := client.Scans.Start(ctx, codeant.ScanRequest{Revision: rev})
			return err
		}},
		{"gates.start", "observed", missing, func(ctx context.Context) error {
			_, err := client.Gates.Start(ctx, rev)
			return err
		}},
		{"tokens.create", "inferred", missing, func(ctx context.Context) error {
			created, err := client.Tokens.Create(ctx, codeant.CreateTokenRequest{Name: "codeant-check-api"})
			if created == nil {
				return err
			}
			// The token must be revoked even if the program is interrupted.
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
			defer cancel()
			return errors.Join(err, client.Tokens.Revoke(ctx, created.ID))
		}},
	}
}
