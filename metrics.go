package codeant

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/codeant-sdk/codeant/internal/strictjson"
)

const metricsPath = "/api/metrics/developer/"

var (
	opMetricsActive       = operation{name: "metrics.active_developers", path: metricsPath + "devs/active/get", idempotent: true}
	opMetricsPullRequests = operation{name: "metrics.pull_requests", path: metricsPath + "prs/get", idempotent: true}
	opMetricsComparison   = operation{name: "metrics.comparison", path: metricsPath + "comparison/get", idempotent: true}
	opMetricsSummary      = operation{name: "metrics.summary", path: metricsPath + "summary/get", idempotent: true}
)

// MetricsService reads what developers did over a range of days.
type MetricsService struct{ client *Client }

// MetricsRequest names an organization and a range of days, both ends included.
type MetricsRequest struct {
	Organization Organization
	Start, End   Date // Required; a range that runs backwards is ErrInvalidRequest.
}

// DeveloperRequest names one developer and a range of days.
type DeveloperRequest struct {
	Organization Organization
	Author       string // Git login or e-mail. Required.
	Start, End   Date   // Required.
}

// SummaryRequest names one developer, a range of days and, if need be, repositories.
type SummaryRequest struct {
	Organization Organization
	Author       string   // Git login or e-mail. Required.
	Start, End   Date     // Required.
	Repositories []string // nil: all of the organization. That it is a list of names is inferred.
}

// MetricsScope is what an answer says that it is about.
type MetricsScope struct {
	Metric       string
	Provider     Provider
	Organization string
	Start, End   Date // zero if the answer does not name them
}

// ActiveDevelopers lists who committed.
type ActiveDevelopers struct {
	Scope      MetricsScope
	Developers []ActiveDeveloper
	Total      int // as the server counts
	Raw        json.RawMessage
}

// ActiveDeveloper is what one developer committed. CodeAnt documents further members without their shape; Raw has them.
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

// PullRequestMetrics lists the pull requests of each developer.
type PullRequestMetrics struct {
	Scope      MetricsScope
	Developers []DeveloperPullRequests
	Total      int // as the server counts
	Raw        json.RawMessage
}

// DeveloperPullRequests is what one developer did in pull requests. CodeAnt documents further members without their
// shape; Raw has them.
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
	MergedAt     time.Time // zero if it is not merged
}

// DeveloperComparison compares one developer with the organization. CodeAnt does not document what the comparison
// holds: see Raw, whose members are "developer" and "org_context".
type DeveloperComparison struct {
	Scope  MetricsScope
	Author string
	Raw    json.RawMessage
}

// DeveloperSummary is a written summary of one developer's work. Its shape is not documented.
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
		return developerWire{}, invalid("author", "", "is missing", "give a Git login or an e-mail address")
	}
	return developerWire{wire, r.Author}, validateText("author", r.Author)
}

// ActiveDevelopers returns who committed in a range of days.
//
// Documented (docs.codeant.ai, api-reference/developer-metrics/get-active-developers); that a CodeAnt token is accepted
// there is inferred, as of the other metrics.
func (s *MetricsService) ActiveDevelopers(ctx context.Context, req MetricsRequest) (*ActiveDevelopers, error) {
	in, err := req.wire()
	if err != nil {
		return nil, err
	}
	return fetch(ctx, clientOf(s), opMetricsActive, in, func(body []byte) (*ActiveDevelopers, error) {
		developers, err := decodeMetrics(body, "active_developers", newActiveDeveloper)
		return &ActiveDevelopers{newMetricsScope(body), developers, newFields(body).number(0, "total_count"), body}, err
	})
}

// PullRequests returns the pull requests of each developer in a range of days.
//
// Documented (docs.codeant.ai, api-reference/developer-metrics/get-developer-pr-data).
func (s *MetricsService) PullRequests(ctx context.Context, req MetricsRequest) (*PullRequestMetrics, error) {
	in, err := req.wire()
	if err != nil {
		return nil, err
	}
	return fetch(ctx, clientOf(s), opMetricsPullRequests, in, func(body []byte) (*PullRequestMetrics, error) {
		developers, err := decodeMetrics(body, "developer_pr_data", newDeveloperPullRequests)
		return &PullRequestMetrics{newMetricsScope(body), developers, newFields(body).number(0, "total_count"), body}, err
	})
}

// Comparison compares one developer with the organization.
//
// Documented (docs.codeant.ai, api-reference/developer-metrics/get-developer-comparison).
func (s *MetricsService) Comparison(ctx context.Context, req DeveloperRequest) (*DeveloperComparison, error) {
	in, err := req.wire()
	if err != nil {
		return nil, err
	}
	return fetch(ctx, clientOf(s), opMetricsComparison, in, func(body []byte) (*DeveloperComparison, error) {
		if strictjson.KindOf(member(body, "developer")) != strictjson.Object {
			return nil, unusable(`its field "developer" is no object`)
		}
		return &DeveloperComparison{newMetricsScope(body), scalar(body, "author"), body}, nil
	})
}

// Summary returns a written summary of one developer's work.
//
// Documented (docs.codeant.ai, api-reference/developer-metrics/get-developer-summary) in its path and its field
// repositories; the other fields are inferred and the answer is not known.
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
	return fetch(ctx, clientOf(s), opMetricsSummary, in, func(body []byte) (*DeveloperSummary, error) {
		if len(body) == 0 {
			return nil, unusable("it is empty")
		}
		return &DeveloperSummary{body}, nil
	})
}

func newMetricsScope(body []byte) MetricsScope {
	f := newFields(body)
	scope := MetricsScope{Metric: f.text("metric"), Provider: Provider(f.text("platform")), Organization: f.text("org")}
	if p, err := ParseProvider(string(scope.Provider)); err == nil {
		scope.Provider = p
	}
	scope.Start, _ = ParseDate(f.text("start_date"))
	scope.End, _ = ParseDate(f.text("end_date"))
	return scope
}

// decodeMetrics reads the list under key, whose elements must be objects.
func decodeMetrics[T any](body []byte, key string, decode func(json.RawMessage) T) ([]T, error) {
	list := member(body, key)
	if strictjson.KindOf(list) != strictjson.Array {
		return nil, unusable("its field %q is no list", key)
	}
	decoded := []T{}
	for element := range strictjson.Elements(list) {
		if kind := strictjson.KindOf(element); kind != strictjson.Object {
			return nil, unusable("in its list %q, an element is %s", key, kind)
		}
		decoded = append(decoded, decode(element))
	}
	return decoded, nil
}

func newActiveDeveloper(raw json.RawMessage) ActiveDeveloper {
	f, times := newFields(raw), newFields(member(raw, "commit_times"))
	return ActiveDeveloper{
		Login: f.text("login"), Name: f.text("name"), Commits: f.number(0, "commit_count"), Repositories: f.texts("repositories"),
		Additions: f.number(0, "total_additions"), Deletions: f.number(0, "total_deletions"), FilesChanged: f.number(0, "total_files_changed"),
		CommitTimes: CommitTimes{
			Morning: times.number(0, "morning"), Afternoon: times.number(0, "afternoon"),
			Evening: times.number(0, "evening"), Night: times.number(0, "night"),
		},
		RepositoryCount: f.number(0, "repository_count"), AvgCommitSize: f.float("avg_commit_size"),
		NetCodeImpact: f.float("net_code_impact"), TestRatio: f.float("test_ratio"), Raw: raw,
	}
}

func newDeveloperPullRequests(raw json.RawMessage) DeveloperPullRequests {
	f := newFields(raw)
	developer := DeveloperPullRequests{
		Login: f.text("login"), Name: f.text("name"), Total: f.number(0, "total_prs"), Open: f.number(0, "open_prs"),
		Closed: f.number(0, "closed_prs"), Merged: f.number(0, "merged_prs"), Additions: f.number(0, "total_additions"),
		Deletions: f.number(0, "total_deletions"), FilesChanged: f.number(0, "total_files_changed"), Repositories: f.texts("repositories"), Raw: raw,
	}
	for element := range strictjson.Elements(f["prs_detail"]) {
		developer.PullRequests = append(developer.PullRequests, newPullRequest(element))
	}
	return developer
}

func newPullRequest(raw json.RawMessage) PullRequest {
	f := newFields(raw)
	return PullRequest{
		Repository: f.text("repository"), Number: f.number(0, "pr_number"), Title: f.text("title"), State: f.text("state"),
		Additions: f.number(0, "additions"), Deletions: f.number(0, "deletions"), FilesChanged: f.number(0, "files_changed"),
		CreatedAt: timeOf(f.text("created_at")), MergedAt: timeOf(f.text("merged_at")),
	}
}
