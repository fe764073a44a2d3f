package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/codeanttest"
	"github.com/codeant-sdk/codeant/examples/internal/pipelinetest"
)

// A command is run, so these tests are in real time.
func world(t *testing.T) pipelinetest.World {
	return pipelinetest.World{Server: codeanttest.NewServer(t)}
}

func statuses(t *testing.T, w pipelinetest.World, with codeant.Token) map[string]codeant.TokenStatus {
	t.Helper()
	client, err := w.Server.Client(codeant.WithToken(with.Reveal()))
	require.NoError(t, err)
	infos, err := client.Tokens.List(t.Context())
	require.NoError(t, err)
	all := map[string]codeant.TokenStatus{}
	for _, i := range infos {
		all[i.ID] = i.Status
	}
	return all
}

func TestTheOldTokenIsRevokedOnlyAfterTheNewOneIsInPlace(t *testing.T) {
	t.Parallel()
	w := world(t)
	file := filepath.Join(t.TempDir(), "secret")
	got := w.Run(t, run, "-id", "tok_1", "-name", "pipeline", "-deploy", "cat > "+file)
	require.Equal(t, 0, got.Code, got.Stderr)
	value, err := os.ReadFile(file)
	require.NoError(t, err)
	fresh, err := codeant.ParseToken(string(value))
	require.NoError(t, err)
	assert.NotContains(t, got.Stdout+got.Stderr, fresh.Reveal())
	assert.Equal(t, map[string]codeant.TokenStatus{"tok_1": codeant.TokenRevoked, "tok_2": codeant.TokenActive}, statuses(t, w, fresh))
}

func TestADeployThatFailsLeavesTheOldTokenInForceAndShowsNoSecret(t *testing.T) {
	t.Parallel()
	w := world(t)
	got := w.Run(t, run, "-id", "tok_1", "-name", "pipeline", "-deploy", "cat; exit 3")
	assert.Equal(t, 4, got.Code)
	assert.Regexp(t, `the command failed: exit status 3: cdt_••••\S{4}; the old token stays valid, the new one was revoked`, got.Stderr)
	assert.Equal(t, map[string]codeant.TokenStatus{"tok_1": codeant.TokenActive, "tok_2": codeant.TokenRevoked}, statuses(t, w, w.Server.Token()))
	silent := w.Run(t, run, "-id", "tok_1", "-name", "pipeline", "-deploy", "exit 3")
	assert.Contains(t, silent.Stderr, "the command failed: exit status 3; the old token stays valid, the new one was revoked")
}

func TestUsage(t *testing.T) {
	t.Parallel()
	w := world(t)
	assert.Equal(t, 2, w.Run(t, run, "-id", "tok_1").Code)
	listed := w.Run(t, run)
	assert.Equal(t, 2, listed.Code)
	assert.Equal(t, "tok_1  cdt_••••"+w.Server.Token().Last4()+"  Active  in use  codeanttest\n", listed.Stdout)
	dry := w.Run(t, run, "-id", "tok_1", "-name", "n", "-deploy", "d", "-dry-run")
	assert.Equal(t, 0, dry.Code)
	assert.Equal(t, "would create the token \"n\", run \"d\" with its value on standard input, and then revoke the token tok_1\n", dry.Stdout)
	help := w.Run(t, run, "-h")
	assert.Equal(t, 0, help.Code)
	pipelinetest.FitsAScreen(t, help.Stdout)
	for _, op := range []string{"tokens.create", "tokens.revoke"} {
		assert.Empty(t, w.Bodies(op))
	}
}

// What -h does not name is not there, such as the flags of the programs about a commit.
func TestHelpNamesEveryFlag(t *testing.T) {
	t.Parallel()
	w := world(t)
	help := w.Run(t, run, "-h").Stdout
	for _, flag := range []string{"id", "name", "deploy", "a", "access-token", "token-file", "api", "json", "dry-run"} {
		assert.Contains(t, help, "-"+flag)
	}
	for _, flag := range []string{"-r", "-c", "-s", "-u", "-allow-unavailable", "-skip-without-token"} {
		got := w.Run(t, run, flag, "x")
		assert.Equal(t, 2, got.Code)
		assert.Equal(t, "rotate-token: unknown flag "+flag+"; see -h\n", got.Stderr)
	}
	assert.Contains(t, help, "without it the tokens are listed, and the\n                   exit code is 2\n")
}
