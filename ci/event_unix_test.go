//go:build unix

package ci_test

import (
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant/ci"
)

// Not parallel, because the environment belongs to the whole process.
func TestAnEventThatIsAFIFOIsRefusedAndNotWaitedFor(t *testing.T) {
	name := filepath.Join(t.TempDir(), "event.json")
	require.NoError(t, syscall.Mkfifo(name, 0o600))
	for _, variable := range []string{"CODEANT_PROVIDER", "CODEANT_REPO", "CODEANT_COMMIT", "CODEANT_BRANCH", "CODEANT_PROVIDER_URL", "GITEA_ACTIONS", "FORGEJO_ACTIONS"} {
		t.Setenv(variable, "")
	}
	for variable, value := range actions.with(vars{"GITHUB_EVENT_NAME": "pull_request", "GITHUB_REF": "refs/pull/7/merge", "GITHUB_EVENT_PATH": name}) {
		t.Setenv(variable, value)
	}
	_, err := ci.Detect()
	assert.ErrorContains(t, err, "ci: GitHub Actions: the file of GITHUB_EVENT_PATH cannot be read (")
	assert.ErrorContains(t, err, "it is a pipe, not a regular file")
}
