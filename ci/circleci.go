package ci

import (
	"strings"
)

// circleCI reads CircleCI (CircleCI, "Project values and variables"). CIRCLE_SHA1 is the head, also on pull requests.
// Projects of GitLab and of the GitHub App get neither the address nor the name of the repository; they need
// CODEANT_PROVIDER and CODEANT_REPO. CIRCLE_PR_NUMBER is set only for forks.
//
// Unverified by documentation: that CIRCLE_BRANCH is pull/7 or pull/7/head on a pull request from a fork; scripts in
// public repositories rely on both.
func (e env) circleCI() facts {
	f := facts{system: "CircleCI", commit: e.commit("CIRCLE_SHA1")}
	f.provider, f.repo, f.base = e.follow(candidate{name: "CIRCLE_REPOSITORY_URL"}, candidate{name: "CIRCLE_PULL_REQUEST", pullRequest: true})
	if owner, name := e.get("CIRCLE_PROJECT_USERNAME"), e.get("CIRCLE_PROJECT_REPONAME"); f.repo.text == "" && owner != "" && name != "" {
		f.repo = value{text: owner + "/" + name, source: "CIRCLE_PROJECT_USERNAME/CIRCLE_PROJECT_REPONAME"}
	}
	number, kind, isPull := circlePull(e.get("CIRCLE_BRANCH"))
	if !isPull && e.get("CIRCLE_TAG") == "" {
		f.branch = e.branch("CIRCLE_BRANCH")
	}
	if kind == "merge" && f.commit.err == nil {
		f.commit = value{err: newProblem("CIRCLE_SHA1 is a merge commit, because CIRCLE_BRANCH is that of a merge; check out the head of the " +
			"pull request and " + setCommit)}
	}
	if f.pullRequest, f.pullRequestSource = e.circleNumber(); f.pullRequest == 0 && number > 0 {
		f.pullRequest, f.pullRequestSource = number, "CIRCLE_BRANCH"
	}
	f.fork = isPull || e.pullSet("CIRCLE_PR_NUMBER") || e.differ("CIRCLE_PR_USERNAME", "CIRCLE_PROJECT_USERNAME")
	return f
}

// circlePull reads the branch of a pull request from a fork: pull/7, pull/7/head.
func circlePull(branch string) (number int, kind string, ok bool) {
	rest, ok := strings.CutPrefix(branch, "pull/")
	if !ok {
		return 0, "", false
	}
	digits, kind, _ := strings.Cut(rest, "/")
	number = pullNumber(digits)
	if number == 0 || kind != "" && kind != "head" && kind != "merge" {
		return 0, "", false
	}
	return number, kind, true
}

// circleNumber returns the number at the end of the pull request's address.
func (e env) circleNumber() (int, string) {
	address := strings.TrimRight(e.get("CIRCLE_PULL_REQUEST"), "/")
	if n := pullNumber(address[strings.LastIndexByte(address, '/')+1:]); n > 0 {
		return n, "CIRCLE_PULL_REQUEST"
	}
	return e.number("CIRCLE_PR_NUMBER")
}
