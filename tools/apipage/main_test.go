package main

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestThePageOfTheAPIIsWhatTheSourceSays(t *testing.T) {
	t.Parallel()
	want, err := generate("../..")
	require.NoError(t, err)
	page, err := os.ReadFile("../../docs/api.md")
	require.NoError(t, err)
	if string(want) != string(page) {
		t.Error("docs/api.md is out of date: run go generate in the root of the repository")
	}
}

func TestEveryOperationBelongsToAMethod(t *testing.T) {
	t.Parallel()
	src, err := read("../..")
	require.NoError(t, err)
	used := map[string]bool{}
	for _, m := range src.methods {
		for _, variable := range m.operations {
			used[variable] = true
		}
	}
	for variable := range src.operations {
		assert.True(t, used[variable], "%s is used by no method that ends with its evidence", variable)
	}
}
