package pipeline

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/codeanttest"
)

// failure is the error of a real call that a server answers with these faults.
func failure(t *testing.T, faults ...codeanttest.Fault) error {
	t.Helper()
	server := codeanttest.NewServer(t)
	client, err := server.Client(codeant.WithRetry(codeant.RetryPolicy{MaxAttempts: 1}))
	require.NoError(t, err)
	server.Inject("gates.start", faults...)
	server.Inject("gates.results", faults...)
	rev := codeant.Revision{Provider: codeant.GitHub, Repo: "acme/shop", Commit: "8f3b2c1d9e7a6b5c4d3e2f1a0b9c8d7e6f5a4b3c"}
	if faults[0].Reset {
		_, err = client.Gates.Start(t.Context(), rev)
	} else {
		_, err = client.Gates.Results(t.Context(), rev)
	}
	require.Error(t, err)
	return err
}

func TestAllowUnavailableForgivesOnlyWhatWaitingWouldHelp(t *testing.T) {
	t.Parallel()
	down := failure(t, codeanttest.Fault{Status: 503})
	refused := failure(t, codeanttest.Fault{Status: 400})
	lost := failure(t, codeanttest.Fault{Reset: true})
	page := failure(t, codeanttest.Fault{Status: 403, Body: "<html>no</html>", Header: http.Header{"Content-Type": {"text/html"}}})
	require.ErrorIs(t, lost, codeant.ErrUnknownOutcome)
	late := fmt.Errorf("late: %w", codeant.ErrWaitTimeout)
	for name, tt := range map[string]struct {
		err     error
		forgive bool
	}{
		"down":                          {down, true},
		"down twice":                    {errors.Join(down, down), true},
		"down, then refused":            {errors.Join(down, refused), false},
		"refused, then down":            {errors.Join(refused, down), false},
		"down, inside other words":      {fmt.Errorf("a.xml: %w", down), true},
		"a start that was lost":         {lost, false},
		"down, and a start was lost":    {errors.Join(down, lost), false},
		"down, and the time ran out":    {errors.Join(down, late), false},
		"the time ran out":              {late, false},
		"stopped while it was down":     {errors.Join(down, context.Canceled), false},
		"stopped by a signal meanwhile": {errors.Join(down, Interrupted{}), false},
		"a page of a proxy":             {page, false},
		"something else":                {errors.New("disk full"), false},
	} {
		assert.Equal(t, tt.forgive, Retryable(tt.err), name)
	}
	assert.Equal(t, ExitUnavailable, ExitCode(page), "the page did not come from CodeAnt, so the token is not to blame")
	assert.Equal(t, ExitUnauthorized, ExitCode(errors.Join(page, failure(t, codeanttest.Fault{Status: 401}))))
}
