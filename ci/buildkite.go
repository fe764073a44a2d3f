package ci

import "strings"

// buildkite reads Buildkite (Buildkite, "Environment variables"). A build that was started by hand or by another
// pipeline may have the word HEAD for its commit, which only git can resolve. The branch of a pull request from a fork
// is user:branch.
func (e env) buildkite() sighting {
	s := sighting{system: "Buildkite", commit: e.commit("BUILDKITE_COMMIT")}
	s.provider, s.repo, s.base = e.follow(lead{name: "BUILDKITE_REPO"})
	user, fromFork := "", false
	if e.get("BUILDKITE_TAG") == "" {
		s.branch = e.branch("BUILDKITE_BRANCH")
		// git allows no colon in the name of a branch.
		user, s.branch.text, fromFork = strings.Cut(s.branch.text, ":")
		if !fromFork {
			s.branch.text = user
		}
		if s.branch.text == "" {
			s.branch = value{}
		}
	}
	s.pullRequest, s.pullRequestSource = e.number("BUILDKITE_PULL_REQUEST")
	s.fork = s.pullRequest > 0 && (fromFork || e.elsewhere("BUILDKITE_PULL_REQUEST_REPO", s))
	return s
}
