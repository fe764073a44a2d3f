package codeant_test

import (
	"testing"
	"testing/synctest"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant"
)

func TestRunningAnAgentScan(t *testing.T) {
	t.Parallel()
	branch := shop
	branch.Branch = "main"
	req := codeant.AgentScanRequest{Revision: branch, Prompt: "threat_hunting"}
	run := func(t *testing.T, start httpmock.Responder, results ...httpmock.Responder) (*codeant.AgentScanResults, *httpmock.MockTransport, error) {
		mock := httpmock.NewMockTransport()
		mock.RegisterResponder("POST", "https://api.codeant.ai/api/analysis/agents/scan/start", start)
		if len(results) > 0 {
			mock.RegisterResponder("POST", "https://api.codeant.ai/api/analysis/agents/scan/results", inOrder(results...))
		}
		found, err := funnelClient(t, mock).Agents.Run(t.Context(), req, codeant.WaitOptions{})
		return found, mock, err
	}
	synctest.Test(t, func(t *testing.T) {
		const done = `{"scanId":"a1","status":"completed","results":[{"file":"a.py","issues":[{"start_line":4}]}],"totalIssues":1}`
		found, mock, err := run(t, status(200, `{"scanId":"a1"}`), status(404, ""), status(200, `{"status":"in_progress","results":[]}`), status(200, done))
		require.NoError(t, err)
		assert.Equal(t, "a1", found.ID)
		assert.Len(t, found.Findings, 1)
		assert.Equal(t, 4, mock.GetTotalCallCount())
	})

	found, mock, err := run(t, status(504, ""))
	assert.Nil(t, found)
	require.ErrorIs(t, err, codeant.ErrUnknownOutcome)
	assert.EqualError(t, err, "codeant: agents.start: the gateway timed out (504), so the scan may be running under an unknown ID; "+
		"find it with History, then use Wait: codeant: outcome unknown")
	assert.Equal(t, 1, mock.GetTotalCallCount())

	_, mock, err = run(t, status(403, ""))
	require.ErrorIs(t, err, codeant.ErrForbidden)
	assert.Equal(t, 1, mock.GetTotalCallCount())
}
