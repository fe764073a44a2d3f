package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// docs/reliability.md names the test that proves each promise.
func TestEveryNamedTestExists(t *testing.T) {
	t.Parallel()
	root, _ := repository(t)
	page, err := os.ReadFile(filepath.Join(root, "docs", "reliability.md"))
	require.NoError(t, err)
	declared := declaredTests(t, root)
	named := regexp.MustCompile("`((?:Test|Fuzz|Benchmark)\\w+)`").FindAllStringSubmatch(string(page), -1)
	assert.NotEmpty(t, named)
	for _, name := range named {
		assert.Contains(t, declared, name[1])
	}
	promises, _, _ := strings.Cut(string(page), "\n## Figures\n")
	for line := range strings.Lines(promises) {
		if strings.HasPrefix(line, "| ") && !strings.Contains(line, "| Test |") {
			assert.Regexp(t, "`(Test|Fuzz)", line, "a promise without a test")
		}
	}
}

func declaredTests(t *testing.T, root string) map[string]bool {
	t.Helper()
	declaration := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|Benchmark)\w+)\(`)
	declared := map[string]bool{}
	require.NoError(t, filepath.WalkDir(root, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		for _, found := range declaration.FindAllSubmatch(source, -1) {
			declared[string(found[1])] = true
		}
		return err
	}))
	return declared
}
