package gocover

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/mod/modfile"

	"github.com/codeant-sdk/codeant/internal/openfile"
)

// maxGoMod is in bytes, more than any go.mod has.
const maxGoMod = 4 << 20

// Module is the Go module whose tests wrote a profile, as [Cobertura] needs it.
type Module struct {
	Path string // as in go.mod
	Dir  string // relative to the root of the repository, with slashes; "." for the root itself
}

// FindModule returns the module whose go.mod is in the directory of the file profile, or in the nearest directory above
// it that has one. It does not open the file profile.
//
// root is the root of the repository, such as the value of GITHUB_WORKSPACE or CI_PROJECT_DIR. If it is empty or the
// module is not below it, as in a container with the repository at another path, FindModule uses the nearest directory
// that contains .git, from the module's directory upwards, or else the module's directory.
func FindModule(profile, root string) (Module, error) {
	// Only the directory is resolved, because the profile may be a link into a cache.
	start, err := resolve(filepath.Dir(profile))
	if err != nil {
		return Module{}, fmt.Errorf("gocover: the directory of the profile cannot be read: %w", err)
	}
	dir, ok := nearest(start, "go.mod")
	if !ok {
		return Module{}, fmt.Errorf("gocover: there is no go.mod in %s or above it; write the profile below its module, "+
			"or use Cobertura, which takes the module's path and directory", start)
	}
	path, err := modulePath(filepath.Join(dir, "go.mod"))
	if err != nil {
		return Module{}, err
	}
	if root != "" {
		if top, err := resolve(root); err == nil {
			if rel, ok := below(top, dir); ok {
				return Module{Path: path, Dir: rel}, nil
			}
		}
	}
	top, ok := nearest(dir, ".git")
	if !ok {
		top = dir
	}
	rel, _ := below(top, dir)
	return Module{Path: path, Dir: rel}, nil
}

// resolve makes a name absolute and resolves links, so that names can be compared.
func resolve(name string) (string, error) {
	name, err := filepath.Abs(name)
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(name)
}

// below returns dir relative to top, with slashes, if it is top or below it.
func below(top, dir string) (string, bool) {
	rel, err := filepath.Rel(top, dir)
	if err != nil || !filepath.IsLocal(rel) {
		return "", false
	}
	return filepath.ToSlash(rel), true
}

// nearest returns the first of dir and the directories above it that has an entry with this name. In submodules and
// work trees .git is a file.
func nearest(dir, name string) (string, bool) {
	for {
		if info, err := os.Stat(filepath.Join(dir, name)); err == nil && (name == ".git" || info.Mode().IsRegular()) {
			return dir, true
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", false
		}
		dir = parent
	}
}

func modulePath(name string) (string, error) {
	content, err := openfile.ReadRegular(name, maxGoMod+1)
	if err != nil {
		return "", fmt.Errorf("gocover: go.mod cannot be read: %w", err)
	}
	if len(content) > maxGoMod {
		return "", fmt.Errorf("gocover: %s is larger than 4 MiB, which no go.mod is; use Cobertura, which takes the module's path", name)
	}
	path := modfile.ModulePath(content)
	if path == "" {
		return "", fmt.Errorf("gocover: %s has no module line; add one, or use Cobertura, which takes the module's path", name)
	}
	return path, nil
}

// CoberturaFile is like [Cobertura] for the profile in a file. It calls [FindModule] to find the module and the
// repository, so the file must be in the directory of its module or below it. It must be a regular file; for a pipe use
// Cobertura.
func CoberturaFile(w io.Writer, profile string) error {
	f, err := openfile.Regular(profile)
	if err != nil {
		return fmt.Errorf("gocover: the profile cannot be opened: %w", err)
	}
	defer f.Close()
	module, err := FindModule(profile, "")
	if err != nil {
		return err
	}
	return Cobertura(w, f, module.Path, module.Dir)
}
