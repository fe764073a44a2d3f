package codeant

import (
	"context"
	"encoding/json"
	"strings"

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
	Org
	Start, End Date // Required; a range that runs backwards is ErrInvalidRequest.
}

// DeveloperRequest names one developer and a range of days.
type DeveloperRequest struct {
	Org
	Author     string // Git login or e-mail. Required.
	Start, End Date   // Required.
}

// SummaryRequest names one developer, a range of days and, if need be, repositories.
type SummaryRequest struct {
	DeveloperRequest
	Repositories []string // nil: all of the organization. That it is a list of names is inferred.
}

// MetricsScope is what an answer says that it is about.
type MetricsScope struct {
	Metric   string `json:"metric"`
	Platform string `json:"platform"`
	Org      string `json:"org"`
	Start    string `json:"start_date"`
	End      string `json:"end_date"`
}

// ActiveDevelopers lists who committed.
type ActiveDevelopers struct {
	MetricsScope
	Developers []ActiveDeveloper
	Total      int // as the server counts
	Raw        json.RawMessage
}

// ActiveDeveloper is what one developer committed. Of the maps CodeAnt documents no values, so they are kept as they
// came.
type ActiveDeveloper struct {
	Login             string          `json:"login"`
	Name              string          `json:"name"`
	Commits           int             `json:"commit_count"`
	Repositories      []string        `json:"repositories"`
	RepositoryCommits json.RawMessage `json:"repository_commits"`
	CodingDays        json.RawMessage `json:"coding_days"`
	Additions         int             `json:"total_additions"`
	Deletions         int             `json:"total_deletions"`
	FilesChanged      int             `json:"total_files_changed"`
	Languages         json.RawMessage `json:"languages"`
	CommitTimes       CommitTimes     `json:"commit_times"`
	RepositoryCount   int             `json:"repository_count"`
	AvgCommitSize     float64         `json:"avg_commit_size"`
	NetCodeImpact     float64         `json:"net_code_impact"`
	TestRatio         float64         `json:"test_ratio"`
	Raw               json.RawMessage `json:"-"`
}

// CommitTimes counts commits by the time of day.
type CommitTimes struct {
	Morning   int `json:"morning"`
	Afternoon int `json:"afternoon"`
	Evening   int `json:"evening"`
	Night     int `json:"night"`
}

// PullRequestMetrics lists the pull requests of each developer.
type PullRequestMetrics struct {
	MetricsScope
	Developers []DeveloperPullRequests
	Total      int // as the server counts
	Raw        json.RawMessage
}

// DeveloperPullRequests is what one developer did in pull requests. Of the maps CodeAnt documents no values, so they are
// kept as they came.
type DeveloperPullRequests struct {
	Login            string          `json:"login"`
	Name             string          `json:"name"`
	PullRequests     int             `json:"total_prs"`
	Open             int             `json:"open_prs"`
	Closed           int             `json:"closed_prs"`
	Merged           int             `json:"merged_prs"`
	Additions        int             `json:"total_additions"`
	Deletions        int             `json:"total_deletions"`
	FilesChanged     int             `json:"total_files_changed"`
	Repositories     []string        `json:"repositories"`
	RepositoryPRs    json.RawMessage `json:"repository_prs"`
	PRCreationDates  json.RawMessage `json:"pr_creation_dates"`
	PullRequestsList []PullRequest   `json:"prs_detail"`
	Raw              json.RawMessage `json:"-"`
}

// PullRequest is one pull request. Its times are as the server wrote them; an unmerged one has no MergedAt.
type PullRequest struct {
	Repository   string `json:"repository"`
	Number       int    `json:"pr_number"`
	Title        string `json:"title"`
	State        string `json:"state"` // "open" is documented
	Additions    int    `json:"additions"`
	Deletions    int    `json:"deletions"`
	FilesChanged int    `json:"files_changed"`
	CreatedAt    string `json:"created_at"`
	MergedAt     string `json:"merged_at"`
}

// DeveloperComparison compares one developer with the organization. CodeAnt documents nothing of what is inside the two
// objects.
type DeveloperComparison struct {
	MetricsScope
	Author     string
	OrgContext json.RawMessage
	Developer  json.RawMessage
	Raw        json.RawMessage
}

// DeveloperSummary is a written summary of one developer's work. Its shape is not documented.
type DeveloperSummary struct{ Raw json.RawMessage }

type metricsWire struct {
	orgWire
	Start Date `json:"start_date"`
	End   Date `json:"end_date"`
}

func (r MetricsRequest) wire() (metricsWire, error) {
	org, err := r.Org.wire()
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
	wire, err := MetricsRequest{r.Org, r.Start, r.End}.wire()
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
	out := &ActiveDevelopers{}
	err = s.client.call(ctx, opMetricsActive, in, func(got answer) error {
		*out = ActiveDevelopers{Total: newFields(got.body).number(0, "total_count"), Raw: got.body}
		return decodeMetric(got.body, "active_developers", &out.MetricsScope, &out.Developers, func(i int, raw json.RawMessage) { out.Developers[i].Raw = raw })
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// PullRequests returns the pull requests of each developer in a range of days.
//
// Documented (docs.codeant.ai, api-reference/developer-metrics/get-developer-pr-data).
func (s *MetricsService) PullRequests(ctx context.Context, req MetricsRequest) (*PullRequestMetrics, error) {
	in, err := req.wire()
	if err != nil {
		return nil, err
	}
	out := &PullRequestMetrics{}
	err = s.client.call(ctx, opMetricsPullRequests, in, func(got answer) error {
		*out = PullRequestMetrics{Total: newFields(got.body).number(0, "total_count"), Raw: got.body}
		return decodeMetric(got.body, "developer_pr_data", &out.MetricsScope, &out.Developers, func(i int, raw json.RawMessage) { out.Developers[i].Raw = raw })
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// Comparison compares one developer with the organization.
//
// Documented (docs.codeant.ai, api-reference/developer-metrics/get-developer-comparison).
func (s *MetricsService) Comparison(ctx context.Context, req DeveloperRequest) (*DeveloperComparison, error) {
	in, err := req.wire()
	if err != nil {
		return nil, err
	}
	out := &DeveloperComparison{}
	err = s.client.call(ctx, opMetricsComparison, in, func(got answer) error {
		*out = DeveloperComparison{Author: scalar(got.body, "author"), OrgContext: member(got.body, "org_context"), Developer: member(got.body, "developer"), Raw: got.body}
		if strictjson.KindOf(out.Developer) != strictjson.Object {
			return unusable(`its field "developer" is no object`)
		}
		return decodeScope(got.body, &out.MetricsScope)
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// Summary returns a written summary of one developer's work.
//
// Documented (docs.codeant.ai, api-reference/developer-metrics/get-developer-summary) in its path and its field
// repositories; the other fields are inferred and the answer is not known.
func (s *MetricsService) Summary(ctx context.Context, req SummaryRequest) (*DeveloperSummary, error) {
	developer, err := req.wire()
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
	out := &DeveloperSummary{}
	err = s.client.call(ctx, opMetricsSummary, in, func(got answer) error {
		if len(got.body) == 0 {
			return unusable("it is empty")
		}
		out.Raw = got.body
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func decodeScope(body []byte, scope *MetricsScope) error {
	if err := strictjson.Unmarshal(body, scope); err != nil {
		return unusable("%v", err)
	}
	return nil
}

// decodeMetric fills a scope and a list, and hands the raw form of each element of the list to keep.
func decodeMetric[T any](body []byte, key string, scope *MetricsScope, list *[]T, keep func(int, json.RawMessage)) error {
	raw := member(body, key)
	if strictjson.KindOf(raw) != strictjson.Array {
		return unusable("its field %q is no list", key)
	}
	if err := strictjson.Unmarshal(raw, list); err != nil {
		return unusable("in its list %q, %v", key, err)
	}
	i := 0
	for element := range strictjson.Elements(raw) {
		if kind := strictjson.KindOf(element); kind != strictjson.Object {
			return unusable("in its list %q, an element is %s", key, kind)
		}
		keep(i, element)
		i++
	}
	return decodeScope(body, scope)
}
