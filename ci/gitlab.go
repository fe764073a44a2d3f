package ci

import (
	"strings"

	"github.com/codeant-sdk/codeant"
)

// gitlab reads GitLab CI (GitLab, "Predefined CI/CD variables"). In a merged results pipeline and on a merge train
// CI_COMMIT_SHA is a merge commit that GitLab created, and CI_MERGE_REQUEST_SOURCE_BRANCH_SHA is the head; in any other
// pipeline the latter is empty and CI_COMMIT_SHA is the head. A pipeline that runs in a fork is reported under the
// project that the merge request targets.
//
// A pipeline for a pull request of GitHub in a project that mirrors it is reported under the project on GitLab; the
// number is GitHub's. CODEANT_PROVIDER, CODEANT_REPO and CODEANT_PROVIDER_URL override that.
func (e env) gitlab() facts {
	f := facts{system: "GitLab CI", repo: e.needed(setRepo, "CI_MERGE_REQUEST_PROJECT_PATH", "CI_PROJECT_PATH")}
	server := e.server("CI_SERVER_URL").or(e.serverOf("CI_PROJECT_URL", "CI_PROJECT_PATH"))
	f.provider, f.base = e.fixedProvider(codeant.GitLab, "GITLAB_CI", server)
	f.commit = e.gitlabCommit()
	f.branch = e.branch("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", "CI_EXTERNAL_PULL_REQUEST_SOURCE_BRANCH_NAME")
	if f.branch.text == "" && e.get("CI_COMMIT_TAG") == "" {
		f.branch = e.branch("CI_COMMIT_BRANCH", "CI_COMMIT_REF_NAME")
	}
	// CI_MERGE_REQUEST_ID, without the second I, counts through the whole instance.
	f.pullRequest, f.pullRequestSource = e.number("CI_MERGE_REQUEST_IID", "CI_EXTERNAL_PULL_REQUEST_IID")
	f.fork = e.differ("CI_MERGE_REQUEST_SOURCE_PROJECT_PATH", "CI_MERGE_REQUEST_PROJECT_PATH") ||
		e.differ("CI_EXTERNAL_PULL_REQUEST_SOURCE_REPOSITORY", "CI_EXTERNAL_PULL_REQUEST_TARGET_REPOSITORY")
	f.queue = e.get("CI_MERGE_REQUEST_EVENT_TYPE") == "merge_train" || strings.HasSuffix(e.get("CI_MERGE_REQUEST_REF_PATH"), "/train")
	return f
}

func (e env) gitlabCommit() value {
	const head = "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA"
	if e.get(head) == "" {
		kind, ref := e.get("CI_MERGE_REQUEST_EVENT_TYPE"), e.get("CI_MERGE_REQUEST_REF_PATH")
		if kind == "merged_result" || kind == "merge_train" || strings.HasSuffix(ref, "/merge") || strings.HasSuffix(ref, "/train") {
			return value{err: newProblem(head + " is not set, and CI_COMMIT_SHA is a merge commit in this pipeline; " + setHead)}
		}
	}
	return e.commit(head, "CI_EXTERNAL_PULL_REQUEST_SOURCE_BRANCH_SHA", "CI_COMMIT_SHA", "CI_BUILD_REF")
}
