package main

import (
	"errors"
	"fmt"
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"
)

// operation is a declared operation.
type operation struct {
	name, path, tokenField string
	idempotent             bool
}

// method is an exported method of a service with its own endpoint.
type method struct {
	name             string   // "Scans.Start"
	operations       []string // variables
	known, uncertain string
}

// source has what the package declares about its endpoints.
type source struct {
	pkg        *packages.Package
	bodies     map[types.Object]*ast.FuncDecl
	operations map[string]operation // by variable
	order      []string
	methods    []method
}

func read(root string) (*source, error) {
	loaded, err := packages.Load(&packages.Config{
		Dir: root,
		Mode: packages.NeedName | packages.NeedCompiledGoFiles | packages.NeedSyntax | packages.NeedTypes | packages.NeedTypesInfo |
			packages.NeedImports | packages.NeedExportFile, // the types of other packages come from the build cache
	}, ".")
	if err != nil {
		return nil, err
	}
	if len(loaded) != 1 || len(loaded[0].Errors) > 0 {
		return nil, fmt.Errorf("package codeant cannot be read: %v", loaded)
	}
	s := &source{pkg: loaded[0], bodies: map[types.Object]*ast.FuncDecl{}, operations: map[string]operation{}}
	var problems []error
	for _, file := range s.pkg.Syntax {
		for _, decl := range file.Decls {
			switch decl := decl.(type) {
			case *ast.FuncDecl:
				s.bodies[s.pkg.TypesInfo.Defs[decl.Name]] = decl
			case *ast.GenDecl:
				problems = append(problems, s.declarations(decl))
			}
		}
	}
	for _, file := range s.pkg.Syntax {
		for _, decl := range file.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok {
				problems = append(problems, s.method(f))
			}
		}
	}
	return s, errors.Join(problems...)
}

// declarations reads the operations of a var declaration.
func (s *source) declarations(decl *ast.GenDecl) error {
	if decl.Tok != token.VAR {
		return nil
	}
	for _, spec := range decl.Specs {
		spec := spec.(*ast.ValueSpec)
		for i, name := range spec.Names {
			variable := s.pkg.TypesInfo.Defs[name]
			if variable == nil || !isOperation(variable.Type()) || i >= len(spec.Values) {
				continue
			}
			op, err := s.operation(spec.Values[i], nil)
			if err != nil {
				return fmt.Errorf("%s: %w", name.Name, err)
			}
			s.operations[name.Name] = op
			s.order = append(s.order, name.Name)
		}
	}
	return nil
}

func isOperation(t types.Type) bool {
	named, ok := t.(*types.Named)
	return ok && named.Obj().Name() == "operation"
}

// operation evaluates a literal, or a call of a function that returns one; arguments are the values of its parameters.
func (s *source) operation(expr ast.Expr, arguments map[types.Object]string) (operation, error) {
	var op operation
	switch expr := expr.(type) {
	case *ast.CallExpr:
		f := s.bodies[s.pkg.TypesInfo.Uses[expr.Fun.(*ast.Ident)]]
		if f == nil { // declared later, or in another file
			f = s.find(expr.Fun.(*ast.Ident).Name)
		}
		if f == nil {
			return op, errors.New("is returned by an unknown function")
		}
		values := map[types.Object]string{}
		at := 0
		for _, field := range f.Type.Params.List {
			for _, parameter := range field.Names {
				values[s.pkg.TypesInfo.Defs[parameter]] = s.text(expr.Args[at], arguments)
				at++
			}
		}
		return s.operation(result(f), values)
	case *ast.CompositeLit:
		for _, element := range expr.Elts {
			pair := element.(*ast.KeyValueExpr)
			value := s.text(pair.Value, arguments)
			switch pair.Key.(*ast.Ident).Name {
			case "name":
				op.name = value
			case "path":
				op.path = value
			case "tokenField":
				op.tokenField = value
			case "idempotent":
				op.idempotent = value == "true"
			}
		}
	}
	if op.name == "" || op.path == "" {
		return op, errors.New("has no name or no path that can be read")
	}
	return op, nil
}

// result returns the expression that a function returns, or that the variable it returns was declared with.
func result(f *ast.FuncDecl) ast.Expr {
	last, ok := f.Body.List[len(f.Body.List)-1].(*ast.ReturnStmt)
	if !ok {
		return nil
	}
	variable, ok := last.Results[0].(*ast.Ident)
	if !ok {
		return last.Results[0]
	}
	for _, statement := range f.Body.List {
		if assign, ok := statement.(*ast.AssignStmt); ok && assign.Tok == token.DEFINE && assign.Lhs[0].(*ast.Ident).Name == variable.Name {
			return assign.Rhs[0]
		}
	}
	return nil
}

func (s *source) find(name string) *ast.FuncDecl {
	for _, file := range s.pkg.Syntax {
		for _, decl := range file.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == name {
				return f
			}
		}
	}
	return nil
}

// text evaluates a constant, a parameter, or a sum of them.
func (s *source) text(expr ast.Expr, arguments map[types.Object]string) string {
	if value := s.pkg.TypesInfo.Types[expr].Value; value != nil {
		if value.Kind() == constant.String {
			return constant.StringVal(value)
		}
		return value.String()
	}
	switch expr := expr.(type) {
	case *ast.Ident:
		return arguments[s.pkg.TypesInfo.Uses[expr]]
	case *ast.BinaryExpr:
		return s.text(expr.X, arguments) + s.text(expr.Y, arguments)
	}
	return ""
}

// method reads an exported method of a service whose comment has an Evidence paragraph.
func (s *source) method(f *ast.FuncDecl) error {
	service := receiver(f)
	if !strings.HasSuffix(service, "Service") || !f.Name.IsExported() {
		return nil
	}
	m := method{name: strings.TrimSuffix(service, "Service") + "." + f.Name.Name}
	paragraphs := strings.Split(strings.TrimSpace(f.Doc.Text()), "\n\n")
	evidence, found := strings.CutPrefix(strings.Join(strings.Fields(paragraphs[len(paragraphs)-1]), " "), "Evidence: ")
	if !found {
		return nil // Wait and Run use the endpoints of other methods
	}
	m.known, m.uncertain, _ = strings.Cut(evidence, " Uncertain: ")
	m.known, m.uncertain = strings.TrimSuffix(m.known, "."), strings.TrimSuffix(m.uncertain, ".")
	s.reach(f, map[*ast.FuncDecl]bool{}, &m.operations)
	if len(m.operations) == 0 {
		return fmt.Errorf("%s has evidence, but no operation", m.name)
	}
	s.methods = append(s.methods, m)
	return nil
}

func receiver(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return ""
	}
	pointer, ok := f.Recv.List[0].Type.(*ast.StarExpr)
	if !ok {
		return ""
	}
	name, _ := pointer.X.(*ast.Ident)
	return name.Name
}

// reach collects the operations that a function uses, directly or through functions of the package that it calls.
func (s *source) reach(f *ast.FuncDecl, seen map[*ast.FuncDecl]bool, operations *[]string) {
	if f == nil || f.Body == nil || seen[f] {
		return
	}
	seen[f] = true
	ast.Inspect(f.Body, func(n ast.Node) bool {
		id, ok := n.(*ast.Ident)
		if !ok {
			return true
		}
		switch object := s.pkg.TypesInfo.Uses[id].(type) {
		case *types.Var:
			if _, is := s.operations[id.Name]; is && isOperation(object.Type()) && !slices.Contains(*operations, id.Name) {
				*operations = append(*operations, id.Name)
			}
		case *types.Func:
			s.reach(s.bodies[object.Origin()], seen, operations)
		}
		return true
	})
}
