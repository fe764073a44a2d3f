//go:build unix

package codeant_test

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant"
)

// mountSecret publishes a secret as the kubelet does: token leads to ..data/token, ..data to a folder with the version, and
// that link is swapped before the old folder goes.
func mountSecret(t *testing.T, mount string, version int, content string) {
	t.Helper()
	folder := fmt.Sprintf("..2026_%d", version)
	require.NoError(t, os.Mkdir(filepath.Join(mount, folder), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(mount, folder, "token"), []byte(content), 0o600))
	old, _ := os.Readlink(filepath.Join(mount, "..data"))
	require.NoError(t, os.Symlink(folder, filepath.Join(mount, "..data_tmp")))
	require.NoError(t, os.Rename(filepath.Join(mount, "..data_tmp"), filepath.Join(mount, "..data")))
	if old == "" {
		require.NoError(t, os.Symlink("..data/token", filepath.Join(mount, "token")))
		return
	}
	require.NoError(t, os.RemoveAll(filepath.Join(mount, old)))
}

// renderTemplate writes a file as the agent of Vault does: a new file takes the old one's name.
func renderTemplate(t *testing.T, folder string, _ int, content string) {
	t.Helper()
	fresh, err := os.CreateTemp(folder, "token")
	require.NoError(t, err)
	_, err = fresh.WriteString(content)
	require.NoError(t, err)
	require.NoError(t, fresh.Close())
	require.NoError(t, os.Rename(fresh.Name(), filepath.Join(folder, "token")))
}

func TestAFileTokenFollowsASecretThatIsReplacedWhileItIsRead(t *testing.T) {
	t.Parallel()
	for name, replace := range map[string]func(*testing.T, string, int, string){"Kubernetes": mountSecret, "Vault": renderTemplate} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			value := func(version int) string { return fmt.Sprintf("cdt_version%06d", version) }
			replace(t, folder, 0, value(0)+"\n")
			source := codeant.FileToken(filepath.Join(folder, "token"))
			done := make(chan struct{})
			var readers sync.WaitGroup
			for range 4 {
				readers.Go(func() {
					for last := value(0); ; {
						token, err := source.Token(t.Context())
						if !assert.NoError(t, err) || !assert.GreaterOrEqual(t, token.Reveal(), last, "an old token came back") {
							return
						}
						last = token.Reveal()
						select {
						case <-done:
							return
						default:
						}
					}
				})
			}
			for version := range 300 {
				replace(t, folder, version+1, value(version+1)+"\n")
				token, err := source.Token(t.Context())
				if assert.NoError(t, err) {
					assert.Equal(t, value(version+1), token.Reveal())
				}
			}
			close(done)
			readers.Wait()
		})
	}
}
