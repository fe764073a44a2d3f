package ci

import (
	"strings"

	"github.com/codeant-sdk/codeant"
)

// travis reads Travis CI (Travis CI, "Default environment variables"). On a pull request TRAVIS_COMMIT is a merge
// commit and TRAVIS_BRANCH the target. No variable names the host of the repository, so GitHub is assumed. For GitLab,
// Bitbucket or a self-hosted server set CODEANT_PROVIDER and CODEANT_PROVIDER_URL.
func (e env) travis() facts {
	f := facts{system: "Travis CI", repo: e.needed(setRepo, "TRAVIS_REPO_SLUG")}
	f.provider, f.base = e.fixedProvider(codeant.GitHub, "TRAVIS", value{})
	f.pullRequest, f.pullRequestSource = e.number("TRAVIS_PULL_REQUEST")
	const head = "TRAVIS_PULL_REQUEST_SHA"
	switch {
	case f.pullRequest == 0 && !strings.EqualFold(e.get("TRAVIS_EVENT_TYPE"), "pull_request"):
		f.commit = e.commit("TRAVIS_COMMIT")
		if e.get("TRAVIS_TAG") == "" {
			f.branch = e.branch("TRAVIS_BRANCH")
		}
		return f
	case e.get(head) == "":
		f.commit.err = newProblem(head + " is not set, and TRAVIS_COMMIT is a merge commit on a pull request; " + setHead)
	default:
		f.commit = e.commit(head)
	}
	f.branch = e.branch("TRAVIS_PULL_REQUEST_BRANCH")
	f.fork = e.differ("TRAVIS_PULL_REQUEST_SLUG", "TRAVIS_REPO_SLUG")
	return f
}
