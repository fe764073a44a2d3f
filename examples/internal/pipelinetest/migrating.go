package pipelinetest

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	exitCode = regexp.MustCompile(`^exit (\d)`)
	flagName = regexp.MustCompile("`(-[A-Za-z-]+)`")
)

// Migrating checks what docs/migrating.md says about a script: each row of its table against the run with that name,
// and its flags against the text of -h.
func Migrating(t *testing.T, script, help string, runs map[string]func(t *testing.T) Outcome) {
	t.Helper()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "migrating.md"))
	require.NoError(t, err)
	_, section, found := strings.Cut(string(page), "\n## "+script+"\n")
	require.True(t, found)
	section, _, _ = strings.Cut(section, "\n## ")

	_, flags, found := strings.Cut(section, "Flags of the script: ")
	require.True(t, found)
	flags, _, _ = strings.Cut(flags, "\n\n")
	for _, name := range flagName.FindAllStringSubmatch(flags, -1) {
		assert.Contains(t, help, name[1], "a flag of %s", script)
	}

	rows := map[string]bool{}
	for line := range strings.Lines(section) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if len(cells) != 3 || strings.HasPrefix(cells[0], "-") || strings.TrimSpace(cells[0]) == "What happens" {
			continue
		}
		name := strings.TrimSpace(cells[0])
		code := exitCode.FindStringSubmatch(strings.TrimSpace(cells[2]))
		require.NotNil(t, code, name)
		rows[name] = true
		run := runs[name]
		if !assert.NotNil(t, run, "no run is named %q", name) {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := run(t)
			assert.Equal(t, code[1], strconv.Itoa(got.Code), got.Stderr)
		})
	}
	for name := range runs {
		assert.True(t, rows[name], "docs/migrating.md has no row %q", name)
	}
}
