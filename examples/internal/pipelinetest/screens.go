package pipelinetest

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant/examples/internal/pipeline"
)

// Shot is the output of a run.
type Shot struct {
	Title   string
	Command string // as a person types it
	Text    string
}

// Terminal returns a terminal with the given number of columns.
func Terminal(columns int) *pipeline.Screen {
	return &pipeline.Screen{Color: true, Width: func() int { return columns }}
}

// OnTerminal returns what a terminal shows in the end, after everything was written to it.
func OnTerminal(written string, columns int) string {
	lines := [][]rune{nil}
	column := 0
	for i, text := 0, []rune(written); i < len(text); i++ {
		last := len(lines) - 1
		switch r := text[i]; r {
		case '\r':
			column = 0
		case '\n':
			lines, column = append(lines, nil), 0
		case '\x1b': // ESC [ numbers letter
			for i += 2; i < len(text) && (text[i] < '@' || text[i] > '~'); i++ {
			}
			if i < len(text) && text[i] == 'K' {
				lines[last] = lines[last][:min(column, len(lines[last]))]
			}
		default:
			if column == columns {
				lines, column, last = append(lines, nil), 0, last+1
			}
			for len(lines[last]) <= column {
				lines[last] = append(lines[last], ' ')
			}
			lines[last][column] = r
			column++
		}
	}
	var b strings.Builder
	for _, line := range lines {
		b.WriteString(strings.TrimRight(string(line), " ") + "\n")
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}

// changing matches what differs from run to run.
var changing = regexp.MustCompile(`cdt_••••\S{4}`)

// Screens compares docs/screens/NAME.md with the output of the program. With UPDATE_SCREENS=1 it writes the page.
func Screens(t *testing.T, name string, shots []Shot) {
	t.Helper()
	var b strings.Builder
	b.WriteString("# What " + name + " shows\n\n" +
		"A test writes this page from runs of the program. For a terminal, it shows the screen after the run.\n")
	for _, shot := range shots {
		text := changing.ReplaceAllString(shot.Text, "cdt_••••w3x9")
		b.WriteString("\n## " + shot.Title + "\n\n```text\n$ " + strings.TrimSpace(shot.Command) + "\n" + text + "```\n")
	}
	page := filepath.Join("..", "..", "docs", "screens", name+".md")
	if os.Getenv("UPDATE_SCREENS") != "" {
		require.NoError(t, os.MkdirAll(filepath.Dir(page), 0o755))
		require.NoError(t, os.WriteFile(page, []byte(b.String()), 0o644))
	}
	want, err := os.ReadFile(page)
	require.NoError(t, err)
	assert.Equal(t, string(want), b.String(), "made with UPDATE_SCREENS=1 go test ./examples/%s", name)
}
