package gocover

import (
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"strings"
)

// namer converts the names in a profile, which are import paths, to file names in the repository.
type namer struct {
	module string
	dir    string // relative to the repository, with slashes
}

func newNamer(modulePath, moduleDir string) (namer, error) {
	n := namer{module: strings.TrimSuffix(modulePath, "/"), dir: path.Clean(filepath.ToSlash(moduleDir))}
	if path.IsAbs(n.dir) || filepath.IsAbs(moduleDir) {
		n.dir = "."
	}
	if !fs.ValidPath(n.dir) {
		return namer{}, fmt.Errorf("gocover: the module directory %q is not in the repository; "+
			"give it relative to the repository's root", moduleDir)
	}
	return n, nil
}

// name returns the name of a file relative to the repository's root.
func (n namer) name(file string) (string, error) {
	rel, found := strings.CutPrefix(file, n.module+"/")
	if !found {
		return "", fmt.Errorf("gocover: the file %q is not in the module %q; give the module path of that file's go.mod, "+
			"or leave the file out with -coverpkg", file, n.module)
	}
	// Two spellings of a name would make two classes of one file.
	if rel == "." || !fs.ValidPath(rel) {
		return "", fmt.Errorf("gocover: the profile is damaged: %q is not the name of a Go file; run the tests again", file)
	}
	return path.Join(n.dir, rel), nil
}
