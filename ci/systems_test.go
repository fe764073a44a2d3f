package ci_test

import (
	"testing"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/ci"
)

// built is a build of acme/shop on one of the public services.
func built(system string, p codeant.Provider, branch string, pull int, fork bool, sources vars) ci.Build {
	base := map[codeant.Provider]string{
		codeant.GitHub: "https://github.com", codeant.GitLab: "https://gitlab.com", codeant.Bitbucket: "https://bitbucket.org",
	}
	return ci.Build{
		System: system, Revision: codeant.Revision{Provider: p, Repo: "acme/shop", Commit: head, Branch: branch, ProviderURL: base[p]},
		PullRequest: pull, Fork: fork, Sources: sources,
	}
}

// at is b on a server of one's own.
func at(base string, b ci.Build) ci.Build {
	b.Revision.ProviderURL = base
	return b
}

func TestBitbucket(t *testing.T) {
	t.Parallel()
	env := vars{
		"CI": "true", "BITBUCKET_BUILD_NUMBER": "12", "BITBUCKET_REPO_FULL_NAME": "acme/shop", "BITBUCKET_COMMIT": head,
		"BITBUCKET_GIT_HTTP_ORIGIN": "http://bitbucket.org/acme/shop",
	}
	from := vars{
		"provider": "BITBUCKET_BUILD_NUMBER", "repo": "BITBUCKET_REPO_FULL_NAME", "commit": "BITBUCKET_COMMIT", "provider_url": "BITBUCKET_GIT_HTTP_ORIGIN",
	}
	build := func(branch string, pull int, more vars) ci.Build {
		return built("Bitbucket Pipelines", codeant.Bitbucket, branch, pull, false, from.with(more))
	}
	runDetections(t, []detection{
		{name: "branch", env: env.with(vars{"BITBUCKET_BRANCH": "main"}), want: build("main", 0, vars{"branch": "BITBUCKET_BRANCH"})},
		{name: "tag", env: env.with(vars{"BITBUCKET_TAG": "v1.0.0"}), want: build("", 0, nil)},
		{
			name: "pull request", env: env.with(vars{"BITBUCKET_BRANCH": "feature/x", "BITBUCKET_PR_ID": "7", "BITBUCKET_PR_DESTINATION_BRANCH": "main"}),
			want: build("feature/x", 7, vars{"branch": "BITBUCKET_BRANCH", "pull_request": "BITBUCKET_PR_ID"}),
		},
		{
			name: "no origin", env: env.with(vars{"BITBUCKET_GIT_HTTP_ORIGIN": ""}),
			want: build("", 0, vars{"provider_url": "BITBUCKET_BUILD_NUMBER"}),
		},
		{
			name: "short hash, mended", env: env.with(vars{"BITBUCKET_COMMIT": "111111111111", "CODEANT_COMMIT": head}),
			want: build("", 0, vars{"commit": "CODEANT_COMMIT"}),
		},
	})
	runRefusals(t, []refusal{{
		name: "short hash", env: env.with(vars{"BITBUCKET_COMMIT": "111111111111"}),
		want: `ci: Bitbucket Pipelines: BITBUCKET_COMMIT "111111111111" is not a whole commit hash of 40 or 64 digits; set CODEANT_COMMIT=$(git rev-parse HEAD)`,
	}})
}

func TestCircleCI(t *testing.T) {
	t.Parallel()
	env := vars{
		"CI": "true", "CIRCLECI": "true", "CIRCLE_SHA1": head, "CIRCLE_REPOSITORY_URL": "git@github.com:acme/shop.git",
		"CIRCLE_PROJECT_USERNAME": "acme", "CIRCLE_PROJECT_REPONAME": "shop",
	}
	const address = "CIRCLE_REPOSITORY_URL"
	from := vars{"provider": address, "repo": address, "commit": "CIRCLE_SHA1", "provider_url": address}
	build := func(branch string, pull int, fork bool, more vars) ci.Build {
		return built("CircleCI", codeant.GitHub, branch, pull, fork, from.with(more))
	}
	runDetections(t, []detection{
		{name: "branch", env: env.with(vars{"CIRCLE_BRANCH": "main"}), want: build("main", 0, false, vars{"branch": "CIRCLE_BRANCH"})},
		{name: "tag", env: env.with(vars{"CIRCLE_TAG": "v1.0.0"}), want: build("", 0, false, nil)},
		{
			name: "branch of the merge queue", env: env.with(vars{"CIRCLE_BRANCH": "gh-readonly-queue/main/pr-7-abc"}),
			want: queued(build("gh-readonly-queue/main/pr-7-abc", 0, false, vars{"branch": "CIRCLE_BRANCH"})),
		},
		{
			name: "pull request", env: env.with(vars{"CIRCLE_BRANCH": "feature/x", "CIRCLE_PULL_REQUEST": "https://github.com/acme/shop/pull/7"}),
			want: build("feature/x", 7, false, vars{"branch": "CIRCLE_BRANCH", "pull_request": "CIRCLE_PULL_REQUEST"}),
		},
		{
			name: "pull request from a fork",
			env: env.with(vars{
				"CIRCLE_BRANCH": "pull/7", "CIRCLE_PULL_REQUEST": "https://github.com/acme/shop/pull/7", "CIRCLE_PR_NUMBER": "7",
				"CIRCLE_PR_USERNAME": "contributor", "CIRCLE_PR_REPONAME": "shop",
			}),
			want: build("", 7, true, vars{"pull_request": "CIRCLE_PULL_REQUEST"}),
		},
		{
			name: "pull request from a fork, told by CIRCLE_PR_NUMBER", env: env.with(vars{"CIRCLE_BRANCH": "pull/7/head", "CIRCLE_PR_NUMBER": "7"}),
			want: build("", 7, true, vars{"pull_request": "CIRCLE_PR_NUMBER"}),
		},
		{
			name: "branch, where a script wrote null into CIRCLE_PR_NUMBER", env: env.with(vars{"CIRCLE_BRANCH": "main", "CIRCLE_PR_NUMBER": "null"}),
			want: build("main", 0, false, vars{"branch": "CIRCLE_BRANCH"}),
		},
		{
			name: "pull request from a fork, told by the branch", env: env.with(vars{"CIRCLE_BRANCH": "pull/7"}),
			want: build("", 7, true, vars{"pull_request": "CIRCLE_BRANCH"}),
		},
		{
			name: "a branch that is only called so", env: env.with(vars{"CIRCLE_BRANCH": "pull/request-template"}),
			want: build("pull/request-template", 0, false, vars{"branch": "CIRCLE_BRANCH"}),
		},
		{
			name: "Bitbucket",
			env: env.with(vars{
				"CIRCLE_REPOSITORY_URL": "git@bitbucket.org:acme/shop.git", "CIRCLE_BRANCH": "main", "CIRCLE_PULL_REQUEST": "https://bitbucket.org/acme/shop/pull-requests/7",
			}),
			want: built("CircleCI", codeant.Bitbucket, "main", 7, false, from.with(vars{"branch": "CIRCLE_BRANCH", "pull_request": "CIRCLE_PULL_REQUEST"})),
		},
		{
			name: "no address, but a pull request's",
			env:  env.with(vars{"CIRCLE_REPOSITORY_URL": "", "CIRCLE_BRANCH": "feature/x", "CIRCLE_PULL_REQUEST": "https://github.com/acme/shop/pull/7"}),
			want: built("CircleCI", codeant.GitHub, "feature/x", 7, false, vars{
				"provider": "CIRCLE_PULL_REQUEST", "repo": "CIRCLE_PULL_REQUEST", "commit": "CIRCLE_SHA1", "provider_url": "CIRCLE_PULL_REQUEST",
				"branch": "CIRCLE_BRANCH", "pull_request": "CIRCLE_PULL_REQUEST",
			}),
		},
		{
			name: "no address, provider named",
			env:  env.with(vars{"CIRCLE_REPOSITORY_URL": "", "CODEANT_PROVIDER": "github"}),
			want: build("", 0, false, vars{
				"provider": "CODEANT_PROVIDER", "repo": "CIRCLE_PROJECT_USERNAME/CIRCLE_PROJECT_REPONAME", "provider_url": "CODEANT_PROVIDER",
			}),
		},
	})
	runRefusals(t, []refusal{
		{
			name: "project of GitLab or the GitHub App",
			env:  vars{"CIRCLECI": "true", "CIRCLE_SHA1": head, "CIRCLE_BRANCH": "main"},
			want: "ci: CircleCI: CIRCLE_REPOSITORY_URL and CIRCLE_PULL_REQUEST are not set; set CODEANT_PROVIDER and CODEANT_REPO",
		},
		{
			name: "branch of a merge", env: env.with(vars{"CIRCLE_BRANCH": "pull/7/merge"}),
			want: "ci: CircleCI: CIRCLE_SHA1 is a merge commit, because CIRCLE_BRANCH is that of a merge; " +
				"check out the head of the pull request and set CODEANT_COMMIT=$(git rev-parse HEAD)",
		},
	})
}

func TestJenkins(t *testing.T) {
	t.Parallel()
	env := vars{"JENKINS_URL": "https://ci.acme.example/", "GIT_URL": "https://ada:hunter22@github.com/acme/shop.git", "GIT_COMMIT": head}
	pull := env.with(vars{
		"BRANCH_NAME": "PR-7", "CHANGE_ID": "7", "CHANGE_URL": "https://github.com/acme/shop/pull/7", "CHANGE_BRANCH": "feature/x", "CHANGE_TARGET": "main",
		"GIT_BRANCH": "PR-7", "GIT_COMMIT": merge, "CODEANT_COMMIT": head,
	})
	from := vars{"provider": "GIT_URL", "repo": "GIT_URL", "commit": "GIT_COMMIT", "provider_url": "GIT_URL"}
	change := vars{
		"provider": "CHANGE_URL", "repo": "CHANGE_URL", "commit": "CODEANT_COMMIT", "provider_url": "CHANGE_URL", "branch": "CHANGE_BRANCH", "pull_request": "CHANGE_ID",
	}
	build := func(p codeant.Provider, branch string, more vars) ci.Build {
		return built("Jenkins", p, branch, 0, false, from.with(more))
	}
	runDetections(t, []detection{
		{name: "branch", env: env.with(vars{"GIT_BRANCH": "origin/main"}), want: build(codeant.GitHub, "main", vars{"branch": "GIT_BRANCH"})},
		{
			name: "multibranch", env: env.with(vars{"GIT_BRANCH": "feature/x", "BRANCH_NAME": "feature/x"}),
			want: build(codeant.GitHub, "feature/x", vars{"branch": "GIT_BRANCH"}),
		},
		{
			name: "detached", env: env.with(vars{"GIT_BRANCH": "detached", "BRANCH_NAME": "main"}),
			want: build(codeant.GitHub, "main", vars{"branch": "BRANCH_NAME"}),
		},
		{name: "full ref", env: env.with(vars{"GIT_BRANCH": "refs/remotes/origin/main"}), want: build(codeant.GitHub, "main", vars{"branch": "GIT_BRANCH"})},
		{name: "tag", env: env.with(vars{"TAG_NAME": "v1.0.0", "BRANCH_NAME": "v1.0.0", "GIT_BRANCH": "v1.0.0"}), want: build(codeant.GitHub, "", nil)},
		{name: "ref of a tag", env: env.with(vars{"GIT_BRANCH": "refs/tags/v1.0.0"}), want: build(codeant.GitHub, "", nil)},
		{
			name: "several remotes", env: env.with(vars{"GIT_URL": "", "GIT_URL_1": "git@gitlab.com:acme/shop.git", "GIT_URL_2": "git@github.com:acme/other.git"}),
			want: build(codeant.GitLab, "", vars{"provider": "GIT_URL_1", "repo": "GIT_URL_1", "provider_url": "GIT_URL_1"}),
		},
		{
			name: "unknown host, provider named", env: env.with(vars{"GIT_URL": "ssh://git@git.acme.example:2222/acme/shop.git", "CODEANT_PROVIDER": "GitLab"}),
			want: at("https://git.acme.example", build(codeant.GitLab, "", vars{"provider": "CODEANT_PROVIDER"})),
		},
		{
			name: "GitHub Enterprise Server on a port, provider named",
			env:  env.with(vars{"GIT_URL": "https://ghe.acme.example:8443/acme/shop", "CODEANT_PROVIDER": "github"}),
			want: at("https://ghe.acme.example:8443", build(codeant.GitHub, "", vars{"provider": "CODEANT_PROVIDER"})),
		},
		{
			name: "GitLab below a path, provider and its address named",
			env: env.with(vars{
				"GIT_URL": "https://corp.example/gitlab/acme/shop.git", "CODEANT_PROVIDER": "gitlab", "CODEANT_PROVIDER_URL": "https://corp.example/GitLab/",
			}),
			want: at("https://corp.example/GitLab", build(codeant.GitLab, "", vars{"provider": "CODEANT_PROVIDER", "provider_url": "CODEANT_PROVIDER_URL"})),
		},
		{
			name: "plugin of GitLab below a path: the source is the same repository, not a fork",
			env: env.with(vars{
				"GIT_URL": "https://corp.example/gitlab/acme/shop.git", "gitlabMergeRequestIid": "7", "gitlabMergeRequestLastCommit": head,
				"gitlabSourceRepoHttpUrl": "https://corp.example/gitlab/acme/shop.git", "CODEANT_PROVIDER_URL": "https://corp.example/gitlab",
			}),
			want: at("https://corp.example/gitlab", built("Jenkins", codeant.GitLab, "", 7, false, from.with(vars{
				"provider": "gitlabMergeRequestIid", "commit": "gitlabMergeRequestLastCommit", "pull_request": "gitlabMergeRequestIid",
				"provider_url": "CODEANT_PROVIDER_URL",
			}))),
		},
		{
			name: "an address without the path of the provider, as over SSH",
			env: env.with(vars{
				"GIT_URL": "git@corp.example:acme/shop.git", "CODEANT_PROVIDER": "gitlab", "CODEANT_PROVIDER_URL": "https://corp.example/gitlab",
			}),
			want: at("https://corp.example/gitlab", build(codeant.GitLab, "", vars{"provider": "CODEANT_PROVIDER", "provider_url": "CODEANT_PROVIDER_URL"})),
		},
		{
			name: "Bitbucket Data Center, provider named",
			env:  env.with(vars{"GIT_URL": "https://bitbucket.acme.example/scm/acme/shop.git", "CODEANT_PROVIDER": "bitbucket"}),
			want: at("https://bitbucket.acme.example", build(codeant.Bitbucket, "", vars{"provider": "CODEANT_PROVIDER"})),
		},
		{
			name: "a mirror on a host that is known, provider named",
			env:  env.with(vars{"CODEANT_PROVIDER": "bitbucket"}),
			want: build(codeant.Bitbucket, "", vars{"provider": "CODEANT_PROVIDER", "provider_url": "CODEANT_PROVIDER"}),
		},
		{
			name: "address that cannot be read, all named", env: env.with(vars{"GIT_URL": "/srv/git/shop.git"}).with(complete).with(vars{"CODEANT_COMMIT": head}),
			want: build(codeant.GitHub, "", vars{
				"provider": "CODEANT_PROVIDER", "repo": "CODEANT_REPO", "commit": "CODEANT_COMMIT", "provider_url": "CODEANT_PROVIDER",
			}),
		},
		{
			name: "branch, where a script wrote null into the variables of a pull request",
			env: env.with(vars{
				"GIT_BRANCH": "origin/main", "CHANGE_ID": "null", "CHANGE_URL": "null", "CHANGE_FORK": "null", "CHANGE_BRANCH": "null",
				"ghprbPullId": "undefined", "gitlabMergeRequestIid": "False",
			}),
			want: build(codeant.GitHub, "main", vars{"branch": "GIT_BRANCH"}),
		},
		{
			name: "the first that is a pull request's counts",
			env: env.with(vars{
				"CHANGE_ID": "null", "ghprbPullId": "7", "ghprbActualCommit": head, "ghprbSourceBranch": "feature/x", "GIT_COMMIT": merge,
			}),
			want: built("Jenkins", codeant.GitHub, "feature/x", 7, false, from.with(vars{
				"commit": "ghprbActualCommit", "branch": "ghprbSourceBranch", "pull_request": "ghprbPullId",
			})),
		},
		{name: "pull request, its head named", env: pull, want: built("Jenkins", codeant.GitHub, "feature/x", 7, false, change)},
		{
			name: "pull request from a fork", env: pull.with(vars{"CHANGE_FORK": "contributor", "GIT_URL": "https://github.com/contributor/shop.git"}),
			want: built("Jenkins", codeant.GitHub, "feature/x", 7, true, change),
		},
		{
			name: "merge request", env: pull.with(vars{"CHANGE_URL": "https://gitlab.com/acme/shop/-/merge_requests/7", "BRANCH_NAME": "MR-7"}),
			want: built("Jenkins", codeant.GitLab, "feature/x", 7, false, change),
		},
		{
			name: "pull request on Bitbucket Data Center",
			env: pull.with(vars{
				"CHANGE_URL": "https://bitbucket.acme.example/projects/acme/repos/shop/pull-requests/7/overview", "CODEANT_PROVIDER": "bitbucket",
			}),
			want: at("https://bitbucket.acme.example", built("Jenkins", codeant.Bitbucket, "feature/x", 7, false, change.with(vars{"provider": "CODEANT_PROVIDER"}))),
		},
		{
			name: "ghprb",
			env: env.with(vars{
				"ghprbPullId": "7", "ghprbActualCommit": head, "ghprbSourceBranch": "feature/x", "ghprbTargetBranch": "main", "GIT_COMMIT": merge, "GIT_BRANCH": "detached",
				"ghprbPullLink": "https://ghe.acme.example/acme/shop/pull/7", "ghprbAuthorRepoGitUrl": "https://ghe.acme.example/contributor/shop.git",
				"GIT_URL": "https://ghe.acme.example/acme/shop.git",
			}),
			want: at("https://ghe.acme.example", built("Jenkins", codeant.GitHub, "feature/x", 7, true, vars{
				"provider": "ghprbPullId", "repo": "ghprbPullLink", "commit": "ghprbActualCommit", "provider_url": "ghprbPullLink", "branch": "ghprbSourceBranch",
				"pull_request": "ghprbPullId",
			})),
		},
		{
			name: "plugin of GitLab",
			env: env.with(vars{
				"GIT_URL": "git@gitlab.acme.example:acme/shop.git", "GIT_COMMIT": merge, "gitlabMergeRequestIid": "7", "gitlabMergeRequestLastCommit": head,
				"gitlabSourceBranch": "feature/x", "gitlabSourceRepoHttpUrl": "https://gitlab.acme.example/acme/shop.git",
			}),
			want: at("https://gitlab.acme.example", built("Jenkins", codeant.GitLab, "feature/x", 7, false, vars{
				"provider": "gitlabMergeRequestIid", "repo": "GIT_URL", "commit": "gitlabMergeRequestLastCommit", "provider_url": "GIT_URL", "branch": "gitlabSourceBranch",
				"pull_request": "gitlabMergeRequestIid",
			})),
		},
	})
	const notIt = " says that this is a pull request, where GIT_COMMIT may be a merge that exists only here; " +
		"set CODEANT_COMMIT to the head of the pull request: git rev-parse HEAD, or HEAD^1 where HEAD is that merge"
	runRefusals(t, []refusal{
		{name: "pull request", env: pull.with(vars{"CODEANT_COMMIT": ""}), want: "ci: Jenkins: CHANGE_ID" + notIt},
		{name: "ghprb without the head", env: env.with(vars{"ghprbPullId": "7"}), want: "ci: Jenkins: ghprbPullId" + notIt},
		{
			name: "unknown host, without its password", env: env.with(vars{"GIT_URL": "https://ada:hunter22@ghe.acme.example/acme/shop"}),
			want: "ci: Jenkins: GIT_URL is at ghe.acme.example, which may be any provider's; set CODEANT_PROVIDER=github, gitlab, bitbucket or azuredevops",
		},
		{
			name: "two things at once", env: pull.with(vars{"CODEANT_COMMIT": "", "CHANGE_URL": "", "GIT_URL": "git@ghe.acme.example:acme/shop.git"}),
			want: "ci: Jenkins: GIT_URL is at ghe.acme.example, which may be any provider's; set CODEANT_PROVIDER=github, gitlab, bitbucket or azuredevops" +
				"; and CHANGE_ID" + notIt,
		},
		{
			name: "address on the disk", env: env.with(vars{"GIT_URL": "/srv/git/shop.git"}),
			want: "ci: Jenkins: GIT_URL cannot be read as the address of a repository; set CODEANT_PROVIDER and CODEANT_REPO",
		},
		{
			name: "subgroup on GitHub", env: env.with(vars{"GIT_URL": "https://github.com/acme/backend/shop"}),
			want: "ci: Jenkins: GIT_URL has a path that is not a repository's on github; set CODEANT_REPO=owner/repository",
		},
		{
			name: "agent none", env: vars{"JENKINS_URL": "https://ci.acme.example/", "BRANCH_NAME": "main"},
			want: "ci: Jenkins: CHANGE_URL, ghprbPullLink, GIT_URL and GIT_URL_1 are not set; set CODEANT_PROVIDER and CODEANT_REPO" +
				"; and GIT_COMMIT is not set; set CODEANT_COMMIT=$(git rev-parse HEAD)",
		},
	})
}

func TestBuildkite(t *testing.T) {
	t.Parallel()
	env := vars{
		"BUILDKITE": "true", "BUILDKITE_REPO": "git@github.com:acme/shop.git", "BUILDKITE_COMMIT": head, "BUILDKITE_BRANCH": "main",
		"BUILDKITE_PULL_REQUEST": "false", "BUILDKITE_PULL_REQUEST_REPO": "", "BUILDKITE_ORGANIZATION_SLUG": "acme-inc", "BUILDKITE_PIPELINE_SLUG": "shop-tests",
	}
	const address = "BUILDKITE_REPO"
	from := vars{"provider": address, "repo": address, "commit": "BUILDKITE_COMMIT", "provider_url": address, "branch": "BUILDKITE_BRANCH"}
	build := func(branch string, pull int, fork bool, more vars) ci.Build {
		return built("Buildkite", codeant.GitHub, branch, pull, fork, from.with(more))
	}
	number := vars{"pull_request": "BUILDKITE_PULL_REQUEST"}
	untagged := build("", 0, false, nil)
	delete(untagged.Sources, "branch")
	runDetections(t, []detection{
		{name: "branch", env: env, want: build("main", 0, false, nil)},
		{name: "tag", env: env.with(vars{"BUILDKITE_TAG": "v1.0.0", "BUILDKITE_BRANCH": "v1.0.0"}), want: untagged},
		{
			name: "pull request", env: env.with(vars{
				"BUILDKITE_BRANCH": "feature/x", "BUILDKITE_PULL_REQUEST": "7", "BUILDKITE_PULL_REQUEST_REPO": "https://github.com/acme/shop.git",
			}),
			want: build("feature/x", 7, false, number),
		},
		{
			name: "pull request from a fork", env: env.with(vars{
				"BUILDKITE_BRANCH": "contributor:main", "BUILDKITE_PULL_REQUEST": "7", "BUILDKITE_PULL_REQUEST_REPO": "git://github.com/contributor/shop.git",
			}),
			want: build("main", 7, true, number),
		},
		{
			name: "pull request from a fork, told by its address", env: env.with(vars{
				"BUILDKITE_PULL_REQUEST": "7", "BUILDKITE_PULL_REQUEST_REPO": "https://github.com/contributor/shop",
			}),
			want: build("main", 7, true, number),
		},
		{
			name: "SSH over the port of HTTPS", env: env.with(vars{"BUILDKITE_REPO": "ssh://git@ssh.github.com:443/acme/shop.git"}),
			want: build("main", 0, false, nil),
		},
		{
			name: "GitHub Enterprise Cloud", env: env.with(vars{"BUILDKITE_REPO": "git@acme.ghe.com:acme/shop.git"}),
			want: at("https://acme.ghe.com", build("main", 0, false, nil)),
		},
		{
			name: "HEAD, mended", env: env.with(vars{"BUILDKITE_COMMIT": "HEAD", "CODEANT_COMMIT": head}),
			want: build("main", 0, false, vars{"commit": "CODEANT_COMMIT"}),
		},
	})
	runRefusals(t, []refusal{
		{
			name: "HEAD", env: env.with(vars{"BUILDKITE_COMMIT": "HEAD"}),
			want: `ci: Buildkite: BUILDKITE_COMMIT "HEAD" is not a whole commit hash of 40 or 64 digits; set CODEANT_COMMIT=$(git rev-parse HEAD)`,
		},
		{
			name: "FETCH_HEAD", env: env.with(vars{"BUILDKITE_COMMIT": "FETCH_HEAD"}),
			want: `ci: Buildkite: BUILDKITE_COMMIT "FETCH_HEAD" is not a whole commit hash of 40 or 64 digits; set CODEANT_COMMIT=$(git rev-parse HEAD)`,
		},
	})
}

func TestTravis(t *testing.T) {
	t.Parallel()
	env := vars{
		"CI": "true", "TRAVIS": "true", "TRAVIS_REPO_SLUG": "acme/shop", "TRAVIS_COMMIT": head, "TRAVIS_BRANCH": "main",
		"TRAVIS_PULL_REQUEST": "false", "TRAVIS_EVENT_TYPE": "push",
	}
	pull := env.with(vars{
		"TRAVIS_EVENT_TYPE": "pull_request", "TRAVIS_PULL_REQUEST": "7", "TRAVIS_COMMIT": merge, "TRAVIS_PULL_REQUEST_SHA": head,
		"TRAVIS_PULL_REQUEST_BRANCH": "feature/x", "TRAVIS_PULL_REQUEST_SLUG": "acme/shop",
	})
	from := vars{"provider": "TRAVIS", "repo": "TRAVIS_REPO_SLUG", "commit": "TRAVIS_COMMIT", "provider_url": "TRAVIS"}
	pr := from.with(vars{"commit": "TRAVIS_PULL_REQUEST_SHA", "branch": "TRAVIS_PULL_REQUEST_BRANCH", "pull_request": "TRAVIS_PULL_REQUEST"})
	runDetections(t, []detection{
		{name: "branch", env: env, want: built("Travis CI", codeant.GitHub, "main", 0, false, from.with(vars{"branch": "TRAVIS_BRANCH"}))},
		{name: "tag", env: env.with(vars{"TRAVIS_TAG": "v1.0.0", "TRAVIS_BRANCH": "v1.0.0"}), want: built("Travis CI", codeant.GitHub, "", 0, false, from)},
		{
			name: "pull request: TRAVIS_COMMIT is the merge, TRAVIS_BRANCH the target", env: pull,
			want: built("Travis CI", codeant.GitHub, "feature/x", 7, false, pr),
		},
		{
			name: "pull request from a fork", env: pull.with(vars{"TRAVIS_PULL_REQUEST_SLUG": "contributor/shop"}),
			want: built("Travis CI", codeant.GitHub, "feature/x", 7, true, pr),
		},
		{
			name: "GitLab, named", env: env.with(vars{"CODEANT_PROVIDER": "gitlab"}),
			want: built("Travis CI", codeant.GitLab, "main", 0, false,
				from.with(vars{"branch": "TRAVIS_BRANCH", "provider": "CODEANT_PROVIDER", "provider_url": "CODEANT_PROVIDER"})),
		},
	})
	// What is no number is no pull request.
	for _, word := range []string{"", "null", "undefined", "0", "-7", "7x", "99999999999999999999"} {
		runDetections(t, []detection{{
			name: "pull request " + word, env: env.with(vars{"TRAVIS_PULL_REQUEST": word}),
			want: built("Travis CI", codeant.GitHub, "main", 0, false, from.with(vars{"branch": "TRAVIS_BRANCH"})),
		}})
	}
	runRefusals(t, []refusal{{
		name: "pull request without its head", env: pull.with(vars{"TRAVIS_PULL_REQUEST_SHA": ""}),
		want: "ci: Travis CI: TRAVIS_PULL_REQUEST_SHA is not set, and TRAVIS_COMMIT is a merge commit on a pull request; " +
			"set CODEANT_COMMIT to the hash of the pull request's head",
	}})
}
