package docs

import (
	"cmp"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
)

// imports are the packages that fragments may use without importing them.
var imports = func() map[string]string {
	const own = "github.com/codeant-sdk/codeant"
	known := map[string]string{"codeant": own}
	for _, path := range []string{
		own + "/ci", own + "/codeanttest", own + "/gocover", own + "/sarif",
		"bytes", "context", "crypto/tls", "crypto/x509", "encoding/json", "errors", "fmt", "io", "log", "log/slog", "maps", "net", "net/http",
		"net/http/httptest", "net/url", "os", "os/exec", "os/signal", "path/filepath", "slices", "strconv", "strings", "sync", "syscall",
		"testing", "testing/synctest", "time", "github.com/stretchr/testify/assert", "github.com/stretchr/testify/require",
	} {
		known[path[strings.LastIndexByte(path, '/')+1:]] = path
	}
	return known
}()

// goFile makes a Go file from a block. A block that begins with a package clause is used unchanged. Declarations get a
// package clause and missing imports; statements are also wrapped in a function that has ctx and the given variables
// and returns an error. Problems are reported at their position in the page, which is at the given path.
func (b Block) goFile(path string) (source string, whole bool, err error) {
	text := fmt.Sprintf("//line %s:%d\n%s", path, b.Line, b.Text)
	if whole = strings.HasPrefix(strings.TrimSpace(b.Text), "package "); whole {
		return text, true, nil
	}
	fset := token.NewFileSet()
	body := text
	file, err := parser.ParseFile(fset, "", "package page\n"+body, 0)
	if err != nil {
		given := "ctx context.Context"
		if b.Given != "" {
			given += ", " + b.Given
		}
		function := fmt.Sprintf("func _(%s) error {\n%s", given, text)
		file, err = parser.ParseFile(fset, "", "package page\n"+function+"\nreturn nil\n}\n", 0)
		if err != nil {
			return "", false, fmt.Errorf("%w (neither declarations nor statements)", err)
		}
		body = function + "\n" + uses(file) + "return nil\n}\n"
	}
	return "package page\n\n" + missingImports(file) + body, false, nil
}

// uses returns statements that use the variables of the one function, because a fragment need not use them itself.
func uses(file *ast.File) string {
	var b strings.Builder
	use := func(name *ast.Ident) {
		if name.Name != "_" {
			fmt.Fprintf(&b, "_ = %s\n", name.Name)
		}
	}
	for _, statement := range file.Decls[0].(*ast.FuncDecl).Body.List {
		switch s := statement.(type) {
		case *ast.AssignStmt:
			for _, left := range s.Lhs {
				if name, ok := left.(*ast.Ident); ok && s.Tok == token.DEFINE {
					use(name)
				}
			}
		case *ast.DeclStmt:
			for _, spec := range s.Decl.(*ast.GenDecl).Specs {
				if values, ok := spec.(*ast.ValueSpec); ok {
					for _, name := range values.Names {
						use(name)
					}
				}
			}
		}
	}
	return b.String()
}

func missingImports(file *ast.File) string {
	unresolved := map[*ast.Ident]bool{}
	for _, name := range file.Unresolved {
		unresolved[name] = true
	}
	missing := map[string]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		if selector, ok := n.(*ast.SelectorExpr); ok {
			if name, ok := selector.X.(*ast.Ident); ok && unresolved[name] && imports[name.Name] != "" {
				missing[imports[name.Name]] = true
			}
		}
		return true
	})
	for _, spec := range file.Imports {
		delete(missing, strings.Trim(spec.Path.Value, `"`))
	}
	var b strings.Builder
	for _, path := range slices.Sorted(maps.Keys(missing)) {
		fmt.Fprintf(&b, "import %q\n", path)
	}
	return b.String()
}

// goModule is a copy of a module's go.mod and go.sum, with the packages made from Go blocks.
type goModule struct {
	dir   string
	tests bool
}

// writeGo writes the Go blocks of the pages to folders below dir and returns their modules by their folder below root.
func writeGo(root, dir string, pages []Page) (map[string]*goModule, []error) {
	modules := map[string]*goModule{}
	var problems []error
	for _, page := range pages {
		for i, block := range page.Blocks {
			if block.Lang != "go" {
				continue
			}
			source, whole, err := block.goFile(filepath.Join(root, page.Name))
			if err != nil {
				problems = append(problems, block.errorf("%v", err))
				continue
			}
			name := cmp.Or(block.Module, "tools/docs")
			module := modules[name]
			if module == nil {
				module = &goModule{dir: filepath.Join(dir, strings.ReplaceAll(name, "/", "_"))}
				if err := module.copyFrom(filepath.Join(root, name)); err != nil {
					problems = append(problems, block.errorf("%v", err))
					continue
				}
				modules[name] = module
			}
			if err := module.write(block, i, source, whole); err != nil {
				problems = append(problems, block.errorf("%v", err))
			}
		}
	}
	return modules, problems
}

// copyFrom copies go.mod and go.sum, with the paths of replacements made absolute.
func (m *goModule) copyFrom(original string) error {
	path := filepath.Join(original, "go.mod")
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	file, err := modfile.Parse(path, data, nil)
	if err != nil {
		return err
	}
	for _, r := range file.Replace {
		if r.New.Version == "" && !filepath.IsAbs(r.New.Path) {
			if err := file.AddReplace(r.Old.Path, r.Old.Version, filepath.Join(original, r.New.Path), ""); err != nil {
				return err
			}
		}
	}
	data, err = file.Format()
	if err != nil {
		return err
	}
	sums, err := os.ReadFile(filepath.Join(original, "go.sum"))
	if err != nil {
		return err
	}
	return errors.Join(os.MkdirAll(m.dir, 0o755),
		os.WriteFile(filepath.Join(m.dir, "go.mod"), data, 0o644), os.WriteFile(filepath.Join(m.dir, "go.sum"), sums, 0o644))
}

// write puts a whole file into a package of its own, and the fragments of one page into one package.
func (m *goModule) write(b Block, number int, source string, whole bool) error {
	folder := strings.NewReplacer("/", "_", ".", "_").Replace(b.Page)
	if whole {
		folder += fmt.Sprintf("_%d", b.Line)
	}
	name := fmt.Sprintf("block%d.go", number)
	if strings.Contains(source, "*testing.T)") {
		name = fmt.Sprintf("block%d_test.go", number)
		m.tests = true
	}
	folder = filepath.Join(m.dir, folder)
	return errors.Join(os.MkdirAll(folder, 0o755), os.WriteFile(filepath.Join(folder, name), []byte(source), 0o644))
}

// check compiles and vets the packages and runs their tests.
func (m *goModule) check() error {
	// Statements after a return are there only to use variables.
	if err := m.run("vet", "-unreachable=false", "./..."); err != nil || !m.tests {
		return err
	}
	return m.run("test", "-count=1", "./...")
}

func (m *goModule) run(args ...string) error {
	cmd := exec.Command("go", args...)
	cmd.Dir = m.dir
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go %s: %w\n%s", args[0], err, output)
	}
	return nil
}
