package codeant

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// evidence is the form of the paragraph that ends the comment of a method with an endpoint.
var evidence = regexp.MustCompile(`^Evidence: (documented|observed|inferred) \([^()]+(\([^()]*\))?[^()]*\)(, (documented|observed|inferred) \([^()]+\))?\.( Uncertain: [^.]+\.)?$`)

func TestEveryMethodWithAnEndpointEndsWithItsEvidence(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	checked := 0
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments|parser.SkipObjectResolution)
		require.NoError(t, err)
		for _, decl := range file.Decls {
			method, ok := decl.(*ast.FuncDecl)
			if !ok || !ofAService(method) || method.Name.Name == "Wait" || !usesAnOperation(method.Body) {
				continue
			}
			checked++
			paragraphs := strings.Split(strings.TrimSpace(method.Doc.Text()), "\n\n")
			last := strings.Join(strings.Fields(paragraphs[len(paragraphs)-1]), " ")
			assert.Regexp(t, evidence, last, "%s: %s", name, method.Name.Name)
		}
	}
	assert.GreaterOrEqual(t, checked, 25)
}

func ofAService(method *ast.FuncDecl) bool {
	if method.Recv == nil || !method.Name.IsExported() {
		return false
	}
	pointer, ok := method.Recv.List[0].Type.(*ast.StarExpr)
	if !ok {
		return false
	}
	name, ok := pointer.X.(*ast.Ident)
	return ok && strings.HasSuffix(name.Name, "Service")
}

// usesAnOperation reports whether a body names an operation, or asks an Analysis for its own.
func usesAnOperation(body *ast.BlockStmt) bool {
	found := false
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Ident:
			found = found || strings.HasPrefix(n.Name, "op") && len(n.Name) > 2 && ast.IsExported(n.Name[2:])
		case *ast.SelectorExpr:
			found = found || n.Sel.Name == "results"
		}
		return true
	})
	return found
}
