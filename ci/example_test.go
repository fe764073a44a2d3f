package ci_test

import (
	"fmt"
	"os"

	"github.com/codeant-sdk/codeant/ci"
)

// On a pull request, GITHUB_SHA is a merge commit; the head is in the event.
func ExampleDetectFrom() {
	env := map[string]string{
		"GITHUB_ACTIONS":    "true",
		"GITHUB_EVENT_NAME": "pull_request",
		"GITHUB_EVENT_PATH": "/github/event.json",
		"GITHUB_HEAD_REF":   "add-basket",
		"GITHUB_REF":        "refs/pull/7/merge",
		"GITHUB_REPOSITORY": "acme/shop",
		"GITHUB_SERVER_URL": "https://github.com",
		"GITHUB_SHA":        "dddddddddddddddddddddddddddddddddddddddd",
	}
	lookup := func(name string) (string, bool) {
		value, ok := env[name]
		return value, ok
	}
	readFile := func(name string) ([]byte, error) {
		if name != "/github/event.json" {
			return nil, os.ErrNotExist
		}
		return []byte(`{"pull_request": {"number": 7, "head": {
			"sha": "4f2b8c6d9e0a1b3c5d7e9f1a2b4c6d8e0f1a3b5c", "ref": "add-basket", "repo": {"full_name": "acme/shop"}
		}}}`), nil
	}

	build, err := ci.DetectFrom(lookup, readFile)
	if err != nil {
		fmt.Println(err)
		return
	}
	rev := build.Revision
	fmt.Println(build.System, rev.Provider, rev.Repo, rev.Branch)
	fmt.Printf("commit %.7s (from %s), pull request %d\n", rev.Commit, build.Sources["commit"], build.PullRequest)

	// Output:
	// GitHub Actions github acme/shop add-basket
	// commit 4f2b8c6 (from pull_request.head.sha), pull request 7
}
