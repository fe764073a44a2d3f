package ci

import (
	"strings"

	"github.com/codeant-sdk/codeant"
)

// travis reads Travis CI (Travis CI, "Default environment variables"). On a pull request TRAVIS_COMMIT is a merge commit
// and TRAVIS_BRANCH the target. No variable names the host of the repository; GitHub is assumed, and for GitLab,
// Bitbucket or a server of one's own there are CODEANT_PROVIDER and CODEANT_PROVIDER_URL.
func (e env) travis() sighting {
	s := sighting{system: "Travis CI", repo: e.needed(mendRepo, "TRAVIS_REPO_SLUG")}
	s.provider, s.base = e.own(codeant.GitHub, "TRAVIS")
	s.pullRequest, s.pullRequestSource = e.number("TRAVIS_PULL_REQUEST")
	const head = "TRAVIS_PULL_REQUEST_SHA"
	switch {
	case s.pullRequest == 0 && !strings.EqualFold(e.get("TRAVIS_EVENT_TYPE"), "pull_request"):
		s.commit = e.commit("TRAVIS_COMMIT")
		if e.get("TRAVIS_TAG") == "" {
			s.branch = e.branch("TRAVIS_BRANCH")
		}
		return s
	case e.get(head) == "":
		s.commit.err = wrong(head + " is not set, and TRAVIS_COMMIT is a merge commit on a pull request; " + mendHead)
	default:
		s.commit = e.commit(head)
	}
	s.branch = e.branch("TRAVIS_PULL_REQUEST_BRANCH")
	s.fork = e.differ("TRAVIS_PULL_REQUEST_SLUG", "TRAVIS_REPO_SLUG")
	return s
}
