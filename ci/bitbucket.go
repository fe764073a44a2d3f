package ci

import "github.com/codeant-sdk/codeant"

// bitbucket reads Bitbucket Pipelines, which exists on bitbucket.org alone (Bitbucket Cloud, "Variables and secrets").
// BITBUCKET_COMMIT has been a short hash of 12 digits; that is refused, because two commits may share it.
//
// Unverified: that BITBUCKET_COMMIT is the head of the source branch in a pipeline for pull requests. The documentation
// calls it the commit that kicked off the build; the merge with the destination is made later, in the build's clone.
// Pipelines for pull requests from forks are not run, so Fork is never set.
func (e env) bitbucket() sighting {
	s := sighting{system: "Bitbucket Pipelines", repo: e.needed(mendRepo, "BITBUCKET_REPO_FULL_NAME"), commit: e.commit("BITBUCKET_COMMIT")}
	s.provider, s.base = e.own(codeant.Bitbucket, "BITBUCKET_BUILD_NUMBER", "BITBUCKET_GIT_HTTP_ORIGIN")
	if e.get("BITBUCKET_TAG") == "" {
		s.branch = e.branch("BITBUCKET_BRANCH")
	}
	s.pullRequest, s.pullRequestSource = e.number("BITBUCKET_PR_ID")
	return s
}
