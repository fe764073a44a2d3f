package ci_test

import (
	"testing"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/ci"
)

var gitlab = vars{
	"CI": "true", "GITLAB_CI": "true", "CI_PROJECT_PATH": "acme/backend/shop", "CI_COMMIT_SHA": head, "CI_SERVER_URL": "https://gitlab.com",
	"CI_REPOSITORY_URL": "https://gitlab-ci-token:hunter22@gitlab.com/acme/backend/shop.git",
}

func onGitLab(commit, branch, branchSource string, more vars) ci.Build {
	sources := vars{"provider": "GITLAB_CI", "repo": "CI_PROJECT_PATH", "commit": "CI_COMMIT_SHA", "provider_url": "CI_SERVER_URL"}
	if branch != "" {
		sources["branch"] = branchSource
	}
	return ci.Build{
		System:   "GitLab CI",
		Revision: codeant.Revision{Provider: codeant.GitLab, Repo: "acme/backend/shop", Commit: commit, Branch: branch, ProviderURL: "https://gitlab.com"},
		Sources:  sources.with(more),
	}
}

func TestGitLab(t *testing.T) {
	t.Parallel()
	mr := gitlab.with(vars{
		"CI_PIPELINE_SOURCE": "merge_request_event", "CI_MERGE_REQUEST_IID": "7", "CI_MERGE_REQUEST_ID": "987654",
		"CI_MERGE_REQUEST_PROJECT_PATH": "acme/backend/shop", "CI_MERGE_REQUEST_SOURCE_PROJECT_PATH": "acme/backend/shop",
		"CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": "feature/x", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main", "CI_COMMIT_REF_NAME": "feature/x",
		"CI_MERGE_REQUEST_SOURCE_BRANCH_SHA": "", "CI_MERGE_REQUEST_REF_PATH": "refs/merge-requests/7/head", "CI_MERGE_REQUEST_EVENT_TYPE": "detached",
	})
	const branch, iid = "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", "CI_MERGE_REQUEST_IID"
	target := vars{"repo": "CI_MERGE_REQUEST_PROJECT_PATH"}
	merged := vars{"repo": "CI_MERGE_REQUEST_PROJECT_PATH", "commit": "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA"}
	runDetections(t, []detection{
		{
			name: "branch",
			env:  gitlab.with(vars{"CI_COMMIT_BRANCH": "main", "CI_COMMIT_REF_NAME": "main"}),
			want: onGitLab(head, "main", "CI_COMMIT_BRANCH", nil),
		},
		{
			name: "tag",
			env:  gitlab.with(vars{"CI_COMMIT_TAG": "v1.0.0", "CI_COMMIT_REF_NAME": "v1.0.0"}),
			want: onGitLab(head, "", "", nil),
		},
		{
			name: "merge request: the hash of the source branch is empty",
			env:  mr,
			want: pulled(onGitLab(head, "feature/x", branch, target), iid, false),
		},
		{
			name: "merged results: CI_COMMIT_SHA is a merge commit",
			env: mr.with(vars{
				"CI_COMMIT_SHA": merge, "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA": head, "CI_MERGE_REQUEST_EVENT_TYPE": "merged_result",
				"CI_MERGE_REQUEST_REF_PATH": "refs/merge-requests/7/merge",
			}),
			want: pulled(onGitLab(head, "feature/x", branch, merged), iid, false),
		},
		{
			name: "merge train",
			env: mr.with(vars{
				"CI_COMMIT_SHA": merge, "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA": head, "CI_MERGE_REQUEST_EVENT_TYPE": "merge_train",
				"CI_MERGE_REQUEST_REF_PATH": "refs/merge-requests/7/train",
			}),
			want: queued(pulled(onGitLab(head, "feature/x", branch, merged), iid, false)),
		},
		{
			name: "merge train of a GitLab that does not name the type",
			env: mr.with(vars{
				"CI_COMMIT_SHA": merge, "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA": head, "CI_MERGE_REQUEST_EVENT_TYPE": "",
				"CI_MERGE_REQUEST_REF_PATH": "refs/merge-requests/7/train",
			}),
			want: queued(pulled(onGitLab(head, "feature/x", branch, merged), iid, false)),
		},
		{
			name: "merge request from a fork, run in the fork",
			env:  mr.with(vars{"CI_PROJECT_PATH": "contributor/shop", "CI_MERGE_REQUEST_SOURCE_PROJECT_PATH": "contributor/shop"}),
			want: pulled(onGitLab(head, "feature/x", branch, target), iid, true),
		},
		{
			name: "pull request of GitHub in a mirror",
			env: gitlab.with(vars{
				"CI_EXTERNAL_PULL_REQUEST_IID": "7", "CI_EXTERNAL_PULL_REQUEST_SOURCE_REPOSITORY": "acme/shop",
				"CI_EXTERNAL_PULL_REQUEST_TARGET_REPOSITORY": "acme/shop", "CI_EXTERNAL_PULL_REQUEST_SOURCE_BRANCH_NAME": "feature/x",
				"CI_EXTERNAL_PULL_REQUEST_SOURCE_BRANCH_SHA": head, "CI_COMMIT_SHA": merge,
			}),
			want: pulled(onGitLab(head, "feature/x", "CI_EXTERNAL_PULL_REQUEST_SOURCE_BRANCH_NAME",
				vars{"commit": "CI_EXTERNAL_PULL_REQUEST_SOURCE_BRANCH_SHA"}), "CI_EXTERNAL_PULL_REQUEST_IID", false),
		},
		{
			name: "self-hosted, http and below a path",
			env:  gitlab.with(vars{"CI_COMMIT_BRANCH": "main", "CI_SERVER_URL": "http://gitlab.acme.example/git/"}),
			want: func() ci.Build {
				b := onGitLab(head, "main", "CI_COMMIT_BRANCH", nil)
				b.Revision.ProviderURL = "https://gitlab.acme.example/git"
				return b
			}(),
		},
		{
			name: "self-hosted below two segments, one of them encoded",
			env:  gitlab.with(vars{"CI_COMMIT_BRANCH": "main", "CI_SERVER_URL": "https://corp.example:8443/our%20tools/gitlab?x=y#z"}),
			want: func() ci.Build {
				b := onGitLab(head, "main", "CI_COMMIT_BRANCH", nil)
				b.Revision.ProviderURL = "https://corp.example:8443/our%20tools/gitlab"
				return b
			}(),
		},
		{
			name: "old GitLab below a path",
			env: gitlab.with(vars{
				"CI_COMMIT_BRANCH": "main", "CI_SERVER_URL": "", "CI_PROJECT_URL": "https://corp.example/gitlab/acme/backend/shop",
			}),
			want: func() ci.Build {
				b := onGitLab(head, "main", "CI_COMMIT_BRANCH", vars{"provider_url": "CI_PROJECT_URL"})
				b.Revision.ProviderURL = "https://corp.example/gitlab"
				return b
			}(),
		},
		{
			name: "old GitLab whose project address is another's",
			env: gitlab.with(vars{
				"CI_COMMIT_BRANCH": "main", "CI_SERVER_URL": "", "CI_PROJECT_URL": "https://corp.example/gitlab/acme/other",
			}),
			want: func() ci.Build {
				b := onGitLab(head, "main", "CI_COMMIT_BRANCH", vars{"provider_url": "CI_PROJECT_URL"})
				b.Revision.ProviderURL = "https://corp.example"
				return b
			}(),
		},
		{
			name: "self-hosted on a port",
			env:  gitlab.with(vars{"CI_COMMIT_BRANCH": "main", "CI_SERVER_URL": "https://gitlab.acme.example:8443"}),
			want: func() ci.Build {
				b := onGitLab(head, "main", "CI_COMMIT_BRANCH", nil)
				b.Revision.ProviderURL = "https://gitlab.acme.example:8443"
				return b
			}(),
		},
		{
			name: "old GitLab",
			env: vars{
				"GITLAB_CI": "true", "CI_PROJECT_PATH": "acme/backend/shop", "CI_PROJECT_URL": "https://gitlab.acme.example/acme/backend/shop",
				"CI_BUILD_REF": head, "CI_COMMIT_REF_NAME": "main",
			},
			want: func() ci.Build {
				b := onGitLab(head, "main", "CI_COMMIT_REF_NAME", vars{"commit": "CI_BUILD_REF", "provider_url": "CI_PROJECT_URL"})
				b.Revision.ProviderURL = "https://gitlab.acme.example"
				return b
			}(),
		},
	})
	const notIt = "ci: GitLab CI: CI_MERGE_REQUEST_SOURCE_BRANCH_SHA is not set, and CI_COMMIT_SHA is a merge commit in this pipeline; " +
		"set CODEANT_COMMIT to the hash of the pull request's head"
	runRefusals(t, []refusal{
		{name: "merged results without the head", env: mr.with(vars{"CI_MERGE_REQUEST_EVENT_TYPE": "merged_result"}), want: notIt},
		{name: "train without the head", env: mr.with(vars{"CI_MERGE_REQUEST_EVENT_TYPE": "merge_train"}), want: notIt},
		{name: "ref of a merge without the head", env: mr.with(vars{"CI_MERGE_REQUEST_REF_PATH": "refs/merge-requests/7/merge"}), want: notIt},
		{
			name: "nothing set",
			env:  vars{"GITLAB_CI": "true"},
			want: "ci: GitLab CI: CI_MERGE_REQUEST_PROJECT_PATH and CI_PROJECT_PATH are not set; set CODEANT_REPO=owner/repository" +
				"; and CI_MERGE_REQUEST_SOURCE_BRANCH_SHA, CI_EXTERNAL_PULL_REQUEST_SOURCE_BRANCH_SHA, CI_COMMIT_SHA and CI_BUILD_REF are not set; " +
				"set CODEANT_COMMIT=$(git rev-parse HEAD)",
		},
	})
}
