package ci_test

import (
	"strings"
	"testing"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/ci"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var actions = vars{
	"CI": "true", "GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "acme/shop", "GITHUB_SHA": merge, "GITHUB_SERVER_URL": "https://github.com",
	"GITHUB_EVENT_PATH": "/github/event.json",
}

const (
	pullEvent = `{"action":"synchronize","number":7,"pull_request":{"number":7,"title":"Add \"x\"","merge_commit_sha":"` + merge + `",
		"head":{"ref":"feature/x","sha":"` + head + `","repo":{"full_name":"acme/shop"}},
		"base":{"ref":"main","sha":"` + merge + `","repo":{"full_name":"acme/shop"}}},"repository":{"full_name":"acme/shop"}}`
	forkEvent = `{"pull_request":{"number":7,"head":{"ref":"main","sha":"` + head + `","repo":{"full_name":"contributor/shop"}}}}`
	goneEvent = `{"pull_request":{"number":7,"head":{"ref":"main","sha":"` + head + `","repo":null}}}`
)

// onActions is what comes out for acme/shop on GitHub Actions.
func onActions(commit, source, branch, branchSource string, more vars) ci.Build {
	sources := vars{"provider": "GITHUB_ACTIONS", "repo": "GITHUB_REPOSITORY", "commit": source, "provider_url": "GITHUB_SERVER_URL"}
	if branch != "" {
		sources["branch"] = branchSource
	}
	return ci.Build{
		System:   "GitHub Actions",
		Revision: codeant.Revision{Provider: codeant.GitHub, Repo: "acme/shop", Commit: commit, Branch: branch, ProviderURL: "https://github.com"},
		Sources:  sources.with(more),
	}
}

// pulled marks a build as one of pull request 7.
func pulled(b ci.Build, source string, fork bool) ci.Build {
	b.PullRequest, b.Fork = 7, fork
	b.Sources["pull_request"] = source
	return b
}

func queued(b ci.Build) ci.Build {
	b.MergeQueue = true
	return b
}

func TestGitHubActions(t *testing.T) {
	t.Parallel()
	const pr, number = "pull_request.head.sha", "pull_request.number"
	runDetections(t, []detection{
		{
			name: "push",
			env:  actions.with(vars{"GITHUB_EVENT_NAME": "push", "GITHUB_REF": "refs/heads/feature/x", "GITHUB_SHA": head}),
			want: onActions(head, "GITHUB_SHA", "feature/x", "GITHUB_REF", nil),
		},
		{
			name: "push of a SHA-256 repository",
			env:  actions.with(vars{"GITHUB_EVENT_NAME": "push", "GITHUB_REF": "refs/heads/main", "GITHUB_SHA": long}),
			want: onActions(long, "GITHUB_SHA", "main", "GITHUB_REF", nil),
		},
		{
			name: "tag",
			env:  actions.with(vars{"GITHUB_EVENT_NAME": "push", "GITHUB_REF": "refs/tags/v1.0.0", "GITHUB_REF_NAME": "v1.0.0", "GITHUB_SHA": head}),
			want: onActions(head, "GITHUB_SHA", "", "", nil),
		},
		{
			name: "schedule",
			env:  actions.with(vars{"GITHUB_EVENT_NAME": "schedule", "GITHUB_REF": "refs/heads/main", "GITHUB_SHA": head}),
			want: onActions(head, "GITHUB_SHA", "main", "GITHUB_REF", nil),
		},
		{
			name: "workflow_dispatch without an event file",
			env: actions.with(vars{
				"GITHUB_EVENT_NAME": "workflow_dispatch", "GITHUB_REF": "refs/heads/main", "GITHUB_SHA": head, "GITHUB_EVENT_PATH": "",
			}),
			want: onActions(head, "GITHUB_SHA", "main", "GITHUB_REF", nil),
		},
		{
			name: "pull_request: GITHUB_SHA is the merge commit",
			env: actions.with(vars{
				"GITHUB_EVENT_NAME": "pull_request", "GITHUB_REF": "refs/pull/7/merge", "GITHUB_REF_NAME": "7/merge", "GITHUB_HEAD_REF": "feature/x",
				"GITHUB_BASE_REF": "main",
			}),
			event: pullEvent,
			want:  pulled(onActions(head, pr, "feature/x", "GITHUB_HEAD_REF", nil), number, false),
		},
		{
			name: "pull_request_target: GITHUB_SHA is the base branch's",
			env: actions.with(vars{
				"GITHUB_EVENT_NAME": "pull_request_target", "GITHUB_REF": "refs/heads/main", "GITHUB_HEAD_REF": "main",
			}),
			event: forkEvent,
			want:  pulled(onActions(head, pr, "main", "GITHUB_HEAD_REF", nil), number, true),
		},
		{
			name:  "pull_request_review has no GITHUB_HEAD_REF",
			env:   actions.with(vars{"GITHUB_EVENT_NAME": "pull_request_review", "GITHUB_REF": "refs/pull/7/merge"}),
			event: pullEvent,
			want:  pulled(onActions(head, pr, "feature/x", "pull_request.head.ref", nil), number, false),
		},
		{
			name:  "pull request from a fork",
			env:   actions.with(vars{"GITHUB_EVENT_NAME": "pull_request", "GITHUB_REF": "refs/pull/7/merge", "GITHUB_HEAD_REF": "main"}),
			event: forkEvent,
			want:  pulled(onActions(head, pr, "main", "GITHUB_HEAD_REF", nil), number, true),
		},
		{
			name:  "pull request from a fork that is gone",
			env:   actions.with(vars{"GITHUB_EVENT_NAME": "pull_request", "GITHUB_REF": "refs/pull/7/merge", "GITHUB_HEAD_REF": "main"}),
			event: goneEvent,
			want:  pulled(onActions(head, pr, "main", "GITHUB_HEAD_REF", nil), number, true),
		},
		{
			name: "Dependabot's pull request is no fork",
			env: actions.with(vars{
				"GITHUB_EVENT_NAME": "pull_request", "GITHUB_REF": "refs/pull/7/merge", "GITHUB_HEAD_REF": "dependabot/go_modules/x-1.2.3",
				"GITHUB_ACTOR": "dependabot[bot]",
			}),
			event: pullEvent,
			want:  pulled(onActions(head, pr, "dependabot/go_modules/x-1.2.3", "GITHUB_HEAD_REF", nil), number, false),
		},
		{
			name:  "an event without a name on the ref of a pull request",
			env:   actions.with(vars{"GITHUB_REF": "refs/pull/7/merge"}),
			event: `{"pull_request":{"head":{"sha":"` + head + `"}}}`,
			want:  pulled(onActions(head, pr, "", "", nil), "GITHUB_REF", false),
		},
		{
			name: "workflow_run of a pull request",
			env:  actions.with(vars{"GITHUB_EVENT_NAME": "workflow_run", "GITHUB_REF": "refs/heads/main"}),
			event: `{"workflow_run":{"event":"pull_request","head_sha":"` + head + `","head_branch":"feature/x",
				"head_repository":{"full_name":"Acme/Shop"},"pull_requests":[{"number":7}]}}`,
			want: pulled(onActions(head, "workflow_run.head_sha", "feature/x", "workflow_run.head_branch", nil), "workflow_run.pull_requests", false),
		},
		{
			name: "workflow_run of a fork's pull request",
			env:  actions.with(vars{"GITHUB_EVENT_NAME": "workflow_run", "GITHUB_REF": "refs/heads/main"}),
			event: `{"workflow_run":{"event":"pull_request","head_sha":"` + head + `","head_branch":"main",
				"head_repository":{"full_name":"contributor/shop"},"pull_requests":[]}}`,
			want: func() ci.Build {
				b := onActions(head, "workflow_run.head_sha", "main", "workflow_run.head_branch", nil)
				b.Fork = true
				return b
			}(),
		},
		{
			name: "workflow_run of a push is not about the pull requests of the branch",
			env:  actions.with(vars{"GITHUB_EVENT_NAME": "workflow_run", "GITHUB_REF": "refs/heads/main"}),
			event: `{"workflow_run":{"event":"push","head_sha":"` + head + `","head_branch":"main","head_repository":{"full_name":"acme/shop"},
				"pull_requests":[{"number":7}]}}`,
			want: onActions(head, "workflow_run.head_sha", "main", "workflow_run.head_branch", nil),
		},
		{
			name: "workflow_run of the merge queue",
			env:  actions.with(vars{"GITHUB_EVENT_NAME": "workflow_run", "GITHUB_REF": "refs/heads/main"}),
			event: `{"workflow_run":{"event":"merge_group","head_sha":"` + head + `","head_branch":"gh-readonly-queue/main/pr-7-abc",
				"head_repository":{"full_name":"acme/shop"}}}`,
			want: queued(onActions(head, "workflow_run.head_sha", "gh-readonly-queue/main/pr-7-abc", "workflow_run.head_branch", nil)),
		},
		{
			name:  "merge_group",
			env:   actions.with(vars{"GITHUB_EVENT_NAME": "merge_group", "GITHUB_REF": "refs/heads/gh-readonly-queue/main/pr-7-abc", "GITHUB_SHA": head}),
			event: `{"merge_group":{"head_sha":"` + head + `","head_ref":"refs/heads/gh-readonly-queue/main/pr-7-abc"}}`,
			want:  queued(onActions(head, "merge_group.head_sha", "gh-readonly-queue/main/pr-7-abc", "GITHUB_REF", nil)),
		},
		{
			name: "merge_group without an event",
			env:  actions.with(vars{"GITHUB_EVENT_NAME": "merge_group", "GITHUB_REF": "refs/heads/gh-readonly-queue/main/pr-7-abc", "GITHUB_SHA": head}),
			want: queued(onActions(head, "GITHUB_SHA", "gh-readonly-queue/main/pr-7-abc", "GITHUB_REF", nil)),
		},
		{
			name: "push to a branch of the merge queue",
			env:  actions.with(vars{"GITHUB_EVENT_NAME": "push", "GITHUB_REF": "refs/heads/gh-readonly-queue/main/pr-7-abc", "GITHUB_SHA": head}),
			want: queued(onActions(head, "GITHUB_SHA", "gh-readonly-queue/main/pr-7-abc", "GITHUB_REF", nil)),
		},
		{
			name:  "check_suite",
			env:   actions.with(vars{"GITHUB_EVENT_NAME": "check_suite", "GITHUB_REF": "refs/heads/main"}),
			event: `{"check_suite":{"head_sha":"` + head + `","head_branch":"feature/x","pull_requests":[{"number":7}]}}`,
			want:  pulled(onActions(head, "check_suite.head_sha", "feature/x", "check_suite.head_branch", nil), "check_suite.pull_requests", false),
		},
		{
			name:  "check_suite of a fork",
			env:   actions.with(vars{"GITHUB_EVENT_NAME": "check_suite", "GITHUB_REF": "refs/heads/main"}),
			event: `{"check_suite":{"head_sha":"` + head + `","head_branch":null,"pull_requests":[]}}`,
			want: func() ci.Build {
				b := onActions(head, "check_suite.head_sha", "", "", nil)
				b.Fork = true
				return b
			}(),
		},
		{
			name:  "check_run",
			env:   actions.with(vars{"GITHUB_EVENT_NAME": "check_run", "GITHUB_REF": "refs/heads/main"}),
			event: `{"check_run":{"head_sha":"` + head + `","check_suite":{"head_branch":"feature/x","pull_requests":[{"number":7},{"number":8}]}}}`,
			want:  onActions(head, "check_run.head_sha", "feature/x", "check_run.check_suite.head_branch", nil),
		},
		{
			name:  "status",
			env:   actions.with(vars{"GITHUB_EVENT_NAME": "status", "GITHUB_REF": "refs/heads/main"}),
			event: `{"sha":"` + head + `","state":"success"}`,
			want:  onActions(head, "sha", "", "", nil),
		},
		{
			name:  "issue_comment on an issue",
			env:   actions.with(vars{"GITHUB_EVENT_NAME": "issue_comment", "GITHUB_REF": "refs/heads/main", "GITHUB_SHA": head}),
			event: `{"issue":{"number":7},"comment":{"body":"thanks"}}`,
			want:  onActions(head, "GITHUB_SHA", "main", "GITHUB_REF", nil),
		},
		{
			name:  "issue_comment on a pull request, with its head named",
			env:   actions.with(vars{"GITHUB_EVENT_NAME": "issue_comment", "GITHUB_REF": "refs/heads/main", "CODEANT_COMMIT": head}),
			event: `{"issue":{"number":7,"pull_request":{"url":"https://api.github.com/repos/acme/shop/pulls/7"}}}`,
			want:  pulled(onActions(head, "CODEANT_COMMIT", "", "", nil), "issue.number", false),
		},
		{
			name: "GitHub Enterprise Server",
			env: actions.with(vars{
				"GITHUB_EVENT_NAME": "push", "GITHUB_REF": "refs/heads/main", "GITHUB_SHA": head, "GITHUB_SERVER_URL": "https://GHE.acme.example:8443/",
			}),
			want: func() ci.Build {
				b := onActions(head, "GITHUB_SHA", "main", "GITHUB_REF", nil)
				b.Revision.ProviderURL = "https://ghe.acme.example:8443"
				return b
			}(),
		},
		{
			name: "a GITHUB_SERVER_URL that is no address",
			env:  actions.with(vars{"GITHUB_EVENT_NAME": "push", "GITHUB_REF": "refs/heads/main", "GITHUB_SHA": head, "GITHUB_SERVER_URL": "https://a b"}),
			want: onActions(head, "GITHUB_SHA", "main", "GITHUB_REF", vars{"provider_url": "GITHUB_ACTIONS"}),
		},
		{
			name: "no GITHUB_SERVER_URL",
			env:  actions.with(vars{"GITHUB_EVENT_NAME": "push", "GITHUB_REF": "refs/heads/main", "GITHUB_SHA": head, "GITHUB_SERVER_URL": ""}),
			want: onActions(head, "GITHUB_SHA", "main", "GITHUB_REF", vars{"provider_url": "GITHUB_ACTIONS"}),
		},
	})
}

func TestGitHubActionsRefused(t *testing.T) {
	t.Parallel()
	pull := actions.with(vars{"GITHUB_EVENT_NAME": "pull_request", "GITHUB_REF": "refs/pull/7/merge", "GITHUB_HEAD_REF": "feature/x"})
	const notIt = ", and GITHUB_SHA is another commit on pull_request; set CODEANT_COMMIT to ${{ github.event.pull_request.head.sha }}"
	runRefusals(t, []refusal{
		{
			name: "no event path",
			env:  pull.with(vars{"GITHUB_EVENT_PATH": ""}),
			want: "ci: GitHub Actions: GITHUB_EVENT_PATH is not set" + notIt,
		},
		{
			name: "no event file",
			env:  pull,
			want: "ci: GitHub Actions: the file of GITHUB_EVENT_PATH cannot be read (open /github/event.json: file does not exist)" + notIt,
		},
		{
			name: "event is no JSON", env: pull, event: "<html>",
			want: "ci: GitHub Actions: the file of GITHUB_EVENT_PATH is not the JSON of an event" + notIt,
		},
		{
			name: "event is too large", env: pull, event: pullEvent + strings.Repeat(" ", 8<<20),
			want: "ci: GitHub Actions: the file of GITHUB_EVENT_PATH is larger than 8 MiB" + notIt,
		},
		{
			name: "event without a pull request", env: pull, event: `{"action":"closed","pull_request":null}`,
			want: "ci: GitHub Actions: the event has no pull_request.head.sha" + notIt,
		},
		{
			name: "event with a short hash", env: pull, event: `{"pull_request":{"head":{"sha":"1111111"}}}`,
			want: `ci: GitHub Actions: pull_request.head.sha "1111111" is not a whole commit hash of 40 or 64 digits` + notIt,
		},
		{
			name: "pull_request_target",
			env:  actions.with(vars{"GITHUB_EVENT_NAME": "pull_request_target", "GITHUB_REF": "refs/heads/main"}), event: `{}`,
			want: "ci: GitHub Actions: the event has no pull_request.head.sha, and GITHUB_SHA is another commit on pull_request_target; " +
				"set CODEANT_COMMIT to ${{ github.event.pull_request.head.sha }}",
		},
		{
			name: "no name of the event",
			env:  actions.with(vars{"GITHUB_REF": "refs/pull/7/merge"}),
			want: "ci: GitHub Actions: the file of GITHUB_EVENT_PATH cannot be read (open /github/event.json: file does not exist), " +
				"and GITHUB_SHA is another commit on a pull request; set CODEANT_COMMIT to ${{ github.event.pull_request.head.sha }}",
		},
		{
			name: "workflow_run",
			env:  actions.with(vars{"GITHUB_EVENT_NAME": "workflow_run", "GITHUB_REF": "refs/heads/main"}), event: `{}`,
			want: "ci: GitHub Actions: the event has no workflow_run.head_sha, and GITHUB_SHA is another commit on workflow_run; " +
				"set CODEANT_COMMIT to ${{ github.event.workflow_run.head_sha }}",
		},
		{
			name: "check_suite",
			env:  actions.with(vars{"GITHUB_EVENT_NAME": "check_suite", "GITHUB_REF": "refs/heads/main", "GITHUB_EVENT_PATH": ""}),
			want: "ci: GitHub Actions: GITHUB_EVENT_PATH is not set, and GITHUB_SHA is another commit on check_suite; " +
				"set CODEANT_COMMIT to ${{ github.event.check_suite.head_sha }}",
		},
		{
			name:  "issue_comment on a pull request",
			env:   actions.with(vars{"GITHUB_EVENT_NAME": "issue_comment", "GITHUB_REF": "refs/heads/main"}),
			event: `{"issue":{"number":7,"pull_request":{"url":"https://api.github.com/repos/acme/shop/pulls/7"}}}`,
			want: "ci: GitHub Actions: the event has a comment on a pull request, but not its head, and GITHUB_SHA is the default branch's on issue_comment; " +
				"check out the head of the pull request and set CODEANT_COMMIT=$(git rev-parse HEAD)",
		},
		{
			name: "issue_comment without an event",
			env:  actions.with(vars{"GITHUB_EVENT_NAME": "issue_comment", "GITHUB_REF": "refs/heads/main", "GITHUB_EVENT_PATH": ""}),
			want: "ci: GitHub Actions: GITHUB_EVENT_PATH is not set, and GITHUB_SHA is the default branch's on issue_comment; " +
				"check out the head of the pull request and set CODEANT_COMMIT=$(git rev-parse HEAD)",
		},
		{
			name: "nothing set",
			env:  vars{"GITHUB_ACTIONS": "true"},
			want: "ci: GitHub Actions: GITHUB_REPOSITORY is not set; set CODEANT_REPO=owner/repository" +
				"; and GITHUB_SHA is not set; set CODEANT_COMMIT=$(git rev-parse HEAD)",
		},
		{
			name: "repository without owner, short commit",
			env:  vars{"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "shop", "GITHUB_SHA": "1111111"},
			want: `ci: GitHub Actions: GITHUB_REPOSITORY: repo "shop" has no owner or no name; use owner/repository, as in the repository's address` +
				`; and GITHUB_SHA "1111111" is not a whole commit hash of 40 or 64 digits; set CODEANT_COMMIT=$(git rev-parse HEAD)`,
		},
		{
			name: "all zeros are no commit",
			env:  actions.with(vars{"GITHUB_EVENT_NAME": "push", "GITHUB_SHA": strings.Repeat("0", 40)}),
			want: `ci: GitHub Actions: GITHUB_SHA "0000000000000000000000000000000000000000" is not a whole commit hash of 40 or 64 digits; ` +
				`set CODEANT_COMMIT=$(git rev-parse HEAD)`,
		},
		{
			name: "Gitea",
			env:  actions.with(vars{"GITHUB_EVENT_NAME": "push", "GITEA_ACTIONS": "true", "GITHUB_SERVER_URL": "https://git.acme.example"}),
			want: "ci: GitHub Actions: GITEA_ACTIONS is set: this is not GitHub, and CodeAnt does not know its repositories; " +
				"for a mirror of one that it knows set CODEANT_PROVIDER, CODEANT_REPO and, if need be, CODEANT_PROVIDER_URL",
		},
		{
			name: "Forgejo, with the provider alone",
			env:  actions.with(vars{"GITHUB_EVENT_NAME": "push", "FORGEJO_ACTIONS": "true", "GITEA_ACTIONS": "true", "CODEANT_PROVIDER": "github"}),
			want: "ci: GitHub Actions: FORGEJO_ACTIONS is set: this is not GitHub, and CodeAnt does not know its repositories; " +
				"for a mirror of one that it knows set CODEANT_PROVIDER, CODEANT_REPO and, if need be, CODEANT_PROVIDER_URL",
		},
	})
}

// A file's error may quote what it likes; no control character and no secret of it is printed.
func TestReadErrorIsPrintedSafely(t *testing.T) {
	t.Parallel()
	env := actions.with(vars{"GITHUB_EVENT_NAME": "pull_request"})
	_, err := ci.DetectFrom(env.lookup, func(string) ([]byte, error) {
		return nil, assert.AnError
	})
	require.ErrorIs(t, err, assert.AnError)
	_, err = ci.DetectFrom(env.lookup, func(string) ([]byte, error) {
		return nil, errorString("get https://ada:hunter22@files.acme.example/e\n::set-output::")
	})
	require.Error(t, err)
	assert.NotContains(t, err.Error(), "hunter22")
	assert.NotContains(t, err.Error(), "\n")
}

type errorString string

func (e errorString) Error() string { return string(e) }
