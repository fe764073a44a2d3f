//go:build unix

package gocover_test

import (
	"bytes"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant/gocover"
)

func TestAFIFOIsRefusedAndNotWaitedFor(t *testing.T) {
	t.Parallel()
	top := tree(t, map[string]string{"go.mod": apiModule})
	name := filepath.Join(top, "cover.out")
	require.NoError(t, syscall.Mkfifo(name, 0o600))
	var got bytes.Buffer
	err := gocover.CoberturaFile(&got, name)
	assert.EqualError(t, err, "gocover: the profile cannot be opened: open "+name+": it is a pipe, not a regular file")
	assert.Empty(t, got.String())
}
