package pipeline

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func content(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	require.NoError(t, err)
	return string(b)
}

func TestAFileIsWrittenWholeAndKeepsItsMode(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	private := filepath.Join(dir, "private.json")
	require.NoError(t, os.WriteFile(private, []byte("old and longer"), 0o600))
	require.NoError(t, writeFile(private, []byte("new")))
	assert.Equal(t, "new", content(t, private))
	info, err := os.Stat(private)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())

	require.Error(t, writeFile(dir, []byte("new")))
	require.Error(t, writeFile(filepath.Join(dir, "missing", "x"), []byte("new")))
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, left, 1, "nothing else is left behind")
}

func TestALinkIsFollowedAndNotReplaced(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "reports"), 0o755))
	target, link := filepath.Join(dir, "reports", "real.json"), filepath.Join(dir, "link.json")
	require.NoError(t, os.Symlink(filepath.Join("reports", "real.json"), link))
	for _, text := range []string{"first", "second"} { // at first it leads nowhere
		require.NoError(t, writeFile(link, []byte(text)))
		assert.Equal(t, text, content(t, target))
		assert.True(t, isLink(link))
	}
	loop := filepath.Join(dir, "loop")
	require.NoError(t, os.Symlink("loop", loop))
	require.Error(t, writeFile(loop, []byte("x")))
}
