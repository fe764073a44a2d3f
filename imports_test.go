package codeant_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestPackagesImportOnlyWhatTheArchitectureAllows holds the repository to "Who imports whom" of ARCHITECTURE.md.
func TestPackagesImportOnlyWhatTheArchitectureAllows(t *testing.T) {
	t.Parallel()
	const module = "github.com/codeant-sdk/codeant"
	checked := 0
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path != "." && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "testdata" || entry.Name() == "tools"):
			return filepath.SkipDir
		case !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		require.NoError(t, err)
		checked++
		from := filepath.ToSlash(filepath.Dir(path))
		for _, spec := range file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			require.NoError(t, err)
			to, ours := strings.CutPrefix(imported, module)
			assert.True(t, allowed(from, strings.TrimPrefix(to, "/"), imported, ours), "%s imports %s", path, imported)
		}
		return nil
	})
	require.NoError(t, err)
	assert.Greater(t, checked, 50)
}

func allowed(from, to, imported string, ours bool) bool {
	internal := strings.HasPrefix(to, "internal/")
	top, _, _ := strings.Cut(from, "/")
	switch {
	case from == "." && ours:
		return internal
	case from == ".":
		library := strings.Contains(strings.Split(imported, "/")[0], ".")
		return !library || slices.Contains([]string{"github.com/hashicorp/go-cleanhttp", "github.com/cenkalti/backoff/v4"}, imported)
	case !ours:
		return true
	case from == "internal/finding":
		return internal || to == ""
	case top == "internal":
		return internal
	case top == "examples":
		return true
	}
	return internal || to == "" || to == from
}
