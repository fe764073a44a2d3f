package gocover_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant/gocover"
)

// tree writes files below a new directory and returns it, free of links.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	top, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	for name, content := range files {
		file := filepath.Join(top, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, []byte(content), 0o600))
	}
	return top
}

const apiModule = "// The API.\nmodule \"example.com/shop/api\" // its old name: example.com/api\n\ngo 1.25\n"

func TestFindModule(t *testing.T) {
	t.Parallel()
	const api = "example.com/shop/api"
	for name, tt := range map[string]struct {
		files         map[string]string
		profile, root string // below the tree
		want          gocover.Module
	}{
		"at the module": {
			files:   map[string]string{".git/HEAD": "", "services/api/go.mod": apiModule},
			profile: "services/api/cover.out", want: gocover.Module{Path: api, Dir: "services/api"},
		},
		"below the module": {
			files:   map[string]string{".git/HEAD": "", "services/api/go.mod": apiModule, "services/api/out/unit/x": ""},
			profile: "services/api/out/unit/cover.out", want: gocover.Module{Path: api, Dir: "services/api"},
		},
		"the module is the repository": {
			files:   map[string]string{".git/HEAD": "", "go.mod": apiModule},
			profile: "cover.out", want: gocover.Module{Path: api, Dir: "."},
		},
		"a work tree": {
			files:   map[string]string{".git/HEAD": "", "tree/.git": "gitdir: ../.git/worktrees/tree", "tree/api/go.mod": apiModule},
			profile: "tree/api/cover.out", want: gocover.Module{Path: api, Dir: "api"},
		},
		"a module in a module": {
			files:   map[string]string{".git/HEAD": "", "go.mod": "module example.com/shop\n", "api/go.mod": apiModule},
			profile: "api/cover.out", want: gocover.Module{Path: api, Dir: "api"},
		},
		"a directory of that name": {
			files:   map[string]string{".git/HEAD": "", "api/go.mod": apiModule, "api/x/go.mod/y": ""},
			profile: "api/x/cover.out", want: gocover.Module{Path: api, Dir: "api"},
		},
		"no repository": {
			files:   map[string]string{"services/api/go.mod": apiModule},
			profile: "services/api/cover.out", want: gocover.Module{Path: api, Dir: "."},
		},
		"a root that is named": {
			files:   map[string]string{"services/api/go.mod": apiModule},
			profile: "services/api/cover.out", root: ".", want: gocover.Module{Path: api, Dir: "services/api"},
		},
		"a root that is named, and not the nearest": {
			files:   map[string]string{"services/.git/HEAD": "", "services/api/go.mod": apiModule},
			profile: "services/api/cover.out", root: ".", want: gocover.Module{Path: api, Dir: "services/api"},
		},
		"a root that the module is not below": {
			files:   map[string]string{".git/HEAD": "", "services/api/go.mod": apiModule, "services/apis/x": ""},
			profile: "services/api/cover.out", root: "services/apis", want: gocover.Module{Path: api, Dir: "services/api"},
		},
		"a root that does not exist": {
			files:   map[string]string{".git/HEAD": "", "services/api/go.mod": apiModule},
			profile: "services/api/cover.out", root: "builds/shop", want: gocover.Module{Path: api, Dir: "services/api"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			top := tree(t, tt.files)
			root := ""
			if tt.root != "" {
				root = filepath.Join(top, tt.root)
			}
			got, err := gocover.FindModule(filepath.Join(top, tt.profile), root)
			require.NoError(t, err)
			assert.Equal(t, tt.want, got)
		})
	}
}

func TestFindModuleSeesThroughLinksToDirectoriesButNotThroughTheProfile(t *testing.T) {
	t.Parallel()
	top := tree(t, map[string]string{"repo/.git/HEAD": "", "repo/api/go.mod": apiModule, "cache/cover.out": ""})
	require.NoError(t, os.Symlink(filepath.Join(top, "repo"), filepath.Join(top, "checkout")))
	require.NoError(t, os.Symlink(filepath.Join(top, "cache", "cover.out"), filepath.Join(top, "repo", "api", "cover.out")))
	for _, root := range []string{"", filepath.Join(top, "repo"), filepath.Join(top, "checkout")} {
		got, err := gocover.FindModule(filepath.Join(top, "checkout", "api", "cover.out"), root)
		require.NoError(t, err)
		assert.Equal(t, gocover.Module{Path: "example.com/shop/api", Dir: "api"}, got)
	}
}

// Not parallel, because the working directory belongs to the whole process.
func TestARelativeProfileIsLookedForAboveTheWorkingDirectoryToo(t *testing.T) {
	top := tree(t, map[string]string{".git/HEAD": "", "api/go.mod": apiModule, "api/cmd/x": ""})
	t.Chdir(filepath.Join(top, "api", "cmd"))
	got, err := gocover.FindModule("cover.out", "")
	require.NoError(t, err)
	assert.Equal(t, gocover.Module{Path: "example.com/shop/api", Dir: "api"}, got)
}

func TestWithoutAModuleThereIsAnError(t *testing.T) {
	t.Parallel()
	top := tree(t, map[string]string{"api/go.mod": "go 1.25\n", "web/x": "", "huge/go.mod": string(make([]byte, 4<<20+1))})
	for name, tt := range map[string]struct {
		profile, text string
		kind          error
	}{
		"no module line": {
			profile: "api/cover.out",
			text:    "gocover: " + filepath.Join(top, "api", "go.mod") + " has no module line; add one, or use Cobertura, which takes the module's path",
		},
		"too large": {
			profile: "huge/cover.out",
			text:    "gocover: " + filepath.Join(top, "huge", "go.mod") + " is larger than 4 MiB, which no go.mod is; use Cobertura, which takes the module's path",
		},
		"no directory": {
			profile: "gone/cover.out",
			text:    "gocover: the directory of the profile cannot be read: lstat " + filepath.Join(top, "gone") + ": no such file or directory",
			kind:    fs.ErrNotExist,
		},
		"no go.mod": {
			profile: "web/cover.out",
			text: "gocover: there is no go.mod in " + filepath.Join(top, "web") +
				" or above it; write the profile below its module, or use Cobertura, which takes the module's path and directory",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := gocover.FindModule(filepath.Join(top, tt.profile), "")
			require.EqualError(t, err, tt.text)
			assert.Zero(t, got)
			if tt.kind != nil {
				assert.ErrorIs(t, err, tt.kind)
			}
		})
	}
}

func TestCoberturaFile(t *testing.T) {
	t.Parallel()
	const profile = "mode: set\nexample.com/shop/api/cart/cart.go:1.1,1.2 1 1\n"
	top := tree(t, map[string]string{".git/HEAD": "", "services/api/go.mod": apiModule, "services/api/out/cover.out": profile})
	var got bytes.Buffer
	require.NoError(t, gocover.CoberturaFile(&got, filepath.Join(top, "services", "api", "out", "cover.out")))
	assert.Equal(t, convert(t, profile, "example.com/shop/api", "services/api"), got.String())
}

func TestCoberturaFileWithoutAFile(t *testing.T) {
	t.Parallel()
	top := tree(t, map[string]string{"go.mod": apiModule})
	name := filepath.Join(top, "cover.out")
	var got bytes.Buffer
	err := gocover.CoberturaFile(&got, name)
	assert.EqualError(t, err, "gocover: the profile cannot be opened: open "+name+": no such file or directory")
	assert.ErrorIs(t, err, fs.ErrNotExist)
	assert.Empty(t, got.String())
}

func TestCoberturaFileReturnsTheErrorOfTheWriterAsItIs(t *testing.T) {
	t.Parallel()
	top := tree(t, map[string]string{"go.mod": apiModule, "cover.out": "mode: set\nexample.com/shop/api/a.go:1.1,1.2 1 1\n"})
	broken := errors.New("disk full")
	assert.Equal(t, broken, gocover.CoberturaFile(brokenWriter{broken}, filepath.Join(top, "cover.out")))
	assert.Error(t, gocover.CoberturaFile(io.Discard, top))
}
