// Package ci finds out which commit of which repository a build is about: the [codeant.Revision] to use for scans,
// coverage reports and quality gates.
//
// It reads the build's environment variables and nothing else: no git, no network. It supports eight systems: GitHub
// Actions, GitLab CI, Bitbucket Pipelines, Azure Pipelines, CircleCI, Jenkins, Buildkite and Travis CI. If the
// variables of several are set, the first in this order wins.
//
// Two rules always apply. The commit is the head of the pull request, never the merge commit that many systems check
// out, because nobody looks at the results of a merge commit. And nothing is guessed, except the host on Travis CI: if
// the environment does not determine the commit or the provider, Detect returns an error that says which variable to
// set.
//
// # Overrides
//
// These variables take precedence over those of the CI system, and each resolves an error in its own field. If the
// first three are set, no CI system is needed. An empty variable counts as unset, also among those of the CI system.
//
//	CODEANT_PROVIDER      github, gitlab, bitbucket or azuredevops
//	CODEANT_REPO          owner/repository; group/subgroup/project on GitLab; org/project/repository on Azure DevOps
//	CODEANT_COMMIT        the commit's hash
//	CODEANT_BRANCH        the branch's name
//	CODEANT_PROVIDER_URL  the provider's address, such as https://github.acme.example
//
// The overrides do not change PullRequest, Fork and MergeQueue.
//
// # Provider and address
//
// GitHub Actions, GitLab CI and Bitbucket Pipelines belong to their provider. On the other systems the host of the
// repository's address decides: github.com and *.ghe.com, gitlab.com, bitbucket.org, dev.azure.com and
// *.visualstudio.com, with their SSH hosts. Any other host needs CODEANT_PROVIDER. Azure Pipelines names the provider
// itself, and so do the Jenkins plugins that are only for GitHub or GitLab. Travis CI does not name the host, so GitHub
// is assumed.
//
// The provider URL is https, with host and port, and on GitLab CI with the path below which GitLab is installed. On the
// other systems such a path looks like part of the repository's name. Set CODEANT_PROVIDER_URL there, and also for a
// provider without TLS.
package ci

import (
	"os"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/internal/openfile"
)

// Build describes the build that is running.
type Build struct {
	// System is the CI system whose variables were read: "GitHub Actions", "GitLab CI", "Bitbucket Pipelines",
	// "Azure Pipelines", "CircleCI", "Jenkins", "Buildkite" or "Travis CI". Empty if the overrides alone were enough.
	System string
	// Revision is the commit to report on. Its ProviderURL is always set. Its Branch is empty for a tag, and if no
	// variable names it.
	Revision codeant.Revision
	// PullRequest is the number of the pull or merge request as the provider's pages show it; 0 if there is none.
	PullRequest int
	// Fork is true if the change comes from a fork of the repository. Such builds mostly run without secrets. Dependabot's
	// pull requests come from the repository itself and are not forks, though GitHub withholds its Actions secrets from
	// them (GitHub, "Dependabot on GitHub Actions").
	Fork bool
	// MergeQueue is true for a commit that GitHub's merge queue or a GitLab merge train created to test a merge.
	MergeQueue bool
	// Sources names the variable that each value came from, for logging. Its keys are provider, repo, commit, branch,
	// provider_url and pull_request; its values are variables, or fields of GitHub's event such as
	// "pull_request.head.sha". An empty value has no source.
	Sources map[string]string
}

// Detect reads the environment of this process, and on GitHub Actions the file that describes the event. Its errors
// match codeant.ErrInvalidRequest, and also [ErrNotDetected] if no supported CI system is found and the overrides are
// not enough. No error contains a credential, even if a remote's address does.
func Detect() (*Build, error) {
	return DetectFrom(os.LookupEnv, readEvent)
}

// DetectFrom is like [Detect], but reads the environment through lookup, which works like [os.LookupEnv], and the event
// through readFile, which works like [os.ReadFile]. readFile is called at most once, and only for the event file of
// GitHub Actions. If it is nil, no file is read.
func DetectFrom(lookup func(string) (string, bool), readFile func(string) ([]byte, error)) (*Build, error) {
	e := env{lookup: lookup, readFile: readFile}
	over, err := e.overrides()
	if err != nil {
		return nil, err
	}
	e.forced, e.forcedURL = codeant.Provider(over.provider.text), over.base.text
	seen, ok := e.look()
	if !ok && !over.complete() {
		return nil, notDetected(over)
	}
	return conclude(seen, over)
}

// look reads the first CI system whose variables are set, in the documented order.
func (e env) look() (facts, bool) {
	switch {
	case e.on("GITHUB_ACTIONS"):
		return e.github(), true
	case e.on("GITLAB_CI"):
		return e.gitlab(), true
	case e.on("BITBUCKET_BUILD_NUMBER"):
		return e.bitbucket(), true
	case e.on("TF_BUILD"):
		return e.azure(), true
	case e.on("CIRCLECI"):
		return e.circleCI(), true
	case e.on("JENKINS_URL"):
		return e.jenkins(), true
	case e.on("BUILDKITE"):
		return e.buildkite(), true
	case e.on("TRAVIS"):
		return e.travis(), true
	}
	return facts{}, false
}

// readEvent reads at most one byte more than an event may have, so that a larger file is seen to be too large.
func readEvent(name string) ([]byte, error) { return openfile.ReadRegular(name, maxEvent+1) }
