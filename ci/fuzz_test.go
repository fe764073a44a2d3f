package ci_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/ci"
)

// FuzzDetectFrom: whatever a system's variables and its event hold, nothing panics, and what comes out is accepted by
// every call of the client. Each line of the input is a variable.
func FuzzDetectFrom(f *testing.F) {
	const sha = "1111111111111111111111111111111111111111"
	for _, seed := range []struct{ env, event string }{
		{"GITHUB_ACTIONS=true\nGITHUB_REPOSITORY=acme/shop\nGITHUB_SHA=" + sha + "\nGITHUB_REF=refs/heads/main\nGITHUB_SERVER_URL=https://github.com\nGITHUB_EVENT_PATH=/e", `{"pull_request":{"number":7,"head":{"sha":"` + sha + `","ref":"x","repo":{"full_name":"fork/shop"}}}}`},
		{"GITHUB_ACTIONS=true\nGITHUB_EVENT_PATH=/e", `{"pull_request":[]}`},
		{"GITLAB_CI=true\nCI_PROJECT_PATH=acme/shop\nCI_COMMIT_SHA=" + sha + "\nCI_SERVER_URL=https://corp.example/gitlab\nCI_MERGE_REQUEST_IID=7", ""},
		{"BITBUCKET_BUILD_NUMBER=1\nBITBUCKET_REPO_FULL_NAME=acme/shop\nBITBUCKET_COMMIT=" + sha + "\nBITBUCKET_BRANCH=main", ""},
		{"TF_BUILD=True\nBUILD_REPOSITORY_PROVIDER=TfsGit\nBUILD_REPOSITORY_URI=https://dev.azure.com/acme/My%20Project/_git/web\nBUILD_SOURCEVERSION=" + sha, ""},
		{"CIRCLECI=true\nCIRCLE_SHA1=" + sha + "\nCIRCLE_REPOSITORY_URL=git@github.com:acme/shop.git\nCIRCLE_PULL_REQUEST=https://github.com/acme/shop/pull/7", ""},
		{"JENKINS_URL=http://x\nGIT_COMMIT=" + sha + "\nGIT_URL=https://u:p@gitlab.com/a/b.git\nCHANGE_ID=null", ""},
		{"TRAVIS=true\nTRAVIS_COMMIT=" + sha + "\nTRAVIS_REPO_SLUG=acme/shop\nTRAVIS_PULL_REQUEST=false", ""},
		{"CODEANT_PROVIDER=ado\nCODEANT_REPO=a/b\nCODEANT_COMMIT=" + sha, ""},
	} {
		f.Add(seed.env, seed.event)
	}
	f.Fuzz(func(t *testing.T, lines, event string) {
		env := vars{}
		for line := range strings.SplitSeq(lines, "\n") {
			name, value, _ := strings.Cut(line, "=")
			env[name] = value
		}
		b, err := ci.DetectFrom(env.lookup, func(string) ([]byte, error) {
			if event == "" {
				return nil, os.ErrNotExist
			}
			return []byte(event), nil
		})
		if err != nil {
			assert.NotContains(t, err.Error(), "\n")
			assert.NotEmpty(t, fmt.Sprintf("%+v", err))
			return
		}
		assert.NoError(t, b.Revision.Validate())
		assert.GreaterOrEqual(t, b.PullRequest, 0)
		assert.NotEqual(t, codeant.Provider(""), b.Revision.Provider)
	})
}
