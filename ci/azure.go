package ci

import (
	"strings"

	"github.com/codeant-sdk/codeant"
)

// azure reads Azure Pipelines (Azure Pipelines, "Predefined variables"), which builds repositories of Azure Repos, of
// GitHub, of Bitbucket and of any other server. On a pull request BUILD_SOURCEVERSION is a merge commit and
// BUILD_SOURCEBRANCH is refs/pull/7/merge.
//
// On Azure DevOps Server the name begins with the collection, without a virtual directory such as /tfs.
func (e env) azure() facts {
	f := facts{system: "Azure Pipelines"}
	c := candidate{
		name: "BUILD_REPOSITORY_URI", providerFrom: "BUILD_REPOSITORY_PROVIDER",
		collection: e.first("SYSTEM_COLLECTIONURI", "SYSTEM_TEAMFOUNDATIONCOLLECTIONURI").text,
	}
	kind := e.get("BUILD_REPOSITORY_PROVIDER")
	switch strings.ToLower(kind) {
	case "tfsgit":
		c.provider = codeant.AzureDevOps
	case "github", "githubenterprise":
		c.provider = codeant.GitHub
	case "bitbucket":
		c.provider = codeant.Bitbucket
	}
	switch strings.ToLower(kind) {
	case "tfsversioncontrol", "svn":
		other := newProblem("BUILD_REPOSITORY_PROVIDER is " + printed(kind) + ", which is not git; " +
			"for a mirror in git set CODEANT_PROVIDER, CODEANT_REPO and CODEANT_COMMIT")
		f.provider, f.repo, f.commit = value{err: other}, value{err: other}, value{err: other}
		return f
	}
	f.provider, f.repo, f.base = e.follow(c)

	ref := e.get("BUILD_SOURCEBRANCH")
	onGitHub := c.provider == codeant.GitHub || f.provider.text == string(codeant.GitHub)
	e.azureNumber(&f, onGitHub)
	head := "SYSTEM_PULLREQUEST_SOURCECOMMITID"
	switch {
	case f.pullRequest > 0, e.get(head) != "", pullRef(ref) > 0, strings.EqualFold(e.get("BUILD_REASON"), "PullRequest"):
		f.commit = e.azureHead(head)
		f.branch = e.branch("SYSTEM_PULLREQUEST_SOURCEBRANCH")
	default:
		f.commit = e.commit("BUILD_SOURCEVERSION")
		f.branch = e.branch("BUILD_SOURCEBRANCH")
	}
	f.fork = e.on("SYSTEM_PULLREQUEST_ISFORK")
	return f
}

func (e env) azureHead(name string) value {
	if e.get(name) == "" {
		return value{err: newProblem(name + " is not set, and BUILD_SOURCEVERSION is a merge commit on a pull request; " + setHead)}
	}
	return e.commit(name)
}

// azureNumber returns the number of the pull request. For GitHub, SYSTEM_PULLREQUEST_PULLREQUESTID is an internal ID of
// GitHub's database.
func (e env) azureNumber(f *facts, onGitHub bool) {
	names := []string{"SYSTEM_PULLREQUEST_PULLREQUESTNUMBER", "SYSTEM_PULLREQUEST_PULLREQUESTID"}
	if onGitHub {
		names = names[:1]
	}
	if f.pullRequest, f.pullRequestSource = e.number(names...); f.pullRequest == 0 {
		f.pullRequest, f.pullRequestSource = e.pullRef("BUILD_SOURCEBRANCH")
	}
}
