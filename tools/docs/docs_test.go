package docs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func repository(t *testing.T) (string, []Page) {
	t.Helper()
	root, err := filepath.Abs(filepath.Join("..", ".."))
	require.NoError(t, err)
	pages, err := ReadPages(root)
	require.NoError(t, err)
	require.NotEmpty(t, pages)
	return root, pages
}

func report(t *testing.T, problems []error) {
	t.Helper()
	for _, problem := range problems {
		assert.NoError(t, problem)
	}
}

func TestLinksLeadSomewhere(t *testing.T) {
	t.Parallel()
	root, pages := repository(t)
	report(t, checkLinks(root, pages))
}

func TestGoCompiles(t *testing.T) {
	t.Parallel()
	root, pages := repository(t)
	modules, problems := writeGo(root, t.TempDir(), pages)
	report(t, problems)
	assert.NotEmpty(t, modules)
	for _, module := range modules {
		assert.NoError(t, module.check())
	}
}

func TestCommandsAndPipelinesRun(t *testing.T) {
	t.Parallel()
	root, pages := repository(t)
	runner, err := newRunner(root, t.TempDir())
	require.NoError(t, err)
	for _, page := range pages {
		t.Run(page.Name, func(t *testing.T) {
			t.Parallel()
			for _, block := range page.Blocks {
				assert.NoError(t, runner.other(block))
			}
		})
	}
}

func TestWorkflowsAreRight(t *testing.T) {
	t.Parallel()
	root, _ := repository(t)
	files, err := filepath.Glob(filepath.Join(root, ".github", "workflows", "*.yml"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		assert.NoError(t, Block{Page: filepath.Base(file), Line: 1, Text: string(text)}.lintWorkflow())
	}
}

// Each block of testdata/broken.md has one mistake, and the line before it the words with which that is reported.
func TestMistakesAreFound(t *testing.T) {
	t.Parallel()
	root, _ := repository(t)
	source, err := os.ReadFile(filepath.Join("testdata", "broken.md"))
	require.NoError(t, err)
	page, err := parsePage("tools/docs/testdata/broken.md", source)
	require.NoError(t, err)
	lines := strings.Split(string(source), "\n")
	runner, err := newRunner(root, t.TempDir())
	require.NoError(t, err)
	for _, block := range page.Blocks {
		before := block.Line - 1
		for !strings.HasPrefix(lines[before], "Want: ") {
			before--
		}
		want := strings.TrimPrefix(lines[before], "Want: ")
		found := runner.other(block)
		if block.Lang == "go" {
			modules, problems := writeGo(root, t.TempDir(), []Page{{Name: page.Name, Blocks: []Block{block}}})
			require.Empty(t, problems)
			found = modules["tools/docs"].check()
		}
		assert.ErrorContains(t, found, want)
		assert.ErrorContains(t, found, filepath.Base(page.Name)+":", "of %s", want)
	}
	assert.Len(t, page.Blocks, strings.Count(string(source), "Want: "))
	problems := checkLinks(root, []Page{page})
	require.Len(t, problems, 2)
	assert.EqualError(t, problems[0], page.Name+":5: the target of the link missing.md does not exist")
	assert.EqualError(t, problems[1], page.Name+":5: "+page.Name+" has no heading #nowhere")
}
