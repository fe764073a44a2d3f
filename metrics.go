package codeant

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/codeant-sdk/codeant/internal/jsonscan"
)

const metricsPath = "/api/metrics/developer/"

var (
	opMetricsActive       = operation{name: "metrics.active_developers", path: metricsPath + "devs/active/get", idempotent: true}
	opMetricsPullRequests = operation{name: "metrics.pull_requests", path: metricsPath + "prs/get", idempotent: true}
	opMetricsComparison   = operation{name: "metrics.comparison", path: metricsPath + "comparison/get", idempotent: true}
	opMetricsSummary      = operation{name: "metrics.summary", path: metricsPath + "summary/get", idempotent: true}
)

// MetricsService reads metrics about the work of developers.
type MetricsService struct{ client *Client }

// MetricsRequest selects an organization and a range of days, including both ends.
type MetricsRequest struct {
	Organization Organization
	Start, End   Date // Required. End must not be before Start.
}

// DeveloperRequest selects one developer and a range of days, including both ends.
type DeveloperRequest struct {
	Organization Organization
	Author       string // Git login or e-mail. Required.
	Start, End   Date   // Required.
}

// SummaryRequest selects one developer, a range of days, including both ends, and optionally repositories.
type SummaryRequest struct {
	Organization Organization
	Author       string   // Git login or e-mail. Required.
	Start, End   Date     // Required.
	Repositories []string // Default: all of the organization. That they are names is inferred.
}

// MetricsScope is what the answer says about its content.
type MetricsScope struct {
	Metric       string
	Provider     Provider
	Organization string
	Start, End   Date // zero if the answer does not have them
}

// ActiveDevelopers lists the developers who committed.
type ActiveDevelopers struct {
	Scope      MetricsScope
	Developers []ActiveDeveloper
	Total      int // the server's count
	Raw        json.RawMessage
}

// ActiveDeveloper describes the commits of one developer. CodeAnt documents further members without their types; see Raw.
type ActiveDeveloper struct {
	Login           string
	Name            string
	Commits         int
	Repositories    []string
	Additions       int
	Deletions       int
	FilesChanged    int
	CommitTimes     CommitTimes
	RepositoryCount int
	AvgCommitSize   float64
	NetCodeImpact   float64
	TestRatio       float64
	Raw             json.RawMessage
}

// CommitTimes counts commits by the time of day.
type CommitTimes struct{ Morning, Afternoon, Evening, Night int }

// PullRequestMetrics lists developers and their pull requests.
type PullRequestMetrics struct {
	Scope      MetricsScope
	Developers []DeveloperPullRequests
	Total      int // the server's count
	Raw        json.RawMessage
}

// DeveloperPullRequests describes the pull requests of one developer. CodeAnt documents further members without their types;
// see Raw.
type DeveloperPullRequests struct {
	Login        string
	Name         string
	Total        int
	Open         int
	Closed       int
	Merged       int
	Additions    int
	Deletions    int
	FilesChanged int
	Repositories []string
	PullRequests []PullRequest
	Raw          json.RawMessage
}

// PullRequest is one pull request.
type PullRequest struct {
	Repository   string
	Number       int
	Title        string
	State        string // "open" is documented
	Additions    int
	Deletions    int
	FilesChanged int
	CreatedAt    time.Time // zero if it could not be read
	MergedAt     time.Time // zero if it is not merged or could not be read
}

// DeveloperComparison compares one developer with the organization. CodeAnt does not document the content of the
// comparison: see the members "developer" and "org_context" of Raw.
type DeveloperComparison struct {
	Scope  MetricsScope
	Author string
	Raw    json.RawMessage
}

// DeveloperSummary is a written summary of one developer's work. Its form is not documented: see Raw.
type DeveloperSummary struct{ Raw json.RawMessage }

type metricsWire struct {
	orgWire
	Start Date `json:"start_date"`
	End   Date `json:"end_date"`
}

func (r MetricsRequest) wire() (metricsWire, error) {
	org, err := r.Organization.wire()
	if err != nil {
		return metricsWire{}, err
	}
	return metricsWire{org, r.Start, r.End}, validateRange(r.Start, r.End)
}

type developerWire struct {
	metricsWire
	Author string `json:"author"`
}

func (r DeveloperRequest) wire() (developerWire, error) {
	wire, err := MetricsRequest{r.Organization, r.Start, r.End}.wire()
	if err != nil {
		return developerWire{}, err
	}
	if strings.TrimSpace(r.Author) == "" {
		return developerWire{}, invalid("author", "", "is missing", "use a Git login or an e-mail address")
	}
	return developerWire{wire, r.Author}, validateText("author", r.Author)
}

// ActiveDevelopers returns the developers who committed in a range of days.
//
// Evidence: documented (docs.codeant.ai, api-reference/developer-metrics/get-active-developers). Uncertain: whether a cdt_
// token is accepted; the values of the maps.
func (s *MetricsService) ActiveDevelopers(ctx context.Context, req MetricsRequest) (*ActiveDevelopers, error) {
	in, err := req.wire()
	if err != nil {
		return nil, err
	}
	return fetch(ctx, clientOf(s), opMetricsActive, in, func(doc jsonscan.Document) (*ActiveDevelopers, error) {
		developers, err := decodeList(doc, "active_developers", "developer", newActiveDeveloper)
		return &ActiveDevelopers{newMetricsScope(doc.Fields), developers, doc.Number("total_count"), doc.Raw()}, err
	})
}

// PullRequests returns the pull requests of each developer in a range of days.
//
// Evidence: documented (docs.codeant.ai, api-reference/developer-metrics/get-developer-pr-data). Uncertain: whether a cdt_
// token is accepted; the values of the maps.
func (s *MetricsService) PullRequests(ctx context.Context, req MetricsRequest) (*PullRequestMetrics, error) {
	in, err := req.wire()
	if err != nil {
		return nil, err
	}
	return fetch(ctx, clientOf(s), opMetricsPullRequests, in, func(doc jsonscan.Document) (*PullRequestMetrics, error) {
		developers, err := decodeList(doc, "developer_pr_data", "developer", newDeveloperPullRequests)
		return &PullRequestMetrics{newMetricsScope(doc.Fields), developers, doc.Number("total_count"), doc.Raw()}, err
	})
}

// Comparison compares one developer with the organization.
//
// Evidence: documented (docs.codeant.ai, api-reference/developer-metrics/get-developer-comparison). Uncertain: whether a
// cdt_ token is accepted; what is inside org_context and developer.
func (s *MetricsService) Comparison(ctx context.Context, req DeveloperRequest) (*DeveloperComparison, error) {
	in, err := req.wire()
	if err != nil {
		return nil, err
	}
	return fetch(ctx, clientOf(s), opMetricsComparison, in, func(doc jsonscan.Document) (*DeveloperComparison, error) {
		if developer := doc.Get("developer"); developer.Kind() != jsonscan.Object {
			return nil, unusable("%v", wrongField("developer", developer))
		}
		return &DeveloperComparison{newMetricsScope(doc.Fields), doc.Text("author"), doc.Raw()}, nil
	})
}

// Summary returns a written summary of one developer's work.
//
// Evidence: documented (docs.codeant.ai, api-reference/developer-metrics/get-developer-summary, for the path and
// repositories). Uncertain: whether a cdt_ token is accepted; the other fields and the answer.
func (s *MetricsService) Summary(ctx context.Context, req SummaryRequest) (*DeveloperSummary, error) {
	developer, err := DeveloperRequest{req.Organization, req.Author, req.Start, req.End}.wire()
	if err != nil {
		return nil, err
	}
	for _, repo := range req.Repositories {
		if err := validateText("repository", repo); err != nil {
			return nil, err
		}
	}
	in := struct {
		developerWire
		Repositories []string `json:"repositories,omitempty"`
	}{developer, req.Repositories}
	return fetch(ctx, clientOf(s), opMetricsSummary, in, func(doc jsonscan.Document) (*DeveloperSummary, error) {
		if doc.Kind() == jsonscan.Invalid {
			return nil, errEmpty
		}
		return &DeveloperSummary{doc.Raw()}, nil
	})
}

func newMetricsScope(f jsonscan.Fields) MetricsScope {
	scope := MetricsScope{Metric: f.Text("metric"), Provider: providerOf(f.Text("platform")), Organization: f.Text("org")}
	scope.Start, _ = ParseDate(f.Text("start_date"))
	scope.End, _ = ParseDate(f.Text("end_date"))
	return scope
}

func newActiveDeveloper(doc jsonscan.Document) (ActiveDeveloper, error) {
	times, err := fieldsOf(doc.Get("commit_times"))
	return ActiveDeveloper{
		Login: doc.Text("login"), Name: doc.Text("name"), Commits: doc.Number("commit_count"),
		Repositories: doc.Texts(maxElements, "repositories"),
		Additions:    doc.Number("total_additions"), Deletions: doc.Number("total_deletions"), FilesChanged: doc.Number("total_files_changed"),
		CommitTimes: CommitTimes{
			Morning: times.Number("morning"), Afternoon: times.Number("afternoon"),
			Evening: times.Number("evening"), Night: times.Number("night"),
		},
		RepositoryCount: doc.Number("repository_count"), AvgCommitSize: doc.Float("avg_commit_size"),
		NetCodeImpact: doc.Float("net_code_impact"), TestRatio: doc.Float("test_ratio"), Raw: doc.Raw(),
	}, err
}

func newDeveloperPullRequests(doc jsonscan.Document) (DeveloperPullRequests, error) {
	developer := DeveloperPullRequests{
		Login: doc.Text("login"), Name: doc.Text("name"), Total: doc.Number("total_prs"), Open: doc.Number("open_prs"),
		Closed: doc.Number("closed_prs"), Merged: doc.Number("merged_prs"), Additions: doc.Number("total_additions"),
		Deletions: doc.Number("total_deletions"), FilesChanged: doc.Number("total_files_changed"),
		Repositories: doc.Texts(maxElements, "repositories"), Raw: doc.Raw(),
	}
	for element := range doc.Get("prs_detail").Elements() {
		f, err := fieldsOf(element)
		if err != nil {
			return developer, err
		}
		if len(developer.PullRequests) == maxElements {
			return developer, tooLarge("a developer in it has more than %d pull requests", maxElements)
		}
		developer.PullRequests = append(developer.PullRequests, PullRequest{
			Repository: f.Text("repository"), Number: f.Number("pr_number"), Title: f.Text("title"), State: f.Text("state"),
			Additions: f.Number("additions"), Deletions: f.Number("deletions"), FilesChanged: f.Number("files_changed"),
			CreatedAt: f.Time("created_at"), MergedAt: f.Time("merged_at"),
		})
	}
	return developer, nil
}
