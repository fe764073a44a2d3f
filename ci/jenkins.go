package ci

import (
	"strings"

	"github.com/codeant-sdk/codeant"
)

// jenkins reads Jenkins: the variables of its git plugin, of multibranch projects (CHANGE_*), of the plugin GitHub Pull
// Request Builder (ghprb*) and of the GitLab plugin (gitlab*). In a multibranch project GIT_COMMIT of a pull request may
// be a merge that this build made and nobody else has, and nothing tells it from the head; so only the two plugins, which
// name the head, or CODEANT_COMMIT can tell the commit of a pull request. Pipelines without a checkout of their own
// ("agent none") do not export the GIT_ variables.
//
// The address of the pull request comes before that of the checkout, because a checkout may be the fork's.
//
// ghprb's names are those of its source; those of the GitLab plugin are taken from pipelines that use them.
func (e env) jenkins() sighting {
	s := sighting{system: "Jenkins"}
	var told codeant.Provider
	var toldBy string
	switch {
	case e.get("ghprbPullId") != "":
		told, toldBy = codeant.GitHub, "ghprbPullId"
	case e.get("gitlabMergeRequestIid") != "":
		told, toldBy = codeant.GitLab, "gitlabMergeRequestIid"
	}
	s.provider, s.repo, s.base = e.follow(
		lead{name: "CHANGE_URL", change: true},
		lead{name: "ghprbPullLink", change: true, told: told, toldBy: toldBy},
		lead{name: "GIT_URL", told: told, toldBy: toldBy},
		lead{name: "GIT_URL_1", told: told, toldBy: toldBy},
	)
	change := e.first("CHANGE_ID", "ghprbPullId", "gitlabMergeRequestIid")
	s.commit = e.jenkinsCommit(change.source)
	s.branch = e.jenkinsBranch(change.source != "")
	s.pullRequest, s.pullRequestSource = e.number("CHANGE_ID", "ghprbPullId", "gitlabMergeRequestIid")
	s.fork = e.get("CHANGE_FORK") != "" || e.elsewhere("ghprbAuthorRepoGitUrl", s) || e.elsewhere("gitlabSourceRepoHttpUrl", s)
	return s
}

func (e env) jenkinsCommit(change string) value {
	switch {
	case e.first("ghprbActualCommit", "gitlabMergeRequestLastCommit").text != "":
		return e.commit("ghprbActualCommit", "gitlabMergeRequestLastCommit")
	case change != "":
		return value{err: wrong(change + " says that this is a pull request, where GIT_COMMIT may be a merge that exists only here; set " +
			"CODEANT_COMMIT to the head of the pull request: git rev-parse HEAD, or HEAD^1 where HEAD is that merge")}
	}
	return e.commit("GIT_COMMIT")
}

func (e env) jenkinsBranch(change bool) value {
	if change {
		return e.branch("CHANGE_BRANCH", "ghprbSourceBranch", "gitlabSourceBranch")
	}
	if e.get("TAG_NAME") != "" {
		return value{}
	}
	b := e.first("GIT_BRANCH")
	b.text = strings.TrimPrefix(b.text, "refs/heads/")
	b.text = strings.TrimPrefix(b.text, "refs/remotes/")
	b.text = strings.TrimPrefix(b.text, "origin/")
	switch {
	case strings.HasPrefix(b.text, "tags/"), strings.HasPrefix(b.text, "refs/tags/"):
		return value{}
	case b.text == "", b.text == "detached", b.text == "HEAD", strings.HasPrefix(b.text, "refs/"):
		return e.branch("BRANCH_NAME")
	}
	return b
}
