package codeant_test

import (
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant"
)

func TestVersionIsTheNewestInTheChangelog(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("CHANGELOG.md")
	require.NoError(t, err)
	newest := regexp.MustCompile(`(?m)^## \[(\d+\.\d+\.\d+[^]]*)\] - (\d{4}-\d{2}-\d{2})$`).FindSubmatch(text)
	require.NotNil(t, newest, "CHANGELOG.md has no heading such as ## [1.2.3] - 2026-01-31")
	assert.Equal(t, string(newest[1]), codeant.Version)
}
