package codeant_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/codeanttest"
)

func TestTheTestServerKnowsEveryOperationByItsPath(t *testing.T) {
	t.Parallel()
	server := codeanttest.NewServer(t)
	client, err := server.Client()
	require.NoError(t, err)
	for _, op := range codeant.DeclaredOperations(t) {
		require.Contains(t, codeanttest.Operations(), op.Name, "endpoints() in codeanttest/api.go has no row for it: write one")
		before := len(server.Requests())
		_ = methodOf(t, op).call(t.Context(), client) // it may fail, because there is no such team or scan
		requests := server.Requests()[before:]
		require.NotEmpty(t, requests, op.Variable)
		assert.Equal(t, op.Name, requests[0].Op)
		if op.Variable != "opScansSBOMOlder" { // which is only called if the newer path answers 404
			assert.Equal(t, op.Path, requests[0].Path)
		}
	}
}
