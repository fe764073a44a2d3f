package pipeline

import (
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant"
)

var kinds = map[string]error{
	"ErrMissingToken": codeant.ErrMissingToken, "ErrInvalidToken": codeant.ErrInvalidToken, "ErrUnauthorized": codeant.ErrUnauthorized,
	"ErrTokenRevoked": codeant.ErrTokenRevoked, "ErrForbidden": codeant.ErrForbidden, "ErrNotFound": codeant.ErrNotFound,
	"ErrConflict": codeant.ErrConflict, "ErrInvalidRequest": codeant.ErrInvalidRequest, "ErrInvalidReport": codeant.ErrInvalidReport,
	"ErrTooLarge": codeant.ErrTooLarge, "ErrRateLimited": codeant.ErrRateLimited, "ErrUnavailable": codeant.ErrUnavailable,
	"ErrRedirect": codeant.ErrRedirect, "ErrBadResponse": codeant.ErrBadResponse, "ErrUnknownOutcome": codeant.ErrUnknownOutcome,
	"ErrUnsupported": codeant.ErrUnsupported, "ErrStorage": codeant.ErrStorage, "ErrNotReady": codeant.ErrNotReady,
	"ErrWaitTimeout": codeant.ErrWaitTimeout, "ErrScanFailed": codeant.ErrScanFailed, "ErrGateFailed": codeant.ErrGateFailed,
	"ErrGateUndecided": codeant.ErrGateUndecided,
}

// The page of errors names every kind, with the exit code that the programs have for it.
func TestThePageOfErrorsHasEveryKindWithItsExitCode(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..", "..")
	page, err := os.ReadFile(filepath.Join(root, "docs", "errors.md"))
	require.NoError(t, err)
	codes := map[string]int{}
	for _, row := range regexp.MustCompile("(?m)^\\| `(Err\\w+)` \\|.*\\| (\\d)[^|]*\\|$").FindAllStringSubmatch(string(page), -1) {
		codes[row[1]], err = strconv.Atoi(row[2])
		require.NoError(t, err)
	}
	want := map[string]int{}
	source, err := parser.ParseFile(gotoken.NewFileSet(), filepath.Join(root, "errors.go"), nil, 0)
	require.NoError(t, err)
	for name := range source.Scope.Objects {
		if strings.HasPrefix(name, "Err") && source.Scope.Objects[name].Kind == ast.Var {
			require.Contains(t, kinds, name)
			want[name] = ExitCode(answer(name))
		}
	}
	assert.Len(t, want, len(kinds))
	assert.Equal(t, want, codes)
}

// answer is an error of one kind: of a refused token the answer of CodeAnt.
func answer(name string) error {
	switch name {
	case "ErrUnauthorized":
		return &codeant.APIError{StatusCode: 401}
	case "ErrTokenRevoked":
		return &codeant.TokenRevokedError{APIError: &codeant.APIError{StatusCode: 401}}
	case "ErrForbidden":
		return &codeant.APIError{StatusCode: 403}
	}
	return kinds[name]
}
