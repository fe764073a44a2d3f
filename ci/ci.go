// Package ci tells which commit of which repository a build is about: the [codeant.Revision] that scans, coverage
// reports and quality gates are filed under.
//
// It reads what the build's environment says and nothing else: no git, no network. Eight systems are known: GitHub
// Actions, GitLab CI, Bitbucket Pipelines, Azure Pipelines, CircleCI, Jenkins, Buildkite and Travis CI; where the
// variables of several are set, the first in this order counts.
//
// Two rules hold throughout. The commit is the head of the pull request, never the merge commit that many systems
// check out, because results of a merge commit appear where nobody looks. And nothing is guessed, the host of Travis
// CI apart: where the environment leaves the commit or the provider open, the answer is an error that says which
// variable to set.
//
// # Overrides
//
// These variables come before anything that the CI system says, and each mends an error in its own field. With the
// first three, no CI system is needed. An empty variable counts as unset, here and everywhere.
//
//	CODEANT_PROVIDER  github, gitlab, bitbucket or azuredevops
//	CODEANT_REPO      owner/repository; group/subgroup/project on GitLab; org/project/repository on Azure DevOps
//	CODEANT_COMMIT    the commit's hash
//	CODEANT_BRANCH    the branch's name
//	CODEANT_PROVIDER_URL  the provider's address, such as https://github.acme.example
//
// Pull request, fork and merge queue are those of the build, whatever the overrides say.
//
// # Provider and address
//
// On GitHub Actions, GitLab CI and Bitbucket Pipelines the system belongs to the provider. On the others the host of
// the repository's address decides: github.com and *.ghe.com, gitlab.com, bitbucket.org, dev.azure.com and
// *.visualstudio.com, with their SSH hosts. Any other host needs CODEANT_PROVIDER. Azure Pipelines says of which kind
// a repository is, and so do the plugins of Jenkins that exist for GitHub or GitLab alone. Travis CI does not name the
// host; GitHub is assumed there.
//
// The base URL is https, with host and port and without a path. Where the provider lives below a path, or speaks http,
// set CODEANT_PROVIDER_URL.
package ci

import (
	"io"
	"os"

	"github.com/codeant-sdk/codeant"
)

// Build is what the environment says of the build that is running.
type Build struct {
	// System is the CI system whose variables were read: "GitHub Actions", "GitLab CI", "Bitbucket Pipelines",
	// "Azure Pipelines", "CircleCI", "Jenkins", "Buildkite" or "Travis CI". Empty where the overrides alone told everything.
	System string
	// Revision is the commit to report on. Its ProviderURL is always set; its Branch is empty for a tag, and where the system
	// does not tell it.
	Revision codeant.Revision
	// PullRequest is the number that people know the pull or merge request by; 0 where there is none.
	PullRequest int
	// Fork is true where the system says that the change comes from another repository than the one it is for. Such
	// builds are mostly run without secrets. Dependabot's pull requests come from the repository itself and are no
	// forks, though GitHub withholds its Actions secrets from them (GitHub, "Dependabot on GitHub Actions").
	Fork bool
	// MergeQueue is true for a commit that GitHub's merge queue or a merge train of GitLab made to try a merge.
	MergeQueue bool
	// Sources says of each value where it came from, for a line in the log. Its keys are provider, repo, commit, branch,
	// provider_url and pull_request; its values are variables, or fields of GitHub's event such as "pull_request.head.sha".
	// What is empty has no source.
	Sources map[string]string
}

// Detect reads the environment of this process, and on GitHub Actions the file that describes the event. Its errors
// are codeant.ErrInvalidRequest, and [ErrNotDetected] as well where there is no known CI system and the overrides do
// not make up for it. None of them holds a credential, even if a remote's address does.
func Detect() (*Build, error) {
	return DetectFrom(os.LookupEnv, readBounded)
}

// DetectFrom is [Detect] for an environment of the caller's: lookup has the semantics of [os.LookupEnv], readFile those
// of [os.ReadFile]. readFile is called at most once, and only for an event of GitHub Actions; nil stands for no files.
func DetectFrom(lookup func(string) (string, bool), readFile func(string) ([]byte, error)) (*Build, error) {
	e := env{lookup: lookup, readFile: readFile}
	over, err := e.overrides()
	if err != nil {
		return nil, err
	}
	e.forced = codeant.Provider(over.provider.text)
	seen, ok := e.look()
	if !ok && !over.complete() {
		return nil, notDetected(over)
	}
	return conclude(seen, over)
}

// look asks the first CI system that shows. The order is public.
func (e env) look() (sighting, bool) {
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
	return sighting{}, false
}

// readBounded is os.ReadFile that stops one byte after what an event may have.
func readBounded(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxEvent+1))
}
