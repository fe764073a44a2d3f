package ci

import (
	"slices"
	"strings"

	"github.com/codeant-sdk/codeant"
)

// jenkins reads Jenkins: the variables of its git plugin, of multibranch projects (CHANGE_*), of the GitHub Pull
// Request Builder plugin (ghprb*) and of the GitLab plugin (gitlab*). In a multibranch project GIT_COMMIT of a pull
// request may be a merge commit that exists only in this build and cannot be recognized. So the commit of a pull
// request is taken only from the two plugins, which name the head, and from CODEANT_COMMIT. Pipelines without a
// checkout of their own ("agent none") do not export the GIT_ variables.
//
// The address of the pull request takes precedence over that of the checkout, because the checkout may be of the fork.
//
// The names of ghprb are taken from its source code, those of the GitLab plugin from pipelines that use them.
func (e env) jenkins() facts {
	f := facts{system: "Jenkins"}
	var provider codeant.Provider
	var providerFrom string
	switch {
	case e.pullSet("ghprbPullId"):
		provider, providerFrom = codeant.GitHub, "ghprbPullId"
	case e.pullSet("gitlabMergeRequestIid"):
		provider, providerFrom = codeant.GitLab, "gitlabMergeRequestIid"
	}
	f.provider, f.repo, f.base = e.follow(
		candidate{name: "CHANGE_URL", pullRequest: true},
		candidate{name: "ghprbPullLink", pullRequest: true, provider: provider, providerFrom: providerFrom},
		candidate{name: "GIT_URL", provider: provider, providerFrom: providerFrom},
		candidate{name: "GIT_URL_1", provider: provider, providerFrom: providerFrom},
	)
	change := ""
	ids := []string{"CHANGE_ID", "ghprbPullId", "gitlabMergeRequestIid"}
	if i := slices.IndexFunc(ids, e.pullSet); i >= 0 {
		change = ids[i]
	}
	f.commit = e.jenkinsCommit(change)
	f.branch = e.jenkinsBranch(change != "")
	f.pullRequest, f.pullRequestSource = e.number(ids...)
	f.fork = e.pullSet("CHANGE_FORK") || e.elsewhere("ghprbAuthorRepoGitUrl", f) || e.elsewhere("gitlabSourceRepoHttpUrl", f)
	return f
}

func (e env) jenkinsCommit(change string) value {
	switch {
	case e.first("ghprbActualCommit", "gitlabMergeRequestLastCommit").text != "":
		return e.commit("ghprbActualCommit", "gitlabMergeRequestLastCommit")
	case change != "":
		return value{err: newProblem(change + " says that this is a pull request, where GIT_COMMIT may be a merge that exists only here; set " +
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
