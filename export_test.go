package codeant

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// DeclaredOperation is what a test outside of the package needs to know of an operation.
type DeclaredOperation struct {
	Variable, Name, Path string
	Idempotent           bool
}

// operations are those that the service files declare, by their variables.
var operations = map[string]operation{
	"opTokensCreate":          opTokensCreate,
	"opTokensList":            opTokensList,
	"opTokensRevoke":          opTokensRevoke,
	"opCoveragePresign":       opCoveragePresign,
	"opCoverageComplete":      opCoverageComplete,
	"opScansStart":            opScansStart,
	"opScansSAST":             opScansSAST,
	"opScansSCA":              opScansSCA,
	"opScansSecrets":          opScansSecrets,
	"opScansSBOM":             opScansSBOM,
	"opScansSBOMOlder":        opScansSBOMOlder,
	"opScansAntiPatterns":     opScansAntiPatterns,
	"opScansIaC":              opScansIaC,
	"opScansDeadCode":         opScansDeadCode,
	"opScansDuplicateCode":    opScansDuplicateCode,
	"opScansDocstrings":       opScansDocstrings,
	"opScansComplexFunctions": opScansComplexFunctions,
	"opScansDismissals":       opScansDismissals,
	"opAccountVerify":         opAccountVerify,
	"opAccountRepositories":   opAccountRepositories,
	"opScansHistory":          opScansHistory,
	"opGatesStart":            opGatesStart,
	"opGatesResults":          opGatesResults,
	"opAgentsStart":           opAgentsStart,
	"opAgentsResults":         opAgentsResults,
	"opAgentsHistory":         opAgentsHistory,
	"opTeamsList":             opTeamsList,
	"opTeamsGet":              opTeamsGet,
	"opTeamsCreate":           opTeamsCreate,
	"opTeamsUpdate":           opTeamsUpdate,
	"opTeamsDelete":           opTeamsDelete,
	"opTeamsAddMember":        opTeamsAddMember,
	"opTeamsRemoveMember":     opTeamsRemoveMember,
	"opMetricsActive":         opMetricsActive,
	"opMetricsPullRequests":   opMetricsPullRequests,
	"opMetricsComparison":     opMetricsComparison,
	"opMetricsSummary":        opMetricsSummary,
}

// DeclaredOperations returns every operation that is declared.
func DeclaredOperations(t *testing.T) []DeclaredOperation {
	t.Helper()
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	var all []DeclaredOperation
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		source, err := os.ReadFile(name)
		require.NoError(t, err)
		file, err := parser.ParseFile(token.NewFileSet(), name, source, parser.SkipObjectResolution)
		require.NoError(t, err)
		for _, decl := range file.Decls {
			gen, ok := decl.(*ast.GenDecl)
			if !ok || gen.Tok != token.VAR {
				continue
			}
			for _, spec := range gen.Specs {
				for _, id := range spec.(*ast.ValueSpec).Names {
					if len(id.Name) < 3 || id.Name[:2] != "op" || !ast.IsExported(id.Name[2:]) {
						continue
					}
					op, written := operations[id.Name]
					require.True(t, written, "operations in export_test.go lacks %s: add it", id.Name)
					all = append(all, DeclaredOperation{id.Name, op.name, op.path, op.idempotent})
				}
			}
		}
	}
	require.NotEmpty(t, all)
	return all
}

// PinJitter lets every computed pause be half its bound, which is otherwise the mean of a random one.
func (c *Client) PinJitter() { c.retrier.jitter = 0 }

// SetBudget sets what is left of the budget, in tenths of a retry.
func (c *Client) SetBudget(tenths int) { c.retrier.budget.left = tenths }

// Budget returns what is left of the budget, in tenths of a retry.
func (c *Client) Budget() int { return c.retrier.budget.left }

// ErrBudget is in the chain of an error that the budget kept from being repeated.
var ErrBudget = errBudget
