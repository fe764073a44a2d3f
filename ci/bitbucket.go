package ci

import "github.com/codeant-sdk/codeant"

// bitbucket reads Bitbucket Pipelines, which exists only on bitbucket.org (Bitbucket Cloud, "Variables and secrets").
// BITBUCKET_COMMIT used to be a short hash of 12 digits; that is refused, because two commits may share it.
//
// Unverified: that BITBUCKET_COMMIT is the head of the source branch in a pipeline for pull requests. The documentation
// calls it the commit that kicked off the build; the merge with the destination is made later, in the build's clone.
// Pipelines for pull requests from forks are not run, so Fork is never set.
func (e env) bitbucket() facts {
	f := facts{system: "Bitbucket Pipelines", commit: e.commit("BITBUCKET_COMMIT")}
	f.repo = e.needed(setRepo, "BITBUCKET_REPO_FULL_NAME")
	server := e.serverOf("BITBUCKET_GIT_HTTP_ORIGIN", "BITBUCKET_REPO_FULL_NAME")
	f.provider, f.base = e.fixedProvider(codeant.Bitbucket, "BITBUCKET_BUILD_NUMBER", server)
	if e.get("BITBUCKET_TAG") == "" {
		f.branch = e.branch("BITBUCKET_BRANCH")
	}
	f.pullRequest, f.pullRequestSource = e.number("BITBUCKET_PR_ID")
	return f
}
