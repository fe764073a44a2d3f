package pipeline

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant/ci"
)

// Cut at the limit exactly, the file would be taken for a damaged one.
func TestAnEventThatIsTooLargeIsReportedAsSuch(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "event.json")
	require.NoError(t, os.WriteFile(file, []byte(`{"pull_request":{"number":7},"padding":"`+strings.Repeat("x", 8<<20)+`"}`), 0o600))
	env := map[string]string{
		"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "pull_request", "GITHUB_EVENT_PATH": file, "GITHUB_REPOSITORY": "acme/shop",
		"GITHUB_REF": "refs/pull/7/merge",
	}
	_, err := ci.DetectFrom(func(name string) (string, bool) { value, ok := env[name]; return value, ok }, readEvent)
	assert.EqualError(t, err, "ci: GitHub Actions: the file of GITHUB_EVENT_PATH is larger than 8 MiB, and GITHUB_SHA is another commit on "+
		"pull_request; set CODEANT_COMMIT to ${{ github.event.pull_request.head.sha }}")
}
