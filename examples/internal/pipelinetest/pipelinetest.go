// Package pipelinetest runs the example programs against a test server.
package pipelinetest

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/codeanttest"
	"github.com/codeant-sdk/codeant/examples/internal/pipeline"
)

// Commit is the commit of the command lines in the tests.
const Commit = "8f3b2c1d9e7a6b5c4d3e2f1a0b9c8d7e6f5a4b3c"

// Outcome is the result of a run.
type Outcome struct {
	Code           int
	Stdout, Stderr string
	Result         pipeline.Result // of -json
}

// World is the environment of a run.
type World struct {
	Server *codeanttest.Server
	Env    map[string]string
	Stdin  string
	// Retry is the policy of the client. The zero value waits as in production, so use it only in a bubble.
	Retry  codeant.RetryPolicy
	Screen *pipeline.Screen // for a program that writes to a terminal
}

// Run runs a program with its token in the environment, unless World.Env says otherwise.
func (w World) Run(t *testing.T, run func(context.Context, pipeline.Env) int, args ...string) Outcome {
	t.Helper()
	variables := map[string]string{codeant.TokenEnv: w.Server.Token().Reveal()}
	for name, value := range w.Env {
		variables[name] = value
	}
	file := filepath.Join(t.TempDir(), "result.json")
	var out, errs bytes.Buffer
	stderr := &errs
	if w.Screen != nil { // one terminal shows both
		stderr = &out
	}
	code := run(t.Context(), pipeline.Env{
		Args: append(args, "-json", file),
		Lookup: func(name string) (string, bool) {
			value, ok := variables[name]
			return value, ok
		},
		ReadFile: os.ReadFile,
		Stdin:    strings.NewReader(w.Stdin), Stdout: &out, Stderr: stderr, Screen: w.Screen,
		Options: []codeant.Option{codeant.WithBaseURL(w.Server.URL()), codeant.WithHTTPClient(w.Server.HTTPClient()), codeant.WithRetry(w.Retry)},
	})
	outcome := Outcome{Code: code, Stdout: out.String(), Stderr: errs.String()}
	if written, err := os.ReadFile(file); err == nil {
		require.NoError(t, json.Unmarshal(written, &outcome.Result))
		require.Equal(t, code, outcome.Result.ExitCode)
	}
	for _, text := range []string{outcome.Stdout, outcome.Stderr, outcome.Result.Error} {
		require.NotContains(t, text, w.Server.Token().Reveal())
		require.NotContains(t, text, "X-Amz-Signature")
	}
	return outcome
}

// Bodies returns the JSON bodies that the server got for an operation.
func (w World) Bodies(op string) []string {
	var bodies []string
	for _, r := range w.Server.Requests() {
		if r.Op == op {
			bodies = append(bodies, string(r.Body))
		}
	}
	return bodies
}

// FitsAScreen checks the text of -h.
func FitsAScreen(t *testing.T, help string) {
	t.Helper()
	lines := strings.Split(strings.TrimSuffix(help, "\n"), "\n")
	assert.LessOrEqual(t, len(lines), 40)
	for _, line := range lines {
		assert.LessOrEqual(t, len([]rune(line)), 80, line)
	}
	assert.Contains(t, lines[1], "For example:")
}
