package ci_test

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/ci"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The commits of the tables: what must come out, and what must not.
const (
	head  = "1111111111111111111111111111111111111111"
	merge = "dddddddddddddddddddddddddddddddddddddddd"
	long  = "2222222222222222222222222222222222222222222222222222222222222222"
)

type vars map[string]string

// with returns the variables with more of them; an empty value takes one away.
func (v vars) with(more vars) vars {
	all := maps.Clone(v)
	maps.Copy(all, more)
	return all
}

func (v vars) lookup(name string) (string, bool) {
	value, ok := v[name]
	return value, ok
}

// detect runs DetectFrom with one file, the event; an empty one does not exist.
func detect(env vars, event string) (*ci.Build, error) {
	return ci.DetectFrom(env.lookup, func(name string) ([]byte, error) {
		if name == "/github/event.json" && event != "" {
			return []byte(event), nil
		}
		return nil, &os.PathError{Op: "open", Path: name, Err: os.ErrNotExist}
	})
}

type detection struct {
	name  string
	env   vars
	event string
	want  ci.Build
}

func runDetections(t *testing.T, tests []detection) {
	t.Helper()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := detect(tt.env, tt.event)
			require.NoError(t, err)
			assert.Equal(t, &tt.want, got)
			assert.NoError(t, got.Revision.Validate())
		})
	}
}

type refusal struct {
	name  string
	env   vars
	event string
	want  string
}

func runRefusals(t *testing.T, tests []refusal) {
	t.Helper()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := detect(tt.env, tt.event)
			assert.Nil(t, got)
			require.EqualError(t, err, tt.want)
			assert.ErrorIs(t, err, codeant.ErrInvalidRequest)
		})
	}
}

var complete = vars{"CODEANT_PROVIDER": "GitHub", "CODEANT_REPO": "acme/shop", "CODEANT_COMMIT": "abc1234"}

func TestOverrides(t *testing.T) {
	t.Parallel()
	runDetections(t, []detection{
		{
			name: "complete, no CI system",
			env:  complete,
			want: ci.Build{
				Revision: codeant.Revision{Provider: codeant.GitHub, Repo: "acme/shop", Commit: "abc1234", ProviderURL: "https://github.com"},
				Sources:  vars{"provider": "CODEANT_PROVIDER", "repo": "CODEANT_REPO", "commit": "CODEANT_COMMIT", "provider_url": "CODEANT_PROVIDER"},
			},
		},
		{
			name: "all five, white space and refs/heads/ taken off",
			env: vars{
				"CODEANT_PROVIDER": " azure_devops\n", "CODEANT_REPO": "acme/My Project/web", "CODEANT_COMMIT": long,
				"CODEANT_BRANCH": "refs/heads/feature/x", "CODEANT_PROVIDER_URL": "https://tfs.acme.example/tfs/",
			},
			want: ci.Build{
				Revision: codeant.Revision{
					Provider: codeant.AzureDevOps, Repo: "acme/My Project/web", Commit: long, Branch: "feature/x", ProviderURL: "https://tfs.acme.example/tfs",
				},
				Sources: vars{
					"provider": "CODEANT_PROVIDER", "repo": "CODEANT_REPO", "commit": "CODEANT_COMMIT", "branch": "CODEANT_BRANCH",
					"provider_url": "CODEANT_PROVIDER_URL",
				},
			},
		},
		{
			name: "over a CI system that told everything, a mirror's address does not count",
			env: actions.with(complete).with(vars{
				"CODEANT_PROVIDER": "gitlab", "CODEANT_REPO": "acme/backend/shop", "GITHUB_EVENT_NAME": "push", "GITHUB_REF": "refs/heads/main",
			}),
			want: ci.Build{
				System:   "GitHub Actions",
				Revision: codeant.Revision{Provider: codeant.GitLab, Repo: "acme/backend/shop", Commit: "abc1234", Branch: "main", ProviderURL: "https://gitlab.com"},
				Sources: vars{
					"provider": "CODEANT_PROVIDER", "repo": "CODEANT_REPO", "commit": "CODEANT_COMMIT", "branch": "GITHUB_REF",
					"provider_url": "CODEANT_PROVIDER",
				},
			},
		},
		{
			name: "CODEANT_BRANCH and CODEANT_PROVIDER_URL alone",
			env: actions.with(vars{
				"GITHUB_EVENT_NAME": "push", "GITHUB_REF": "refs/heads/main", "CODEANT_BRANCH": "release", "CODEANT_PROVIDER_URL": "http://ghe.acme.example",
			}),
			want: ci.Build{
				System:   "GitHub Actions",
				Revision: codeant.Revision{Provider: codeant.GitHub, Repo: "acme/shop", Commit: merge, Branch: "release", ProviderURL: "http://ghe.acme.example"},
				Sources: vars{
					"provider": "GITHUB_ACTIONS", "repo": "GITHUB_REPOSITORY", "commit": "GITHUB_SHA", "branch": "CODEANT_BRANCH",
					"provider_url": "CODEANT_PROVIDER_URL",
				},
			},
		},
		{
			name: "CODEANT_COMMIT mends an event that cannot be read",
			env: actions.with(vars{
				"GITHUB_EVENT_NAME": "pull_request", "GITHUB_REF": "refs/pull/7/merge", "GITHUB_HEAD_REF": "feature", "CODEANT_COMMIT": head,
			}),
			want: ci.Build{
				System:   "GitHub Actions",
				Revision: codeant.Revision{Provider: codeant.GitHub, Repo: "acme/shop", Commit: head, Branch: "feature", ProviderURL: "https://github.com"},
				Sources: vars{
					"provider": "GITHUB_ACTIONS", "repo": "GITHUB_REPOSITORY", "commit": "CODEANT_COMMIT", "branch": "GITHUB_HEAD_REF",
					"provider_url": "GITHUB_SERVER_URL", "pull_request": "GITHUB_REF",
				},
				PullRequest: 7,
			},
		},
		{
			name: "all three mend a forge that only looks like GitHub",
			env: actions.with(complete).with(vars{
				"GITEA_ACTIONS": "true", "GITHUB_SERVER_URL": "https://git.acme.example", "GITHUB_EVENT_NAME": "push", "GITHUB_REF": "refs/heads/main",
			}),
			want: ci.Build{
				System:   "GitHub Actions",
				Revision: codeant.Revision{Provider: codeant.GitHub, Repo: "acme/shop", Commit: "abc1234", Branch: "main", ProviderURL: "https://github.com"},
				Sources: vars{
					"provider": "CODEANT_PROVIDER", "repo": "CODEANT_REPO", "commit": "CODEANT_COMMIT", "branch": "GITHUB_REF",
					"provider_url": "CODEANT_PROVIDER",
				},
			},
		},
		{
			name: "empty overrides and undefined macros are not set",
			env: gitlab.with(vars{
				"CODEANT_PROVIDER": "", "CODEANT_REPO": " ", "CODEANT_COMMIT": "$(Custom.Commit)", "CI_COMMIT_BRANCH": "main",
			}),
			want: ci.Build{
				System:   "GitLab CI",
				Revision: codeant.Revision{Provider: codeant.GitLab, Repo: "acme/backend/shop", Commit: head, Branch: "main", ProviderURL: "https://gitlab.com"},
				Sources: vars{
					"provider": "GITLAB_CI", "repo": "CI_PROJECT_PATH", "commit": "CI_COMMIT_SHA", "branch": "CI_COMMIT_BRANCH",
					"provider_url": "CI_SERVER_URL",
				},
			},
		},
	})
}

func TestOverridesRefused(t *testing.T) {
	t.Parallel()
	runRefusals(t, []refusal{
		{
			name: "provider",
			env:  complete.with(vars{"CODEANT_PROVIDER": "sourceforge"}),
			want: `ci: CODEANT_PROVIDER "sourceforge" is not a provider; use github, gitlab, bitbucket or azuredevops`,
		},
		{
			name: "repo without owner",
			env:  complete.with(vars{"CODEANT_REPO": "shop"}),
			want: `ci: CODEANT_REPO: repo "shop" has no owner or no name; use owner/repository, as in the repository's address`,
		},
		{
			name: "repo as an address, which is not repeated",
			env:  complete.with(vars{"CODEANT_REPO": "https://ada:hunter22@github.com/acme/shop"}),
			want: `ci: CODEANT_REPO is an address, not a name; use owner/repository, as in the repository's address`,
		},
		{
			name: "commit that no shell expanded",
			env:  complete.with(vars{"CODEANT_COMMIT": "$(git rev-parse HEAD)"}),
			want: `ci: CODEANT_COMMIT: commit "$(git rev-parse HEAD)" is not 7 to 64 hexadecimal digits; use the full hash of the commit, as git rev-parse HEAD prints it`,
		},
		{
			name: "commit too short",
			env:  complete.with(vars{"CODEANT_COMMIT": "abc123"}),
			want: `ci: CODEANT_COMMIT: commit "abc123" is not 7 to 64 hexadecimal digits; use the full hash of the commit, as git rev-parse HEAD prints it`,
		},
		{
			name: "branch over two lines",
			env:  complete.with(vars{"CODEANT_BRANCH": "main\n::error::x"}),
			want: `ci: CODEANT_BRANCH: branch "main ::error::x" contains a control character; remove line breaks and other invisible characters`,
		},
		{
			name: "provider URL with a password",
			env:  complete.with(vars{"CODEANT_PROVIDER_URL": "https://ada:hunter22@ghe.acme.example"}),
			want: `ci: CODEANT_PROVIDER_URL is unusable: it holds a user name or password, which does not belong there; use the provider's address, such as https://github.example.com`,
		},
		{
			name: "provider URL with a query",
			env:  complete.with(vars{"CODEANT_PROVIDER_URL": "https://ghe.acme.example?token=hunter22"}),
			want: `ci: CODEANT_PROVIDER_URL has a query; use the provider's address, such as https://github.example.com`,
		},
		{
			name: "several at once",
			env:  vars{"CODEANT_PROVIDER": "x", "CODEANT_COMMIT": "y", "CODEANT_PROVIDER_URL": "ghe.acme.example"},
			want: `ci: CODEANT_PROVIDER "x" is not a provider; use github, gitlab, bitbucket or azuredevops` +
				`; and CODEANT_COMMIT: commit "y" is not 7 to 64 hexadecimal digits; use the full hash of the commit, as git rev-parse HEAD prints it` +
				`; and CODEANT_PROVIDER_URL is unusable: it must start with https://; use the provider's address, such as https://github.example.com`,
		},
	})
}

func TestNothingDetected(t *testing.T) {
	t.Parallel()
	const known = "not set; run on GitHub Actions, GitLab CI, Bitbucket Pipelines, Azure Pipelines, CircleCI, Jenkins, Buildkite or Travis CI, " +
		"or set CODEANT_PROVIDER=github CODEANT_REPO=owner/repository CODEANT_COMMIT=$(git rev-parse HEAD)"
	for _, tt := range []struct {
		name string
		env  vars
		want string
	}{
		{"empty", vars{}, "ci: no CI system found, and CODEANT_PROVIDER, CODEANT_REPO and CODEANT_COMMIT are " + known},
		{"two missing", vars{"CODEANT_REPO": "acme/shop"}, "ci: no CI system found, and CODEANT_PROVIDER and CODEANT_COMMIT are " + known},
		{"one missing", complete.with(vars{"CODEANT_COMMIT": ""}), "ci: no CI system found, and CODEANT_COMMIT is " + known},
		{
			"switched off or unknown",
			vars{"CI": "true", "GITHUB_ACTIONS": "false", "BUILDKITE": "0", "TEAMCITY_VERSION": "2025.1"},
			"ci: no CI system found, and CODEANT_PROVIDER, CODEANT_REPO and CODEANT_COMMIT are " + known,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := detect(tt.env, "")
			assert.Nil(t, got)
			require.EqualError(t, err, tt.want)
			assert.ErrorIs(t, err, ci.ErrNotDetected)
			assert.ErrorIs(t, err, codeant.ErrInvalidRequest)
		})
	}
}

func TestOtherErrorsAreNotErrNotDetected(t *testing.T) {
	t.Parallel()
	_, err := detect(vars{"JENKINS_URL": "https://ci.acme.example/"}, "")
	require.Error(t, err)
	assert.False(t, errors.Is(err, ci.ErrNotDetected))
}

func TestNilFunctions(t *testing.T) {
	t.Parallel()
	_, err := ci.DetectFrom(nil, nil)
	assert.ErrorIs(t, err, ci.ErrNotDetected)
	_, err = ci.DetectFrom(actions.with(vars{"GITHUB_EVENT_NAME": "pull_request"}).lookup, nil)
	assert.EqualError(t, err, "ci: GitHub Actions: the file of GITHUB_EVENT_PATH cannot be read without a readFile function, and GITHUB_SHA is another commit on pull_request; "+
		"set CODEANT_COMMIT to ${{ github.event.pull_request.head.sha }}")
}

// Where the variables of several systems are set, the order of the package comment decides.
func TestOrderOfSystems(t *testing.T) {
	t.Parallel()
	const provider, repo, commit = "CODEANT_PROVIDER", "CODEANT_REPO", "CODEANT_COMMIT"
	env := vars{
		provider: "github", repo: "acme/shop", commit: head,
		"GITHUB_ACTIONS": "true", "GITLAB_CI": "true", "BITBUCKET_BUILD_NUMBER": "12", "TF_BUILD": "True", "CIRCLECI": "true",
		"JENKINS_URL": "https://ci.acme.example/", "BUILDKITE": "true", "TRAVIS": "true",
	}
	for _, step := range []struct{ system, flag string }{
		{"GitHub Actions", "GITHUB_ACTIONS"},
		{"GitLab CI", "GITLAB_CI"},
		{"Bitbucket Pipelines", "BITBUCKET_BUILD_NUMBER"},
		{"Azure Pipelines", "TF_BUILD"},
		{"CircleCI", "CIRCLECI"},
		{"Jenkins", "JENKINS_URL"},
		{"Buildkite", "BUILDKITE"},
		{"Travis CI", "TRAVIS"},
		{"", ""},
	} {
		got, err := detect(env, "")
		require.NoError(t, err)
		assert.Equal(t, step.system, got.System)
		delete(env, step.flag)
	}
}

// Not parallel: Detect reads the environment of the process.
func TestDetect(t *testing.T) {
	for _, name := range []string{
		"CODEANT_PROVIDER", "CODEANT_REPO", "CODEANT_COMMIT", "CODEANT_BRANCH", "CODEANT_PROVIDER_URL", "FORGEJO_ACTIONS", "GITEA_ACTIONS", "GITHUB_HEAD_REF",
	} {
		t.Setenv(name, "")
	}
	path := filepath.Join(t.TempDir(), "event.json")
	require.NoError(t, os.WriteFile(path, []byte(pullEvent), 0o600))
	for name, value := range actions.with(vars{"GITHUB_EVENT_NAME": "pull_request", "GITHUB_REF": "refs/pull/7/merge", "GITHUB_EVENT_PATH": path}) {
		t.Setenv(name, value)
	}
	got, err := ci.Detect()
	require.NoError(t, err)
	assert.Equal(t, head, got.Revision.Commit)
	assert.Equal(t, "pull_request.head.sha", got.Sources["commit"])

	// An endless file is read no further than an event may go.
	require.NoError(t, os.WriteFile(path, []byte(strings.Repeat(" ", 9<<20)), 0o600))
	_, err = ci.Detect()
	assert.EqualError(t, err, "ci: GitHub Actions: the file of GITHUB_EVENT_PATH is larger than 8 MiB, and GITHUB_SHA is another commit on pull_request; "+
		"set CODEANT_COMMIT to ${{ github.event.pull_request.head.sha }}")

	require.NoError(t, os.Remove(path))
	_, err = ci.Detect()
	assert.ErrorIs(t, err, os.ErrNotExist)
	assert.ErrorIs(t, err, codeant.ErrInvalidRequest)
}
