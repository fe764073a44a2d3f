package ci

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/internal/redact"
)

// maxEvent is more than any event that names a pull request or a run takes. Lists of pushed commits may be longer, but
// events of that kind are not read.
const maxEvent = 8 << 20

// githubEvent is what is needed of the file that GITHUB_EVENT_PATH names: the webhook's payload.
type githubEvent struct {
	PullRequest struct {
		Number int `json:"number"`
		Head   struct {
			SHA  string           `json:"sha"`
			Ref  string           `json:"ref"`
			Repo told[githubRepo] `json:"repo"` // null where the fork has been deleted
		} `json:"head"`
	} `json:"pull_request"`
	WorkflowRun struct {
		Event          string           `json:"event"`
		HeadSHA        string           `json:"head_sha"`
		HeadBranch     string           `json:"head_branch"`
		HeadRepository told[githubRepo] `json:"head_repository"`
		PullRequests   []githubPull     `json:"pull_requests"`
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

// told is a field that may be there, null, or missing, which are three things to say.
type told[T any] struct {
	said  bool // the field is there
	value T    // zero for null
}

func (t *told[T]) UnmarshalJSON(raw []byte) error {
	t.said = true
	return json.Unmarshal(raw, &t.value)
}

// githubSuite: where the head is in a fork, head_branch is null and pull_requests is empty (GitHub, "Webhook events and
// payloads", check_suite).
type githubSuite struct {
	HeadSHA      string       `json:"head_sha"`
	HeadBranch   told[string] `json:"head_branch"`
	PullRequests []githubPull `json:"pull_requests"`
}

// github reads GitHub Actions. GITHUB_SHA is the commit of the build only on events that are about a branch or a tag:
// on pull_request and the reviews it is a merge commit, on pull_request_target a commit of the base branch, on
// workflow_run, check_suite, check_run, status and issue_comment the head of the default branch (GitHub, "Events that
// trigger workflows"). There the event itself is asked.
//
// Unverified: that workflow_run.head_sha is the head of the pull request also where the run before was started by
// pull_request_target. head_branch of a run that a tag started is the tag's name, and nothing tells it from a branch.
func (e env) github() sighting {
	s := sighting{system: "GitHub Actions", repo: e.needed(mendRepo, "GITHUB_REPOSITORY")}
	s.provider, s.base = e.own(codeant.GitHub, "GITHUB_ACTIONS", "GITHUB_SERVER_URL")
	for _, name := range []string{"FORGEJO_ACTIONS", "GITEA_ACTIONS"} {
		if e.on(name) {
			other := wrong(name + " is set: this is not GitHub, and CodeAnt does not know its repositories; for a mirror of one that it " +
				"knows set CODEANT_PROVIDER, CODEANT_REPO and, if need be, CODEANT_PROVIDER_URL")
			s.provider, s.repo, s.base = value{err: other}, value{err: other}, value{}
			break
		}
	}
	s.branch = e.branch("GITHUB_REF")
	switch name := e.get("GITHUB_EVENT_NAME"); {
	case strings.HasPrefix(name, "pull_request"), e.get("GITHUB_HEAD_REF") != "", pullRef(e.get("GITHUB_REF")) > 0:
		e.githubPull(&s)
	case name == "workflow_run":
		e.githubRun(&s)
	case name == "check_suite", name == "check_run":
		e.githubCheck(&s, name)
	case name == "merge_group":
		e.githubQueue(&s)
	case name == "issue_comment":
		e.githubComment(&s)
	case name == "status":
		event, err := e.event()
		s.commit, s.branch = e.eventCommit(err, "sha", event.SHA), value{}
	default:
		s.commit = e.commit("GITHUB_SHA")
	}
	return s
}

func (e env) githubPull(s *sighting) {
	event, err := e.event()
	pull := event.PullRequest
	s.commit = e.eventCommit(err, "pull_request.head.sha", pull.Head.SHA)
	if s.branch = e.branch("GITHUB_HEAD_REF"); s.branch.text == "" && pull.Head.Ref != "" {
		s.branch = value{text: pull.Head.Ref, source: "pull_request.head.ref"}
	}
	s.pullRequest, s.pullRequestSource = pull.Number, "pull_request.number"
	if s.pullRequest <= 0 {
		s.pullRequest, s.pullRequestSource = e.pullRef("GITHUB_REF")
	}
	s.fork = e.githubFork(pull.Head.Repo)
}

func (e env) githubRun(s *sighting) {
	event, err := e.event()
	run := event.WorkflowRun
	s.commit = e.eventCommit(err, "workflow_run.head_sha", run.HeadSHA)
	s.branch = value{}
	if run.HeadBranch != "" {
		s.branch = value{text: run.HeadBranch, source: "workflow_run.head_branch"}
	}
	if strings.HasPrefix(run.Event, "pull_request") {
		s.onlyPull("workflow_run.pull_requests", run.PullRequests)
	}
	s.fork = e.githubFork(run.HeadRepository)
}

func (e env) githubCheck(s *sighting, name string) {
	event, err := e.event()
	suite, sha, field := event.CheckSuite, event.CheckSuite.HeadSHA, "check_suite"
	if name == "check_run" {
		suite, sha, field = event.CheckRun.CheckSuite, event.CheckRun.HeadSHA, "check_run.check_suite"
	}
	s.commit = e.eventCommit(err, name+".head_sha", sha)
	s.branch = value{}
	if suite.HeadBranch.value != "" {
		s.branch = value{text: suite.HeadBranch.value, source: field + ".head_branch"}
	}
	s.onlyPull(field+".pull_requests", suite.PullRequests)
	s.fork = suite.HeadBranch.said && suite.HeadBranch.value == ""
}

// githubQueue: on merge_group, GITHUB_SHA is the commit of the group too, so an event that cannot be read is no harm.
func (e env) githubQueue(s *sighting) {
	s.queue = true
	event, err := e.event()
	if err == nil && isHash(event.MergeGroup.HeadSHA) {
		s.commit = value{text: event.MergeGroup.HeadSHA, source: "merge_group.head_sha"}
		return
	}
	s.commit = e.commit("GITHUB_SHA")
}

// githubComment: a comment on a pull request arrives with the default branch, and without the pull request's head.
func (e env) githubComment(s *sighting) {
	event, err := e.event()
	if err == nil && event.Issue.PullRequest == nil {
		s.commit = e.commit("GITHUB_SHA")
		return
	}
	reason := "the event has a comment on a pull request, but not its head"
	if err != nil {
		reason = err.Error()
	}
	s.branch = value{}
	s.commit.err = wrong(reason + ", and GITHUB_SHA is the default branch's on issue_comment; check out the head of the pull request and " +
		mendCommit)
	if event.Issue.Number > 0 {
		s.pullRequest, s.pullRequestSource = event.Issue.Number, "issue.number"
	}
}

// event reads the payload. It is a problem of the commit, which an override mends, so the caller decides.
func (e env) event() (githubEvent, error) {
	path := e.get("GITHUB_EVENT_PATH")
	if path == "" {
		return githubEvent{}, errors.New("GITHUB_EVENT_PATH is not set")
	}
	if e.readFile == nil {
		return githubEvent{}, errors.New("the file of GITHUB_EVENT_PATH is out of reach")
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

// unread keeps the reason why a file could not be read, for errors.Is.
type unread struct{ cause error }

func (u unread) Error() string {
	return "the file of GITHUB_EVENT_PATH cannot be read (" + redact.Text(u.cause.Error(), 200) + ")"
}
func (u unread) Unwrap() error { return u.cause }

// eventCommit is the commit that the event names in field.
func (e env) eventCommit(err error, field, sha string) value {
	reason := ""
	switch {
	case err != nil:
		reason = err.Error()
	case sha == "":
		reason = "the event has no " + field
	case !isHash(sha):
		reason = field + " " + printed(sha) + " is no whole commit hash of 40 or 64 digits"
	default:
		return value{text: sha, source: field}
	}
	on := e.get("GITHUB_EVENT_NAME")
	if on == "" {
		on = "a pull request"
	}
	p := wrong(reason + ", and GITHUB_SHA is another commit on " + redact.Text(on, 80) + "; set CODEANT_COMMIT to ${{ github.event." + field + " }}")
	if err != nil {
		p.kinds = append(p.kinds, err)
	}
	return value{err: p}
}

// githubFork reports whether the head is in another repository; one that is gone was another.
func (e env) githubFork(head told[githubRepo]) bool {
	base := e.get("GITHUB_REPOSITORY")
	return head.said && base != "" && !strings.EqualFold(head.value.FullName, base)
}

// onlyPull takes the number of the pull request where there is no choice between several.
func (s *sighting) onlyPull(field string, pulls []githubPull) {
	if len(pulls) == 1 && pulls[0].Number > 0 {
		s.pullRequest, s.pullRequestSource = pulls[0].Number, field
	}
}

// pullRef is the number in a ref such as refs/pull/7/merge.
func (e env) pullRef(name string) (int, string) {
	if n := pullRef(e.get(name)); n > 0 {
		return n, name
	}
	return 0, ""
}
