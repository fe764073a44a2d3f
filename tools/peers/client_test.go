package peers

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/codeanttest"
)

var revision = codeant.Revision{
	Provider: codeant.GitHub, Repo: "acme/shop", Commit: "7d3f0c1e9a2b4c5d6e7f8091a2b3c4d5e6f70819", Branch: "main",
}

// numbered returns a revision that no other call of the test speaks of, so that what reached the server can be counted.
func numbered(i int) codeant.Revision {
	rev := revision
	rev.Commit = fmt.Sprintf("%040x", i+1)
	return rev
}

// newClient returns a client with the package's own transport. Its pauses are short, all else is the default.
func newClient(t *testing.T, server *codeanttest.Server, baseURL string, opts ...codeant.Option) *codeant.Client {
	t.Helper()
	client, err := codeant.New(append([]codeant.Option{
		codeant.WithBaseURL(baseURL), codeant.WithToken(server.Token().Reveal()),
		codeant.WithRetry(codeant.RetryPolicy{BaseDelay: 50 * time.Millisecond, ThrottleDelay: 200 * time.Millisecond}),
	}, opts...)...)
	require.NoError(t, err)
	t.Cleanup(client.CloseIdleConnections)
	return client
}

// seen counts the requests of an operation that reached the API.
func seen(server *codeanttest.Server, op string) int {
	n := 0
	for _, r := range server.Requests() {
		if r.Op == op {
			n++
		}
	}
	return n
}

func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), d)
	t.Cleanup(stop)
	return ctx
}
