package ci

import (
	"strings"

	"github.com/codeant-sdk/codeant"
)

// azure reads Azure Pipelines (Azure Pipelines, "Predefined variables"), which builds repositories of Azure Repos, of
// GitHub, of Bitbucket and of any other server. On a pull request BUILD_SOURCEVERSION is a merge commit and
// BUILD_SOURCEBRANCH is refs/pull/7/merge.
//
// On Azure DevOps Server the name begins with the collection; a virtual directory such as /tfs is left out.
func (e env) azure() sighting {
	s := sighting{system: "Azure Pipelines"}
	l := lead{
		name: "BUILD_REPOSITORY_URI", toldBy: "BUILD_REPOSITORY_PROVIDER",
		collection: e.first("SYSTEM_COLLECTIONURI", "SYSTEM_TEAMFOUNDATIONCOLLECTIONURI").text,
	}
	kind := e.get("BUILD_REPOSITORY_PROVIDER")
	switch strings.ToLower(kind) {
	case "tfsgit":
		l.told = codeant.AzureDevOps
	case "github", "githubenterprise":
		l.told = codeant.GitHub
	case "bitbucket":
		l.told = codeant.Bitbucket
	}
	switch strings.ToLower(kind) {
	case "tfsversioncontrol", "svn":
		other := wrong("BUILD_REPOSITORY_PROVIDER is " + printed(kind) + ", which is not git; " +
			"for a mirror in git set CODEANT_PROVIDER, CODEANT_REPO and CODEANT_COMMIT")
		s.provider, s.repo, s.commit = value{err: other}, value{err: other}, value{err: other}
		return s
	}
	s.provider, s.repo, s.base = e.follow(l)

	ref := e.get("BUILD_SOURCEBRANCH")
	onGitHub := l.told == codeant.GitHub || s.provider.text == string(codeant.GitHub)
	e.azureNumber(&s, onGitHub)
	head := "SYSTEM_PULLREQUEST_SOURCECOMMITID"
	switch {
	case s.pullRequest > 0, e.get(head) != "", pullRef(ref) > 0, strings.EqualFold(e.get("BUILD_REASON"), "PullRequest"):
		s.commit = e.azureHead(head)
		s.branch = e.branch("SYSTEM_PULLREQUEST_SOURCEBRANCH")
	default:
		s.commit = e.commit("BUILD_SOURCEVERSION")
		s.branch = e.branch("BUILD_SOURCEBRANCH")
	}
	s.fork = e.on("SYSTEM_PULLREQUEST_ISFORK")
	return s
}

func (e env) azureHead(name string) value {
	if e.get(name) == "" {
		return value{err: wrong(name + " is not set, and BUILD_SOURCEVERSION is a merge commit on a pull request; " + mendHead)}
	}
	return e.commit(name)
}

// azureNumber: for a pull request of GitHub, SYSTEM_PULLREQUEST_PULLREQUESTID is a number that only GitHub's database
// knows.
func (e env) azureNumber(s *sighting, onGitHub bool) {
	names := []string{"SYSTEM_PULLREQUEST_PULLREQUESTNUMBER", "SYSTEM_PULLREQUEST_PULLREQUESTID"}
	if onGitHub {
		names = names[:1]
	}
	if s.pullRequest, s.pullRequestSource = e.number(names...); s.pullRequest == 0 {
		s.pullRequest, s.pullRequestSource = e.pullRef("BUILD_SOURCEBRANCH")
	}
}
