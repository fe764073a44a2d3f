package ci

import "strings"

// buildkite reads Buildkite (Buildkite, "Environment variables"). If a build was started by hand or by another
// pipeline, its commit may be the word HEAD, which only git can resolve. The branch of a pull request from a fork is
// user:branch.
func (e env) buildkite() facts {
	f := facts{system: "Buildkite", commit: e.commit("BUILDKITE_COMMIT")}
	f.provider, f.repo, f.base = e.follow(candidate{name: "BUILDKITE_REPO"})
	user, fromFork := "", false
	if e.get("BUILDKITE_TAG") == "" {
		f.branch = e.branch("BUILDKITE_BRANCH")
		// git allows no colon in the name of a branch.
		user, f.branch.text, fromFork = strings.Cut(f.branch.text, ":")
		if !fromFork {
			f.branch.text = user
		}
		if f.branch.text == "" {
			f.branch = value{}
		}
	}
	f.pullRequest, f.pullRequestSource = e.number("BUILDKITE_PULL_REQUEST")
	f.fork = f.pullRequest > 0 && (fromFork || e.elsewhere("BUILDKITE_PULL_REQUEST_REPO", f))
	return f
}
