package ci

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/internal/redact"
)

// maxEvent is larger than any event that names a pull request or a run. Push events may be larger, but are not read.
const maxEvent = 8 << 20

// githubEvent has the fields used here of the webhook's payload in the file that GITHUB_EVENT_PATH names.
type githubEvent struct {
	PullRequest struct {
		Number int `json:"number"`
		Head   struct {
			SHA  string               `json:"sha"`
			Ref  string               `json:"ref"`
			Repo optional[githubRepo] `json:"repo"` // null where the fork has been deleted
		} `json:"head"`
	} `json:"pull_request"`
	WorkflowRun struct {
		Event          string               `json:"event"`
		HeadSHA        string               `json:"head_sha"`
		HeadBranch     string               `json:"head_branch"`
		HeadRepository optional[githubRepo] `json:"head_repository"`
		PullRequests   []githubPull         `json:"pull_requests"`
	} `json:"workflow_run"`
	CheckSuite githubSuite `json:"check_suite"`
	CheckRun   struct {
		HeadSHA    string      `json:"head_sha"`
		CheckSuite githubSuite `json:"check_suite"`
	} `json:"check_run"`
	MergeGroup struct {
		HeadSHA string `json:"head_sha"`
	} `json:"merge_group"`
	Issue struct {
		Number      int       `json:"number"`
		PullRequest *struct{} `json:"pull_request"` // only where the issue is a pull request
	} `json:"issue"`
	SHA string `json:"sha"` // of the event status
}

type githubRepo struct {
	FullName string `json:"full_name"`
}

type githubPull struct {
	Number int `json:"number"`
}

// optional distinguishes a field that is null from one that is missing.
type optional[T any] struct {
	present bool // the field is there
	value   T    // zero for null
}

func (t *optional[T]) UnmarshalJSON(raw []byte) error {
	t.present = true
	return json.Unmarshal(raw, &t.value)
}

// githubSuite is a check suite. If the head is in a fork, head_branch is null and pull_requests is empty (GitHub,
// "Webhook events and payloads", check_suite).
type githubSuite struct {
	HeadSHA      string           `json:"head_sha"`
	HeadBranch   optional[string] `json:"head_branch"`
	PullRequests []githubPull     `json:"pull_requests"`
}

// github reads GitHub Actions. GITHUB_SHA is the commit to report on only for events of a branch or a tag. On
// pull_request and the review events it is a merge commit, on pull_request_target a commit of the base branch, on
// workflow_run, check_suite, check_run, status and issue_comment the head of the default branch (GitHub, "Events that
// trigger workflows"). For these events the commit comes from the event.
//
// Unverified: that workflow_run.head_sha is the head of the pull request even if pull_request_target started the
// earlier run. If a tag started the run, head_branch is the tag's name, which looks like a branch.
func (e env) github() facts {
	f := facts{system: "GitHub Actions", repo: e.needed(setRepo, "GITHUB_REPOSITORY")}
	f.provider, f.base = e.fixedProvider(codeant.GitHub, "GITHUB_ACTIONS", e.server("GITHUB_SERVER_URL"))
	for _, name := range []string{"FORGEJO_ACTIONS", "GITEA_ACTIONS"} {
		if e.on(name) {
			other := newProblem(name + " is set: this is not GitHub, and CodeAnt does not know its repositories; for a mirror of one that it " +
				"knows set CODEANT_PROVIDER, CODEANT_REPO and, if need be, CODEANT_PROVIDER_URL")
			f.provider, f.repo, f.base = value{err: other}, value{err: other}, value{}
			break
		}
	}
	f.branch = e.branch("GITHUB_REF")
	switch name := e.get("GITHUB_EVENT_NAME"); {
	case strings.HasPrefix(name, "pull_request"), e.get("GITHUB_HEAD_REF") != "", pullRef(e.get("GITHUB_REF")) > 0:
		e.githubPull(&f)
	case name == "workflow_run":
		e.githubRun(&f)
	case name == "check_suite", name == "check_run":
		e.githubCheck(&f, name)
	case name == "merge_group":
		e.githubQueue(&f)
	case name == "issue_comment":
		e.githubComment(&f)
	case name == "status":
		event, err := e.event()
		f.commit, f.branch = e.eventCommit(err, "sha", event.SHA), value{}
	default:
		f.commit = e.commit("GITHUB_SHA")
	}
	return f
}

func (e env) githubPull(f *facts) {
	event, err := e.event()
	pull := event.PullRequest
	f.commit = e.eventCommit(err, "pull_request.head.sha", pull.Head.SHA)
	if f.branch = e.branch("GITHUB_HEAD_REF"); f.branch.text == "" && pull.Head.Ref != "" {
		f.branch = value{text: pull.Head.Ref, source: "pull_request.head.ref"}
	}
	f.pullRequest, f.pullRequestSource = pull.Number, "pull_request.number"
	if f.pullRequest <= 0 {
		f.pullRequest, f.pullRequestSource = e.pullRef("GITHUB_REF")
	}
	f.fork = e.githubFork(pull.Head.Repo)
}

func (e env) githubRun(f *facts) {
	event, err := e.event()
	run := event.WorkflowRun
	f.commit = e.eventCommit(err, "workflow_run.head_sha", run.HeadSHA)
	f.branch = value{}
	if run.HeadBranch != "" {
		f.branch = value{text: run.HeadBranch, source: "workflow_run.head_branch"}
	}
	if strings.HasPrefix(run.Event, "pull_request") {
		f.onlyPull("workflow_run.pull_requests", run.PullRequests)
	}
	f.fork = e.githubFork(run.HeadRepository)
}

func (e env) githubCheck(f *facts, name string) {
	event, err := e.event()
	suite, sha, field := event.CheckSuite, event.CheckSuite.HeadSHA, "check_suite"
	if name == "check_run" {
		suite, sha, field = event.CheckRun.CheckSuite, event.CheckRun.HeadSHA, "check_run.check_suite"
	}
	f.commit = e.eventCommit(err, name+".head_sha", sha)
	f.branch = value{}
	if suite.HeadBranch.value != "" {
		f.branch = value{text: suite.HeadBranch.value, source: field + ".head_branch"}
	}
	f.onlyPull(field+".pull_requests", suite.PullRequests)
	f.fork = suite.HeadBranch.present && suite.HeadBranch.value == ""
}

// githubQueue reads merge_group. GITHUB_SHA is the commit of the group too, so an unreadable event does no harm.
func (e env) githubQueue(f *facts) {
	f.queue = true
	event, err := e.event()
	if err == nil && isHash(event.MergeGroup.HeadSHA) {
		f.commit = value{text: event.MergeGroup.HeadSHA, source: "merge_group.head_sha"}
		return
	}
	f.commit = e.commit("GITHUB_SHA")
}

// githubComment reads issue_comment. A comment on a pull request comes with the default branch and without the pull
// request's head.
func (e env) githubComment(f *facts) {
	event, err := e.event()
	if err == nil && event.Issue.PullRequest == nil {
		f.commit = e.commit("GITHUB_SHA")
		return
	}
	reason := "the event has a comment on a pull request, but not its head"
	if err != nil {
		reason = err.Error()
	}
	f.branch = value{}
	f.commit.err = newProblem(reason + ", and GITHUB_SHA is the default branch's on issue_comment; " +
		"check out the head of the pull request and " + setCommit)
	if event.Issue.Number > 0 {
		f.pullRequest, f.pullRequestSource = event.Issue.Number, "issue.number"
	}
}

// event reads the payload. Its errors are reported as errors of the commit, so that CODEANT_COMMIT resolves them.
func (e env) event() (githubEvent, error) {
	path := e.get("GITHUB_EVENT_PATH")
	if path == "" {
		return githubEvent{}, errors.New("GITHUB_EVENT_PATH is not set")
	}
	if e.readFile == nil {
		return githubEvent{}, errors.New("the file of GITHUB_EVENT_PATH cannot be read without a readFile function")
	}
	raw, err := e.readFile(path)
	if err != nil {
		return githubEvent{}, unread{err}
	}
	if len(raw) > maxEvent {
		return githubEvent{}, fmt.Errorf("the file of GITHUB_EVENT_PATH is larger than %d MiB", maxEvent>>20)
	}
	var event githubEvent
	if json.Unmarshal(raw, &event) != nil {
		return githubEvent{}, errors.New("the file of GITHUB_EVENT_PATH is not the JSON of an event")
	}
	return event, nil
}

// unread keeps the reason for which a file could not be read, for errors.Is.
type unread struct{ cause error }

func (u unread) Error() string {
	return "the file of GITHUB_EVENT_PATH cannot be read (" + redact.Text(u.cause.Error(), 200) + ")"
}
func (u unread) Unwrap() error { return u.cause }

// eventCommit returns the commit in a field of the event, or why it cannot be used.
func (e env) eventCommit(err error, field, sha string) value {
	reason := ""
	switch {
	case err != nil:
		reason = err.Error()
	case sha == "":
		reason = "the event has no " + field
	case !isHash(sha):
		reason = field + " " + printed(sha) + " is not a whole commit hash of 40 or 64 digits"
	default:
		return value{text: sha, source: field}
	}
	on := e.get("GITHUB_EVENT_NAME")
	if on == "" {
		on = "a pull request"
	}
	p := newProblem(reason + ", and GITHUB_SHA is another commit on " + redact.Text(on, 80) +
		"; set CODEANT_COMMIT to ${{ github.event." + field + " }}")
	if err != nil {
		p.kinds = append(p.kinds, err)
	}
	return value{err: p}
}

// githubFork reports whether the head is in another repository. A deleted repository counts as another one.
func (e env) githubFork(head optional[githubRepo]) bool {
	base := e.get("GITHUB_REPOSITORY")
	return head.present && base != "" && !strings.EqualFold(head.value.FullName, base)
}

// onlyPull takes the number of the pull request if there is exactly one.
func (f *facts) onlyPull(field string, pulls []githubPull) {
	if len(pulls) == 1 && pulls[0].Number > 0 {
		f.pullRequest, f.pullRequestSource = pulls[0].Number, field
	}
}
