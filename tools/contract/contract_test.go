package contract_test

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant/tools/contract"
)

const (
	reader = `"reader":"15884668-91e2-7def-9d20-b7cf4698117d"`
	loan   = `{` + reader + `,"until":"2026-03-01","books":[{"title":"Emma"}]}`
)

func library(t *testing.T) *contract.Spec {
	t.Helper()
	spec, err := contract.Load("testdata/library.yaml")
	require.NoError(t, err)
	return spec
}

func jsonHeader() http.Header {
	return http.Header{"Authorization": {"Bearer cdt_0123456789"}, "Content-Type": {"application/json"}}
}

func TestOperationIDsNamesMethodAndMainPath(t *testing.T) {
	t.Parallel()
	assert.Equal(t, map[string]string{
		"createLoan": "POST /loans/create",
		"listLoans":  "POST /loans/list",
		"addNote":    "POST /notes/add",
		"getHours":   "GET /hours",
	}, library(t).OperationIDs())
}

func TestLoadRefusesWhatCheckCannotJudge(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ paths, want string }{
		"parameters": {
			`{/a: {get: {operationId: a, parameters: [{name: q, in: query, schema: {type: string}}], responses: {'200': {description: ok}}}}}`,
			"GET /a: parameters are not supported",
		},
		"no id": {
			`{/a: {get: {responses: {'200': {description: ok}}}}}`,
			"GET /a: no operationId",
		},
		"alternate path of the wrong form": {
			`{/a: {get: {operationId: a, x-alternate-path: {path: a}, responses: {'200': {description: ok}}}}}`,
			"GET /a: x-alternate-path has no path",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "openapi.yaml")
			doc := "openapi: 3.0.3\ninfo: {title: t, version: '1'}\npaths: " + test.paths + "\n"
			require.NoError(t, os.WriteFile(file, []byte(doc), 0o600))

			_, err := contract.Load(file)

			require.EqualError(t, err, "contract: "+file+": "+test.want)
		})
	}
}

func TestLoadNamesAMissingFile(t *testing.T) {
	t.Parallel()
	_, err := contract.Load("testdata/missing.yaml")
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestCheckAllLeadsEachErrorByTheOperation(t *testing.T) {
	t.Parallel()
	err := library(t).CheckAll([]contract.Request{
		{Op: "loans.create", Method: "POST", Path: "/loans/create", Header: jsonHeader(), Body: []byte(loan)},
		{Op: "hours.get", Method: "POST", Path: "/hours"},
		{Op: "loans.list", Method: "POST", Path: "/loans/list", Header: jsonHeader(), Body: []byte(`{"raeder":1}`)},
	})
	require.EqualError(t, err, "hours.get: POST /hours: the path takes GET\n"+
		"loans.list: POST /loans/list: body: raeder: no such field\n"+
		"loans.list: POST /loans/list: body: reader: property \"reader\" is missing")
}

func TestCheckAllLeavesAloneWhatIsOutsideUnlessItIsDescribed(t *testing.T) {
	t.Parallel()
	err := library(t).CheckAll([]contract.Request{
		{Op: "storage.put", Method: "PUT", Path: "/bucket/object", Body: []byte("bytes")},
		{Op: "hours.get", Method: "GET", Path: "/hours"},
	}, "storage.put", "hours.get")
	require.EqualError(t, err, "hours.get: described as getHours, not outside")
}

func TestUnusedNamesTheOperationsThatNoRequestReached(t *testing.T) {
	t.Parallel()
	unused := library(t).Unused([]contract.Request{
		{Method: "POST", Path: "/loans/all"},
		{Method: "GET", Path: "/hours"},
		{Method: "GET", Path: "/elsewhere"},
	})
	assert.Equal(t, []string{"addNote", "createLoan"}, unused)
}
