package ci

import (
	"strings"

	"github.com/codeant-sdk/codeant"
)

// gitlab reads GitLab CI (GitLab, "Predefined CI/CD variables"). In a pipeline for merged results and on a merge train
// CI_COMMIT_SHA is a merge commit that GitLab made, and CI_MERGE_REQUEST_SOURCE_BRANCH_SHA is the head; in any other
// pipeline the latter is empty and CI_COMMIT_SHA is the head. A pipeline that runs in a fork counts for the project
// that the merge request is for.
//
// A pipeline for a pull request of GitHub in a project that mirrors it is reported under the project on GitLab; the
// number is GitHub's. CODEANT_PROVIDER, CODEANT_REPO and CODEANT_PROVIDER_URL move it.
func (e env) gitlab() sighting {
	s := sighting{system: "GitLab CI", repo: e.needed(mendRepo, "CI_MERGE_REQUEST_PROJECT_PATH", "CI_PROJECT_PATH")}
	s.provider, s.base = e.own(codeant.GitLab, "GITLAB_CI", "CI_SERVER_URL", "CI_PROJECT_URL")
	s.commit = e.gitlabCommit()
	s.branch = e.branch("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", "CI_EXTERNAL_PULL_REQUEST_SOURCE_BRANCH_NAME")
	if s.branch.text == "" && e.get("CI_COMMIT_TAG") == "" {
		s.branch = e.branch("CI_COMMIT_BRANCH", "CI_COMMIT_REF_NAME")
	}
	// CI_MERGE_REQUEST_ID, without the second I, counts through the whole instance.
	s.pullRequest, s.pullRequestSource = e.number("CI_MERGE_REQUEST_IID", "CI_EXTERNAL_PULL_REQUEST_IID")
	s.fork = e.differ("CI_MERGE_REQUEST_SOURCE_PROJECT_PATH", "CI_MERGE_REQUEST_PROJECT_PATH") ||
		e.differ("CI_EXTERNAL_PULL_REQUEST_SOURCE_REPOSITORY", "CI_EXTERNAL_PULL_REQUEST_TARGET_REPOSITORY")
	s.queue = e.get("CI_MERGE_REQUEST_EVENT_TYPE") == "merge_train" || strings.HasSuffix(e.get("CI_MERGE_REQUEST_REF_PATH"), "/train")
	return s
}

func (e env) gitlabCommit() value {
	const head = "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA"
	if e.get(head) == "" {
		kind, ref := e.get("CI_MERGE_REQUEST_EVENT_TYPE"), e.get("CI_MERGE_REQUEST_REF_PATH")
		if kind == "merged_result" || kind == "merge_train" || strings.HasSuffix(ref, "/merge") || strings.HasSuffix(ref, "/train") {
			return value{err: wrong(head + " is not set, and CI_COMMIT_SHA is a merge commit in this pipeline; " + mendHead)}
		}
	}
	return e.commit(head, "CI_EXTERNAL_PULL_REQUEST_SOURCE_BRANCH_SHA", "CI_COMMIT_SHA", "CI_BUILD_REF")
}

// differ reports whether both variables are set and name different repositories.
func (e env) differ(a, b string) bool {
	x, y := e.get(a), e.get(b)
	return x != "" && y != "" && !strings.EqualFold(x, y)
}
