package codeant_test

import (
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant"
)

func TestOneFailureBetweenPollsEndsNoWait(t *testing.T) {
	t.Parallel()
	pending, done := status(200, `{"status":"pending","results":[]}`), status(200, `{"status":"done","results":[]}`)
	for name, failure := range map[string]httpmock.Responder{
		"503": status(503, ""), "502 page": withHeader(502, "Content-Type", "text/html", "<html></html>"),
		"reset": httpmock.NewErrorResponder(io.ErrUnexpectedEOF), "429": status(429, ""),
	} {
		synctest.Test(t, func(t *testing.T) {
			client := scanAnswering(t, codeant.SAST, pending, failure, pending, failure, done)
			report, err := client.Scans.Wait(t.Context(), shop, codeant.WaitOptions{}, codeant.SAST)
			require.NoError(t, err, name)
			assert.Equal(t, "done", report.Results[codeant.SAST].Status, name)
		})
	}
}

func TestAFailedScanEndsTheWaitAtOnce(t *testing.T) {
	t.Parallel()
	for _, word := range []string{"failed", "FAILED", "error", "ERROR"} {
		synctest.Test(t, func(t *testing.T) {
			mock := httpmock.NewMockTransport()
			mock.RegisterNoResponder(status(200, `{"status":"`+word+`","results":[]}`))
			client := funnelClient(t, mock)
			began := time.Now()
			report, err := client.Scans.Wait(t.Context(), shop, codeant.WaitOptions{}, codeant.SAST)
			assert.ErrorIs(t, err, codeant.ErrScanFailed, word)
			assert.NotErrorIs(t, err, codeant.ErrWaitTimeout, word)
			assert.Empty(t, report.Results)
			_, err = client.Agents.Wait(t.Context(), shop.Repo, "a1", codeant.WaitOptions{})
			assert.ErrorIs(t, err, codeant.ErrScanFailed, word)
			assert.Zero(t, time.Since(began))
			assert.Equal(t, 2, mock.GetTotalCallCount())
		})
	}
}

func TestAStatusThatNobodyKnowsIsWaitedOutAndTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var polls []codeant.Poll
		opts := codeant.WaitOptions{Timeout: 4 * time.Second, OnPoll: func(p codeant.Poll) { polls = append(polls, p) }}

		client, _ := gatesAnswering(t, status(200, `{"status":"PARKED","secret_quality_gate":{"status":"PASSED"}}`))
		result, err := client.Gates.Wait(t.Context(), shop, opts)
		assert.ErrorIs(t, err, codeant.ErrWaitTimeout)
		assert.ErrorIs(t, err, codeant.ErrGateUndecided)
		assert.Regexp(t, `^codeant: gates\.results: no result in time after \d(\.\d)?s and \d polls; the last status was "PARKED"; wait longer, `, err.Error())
		assert.Equal(t, "PARKED", result.Status)
		assert.Equal(t, codeant.VerdictUndecided, result.Verdict())
		assert.Equal(t, "PARKED", polls[0].Status)

		scans := scanAnswering(t, codeant.SAST, status(200, `{"status":"PARKED","results":[]}`))
		report, err := scans.Scans.Wait(t.Context(), shop, opts, codeant.SAST)
		assert.ErrorIs(t, err, codeant.ErrWaitTimeout)
		assert.Regexp(t, `^codeant: scans\.results\.sast: no result in time after \d(\.\d)?s and \d polls; the last status was "PARKED"; wait longer, `, err.Error())
		assert.Empty(t, report.Results)
	})
}

// A replica may lag behind the server that answered before.
func TestTheFirstFinishedAnswerHolds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, mock := gatesAnswering(t, status(200, passes), status(200, `{"status":"PENDING"}`))
		result, err := client.Gates.Wait(t.Context(), shop, codeant.WaitOptions{})
		require.NoError(t, err)
		assert.Equal(t, codeant.VerdictPassed, result.Verdict())
		assert.Equal(t, 1, mock.GetTotalCallCount())

		pending, done := status(200, `{"status":"pending","results":[]}`), status(200, `{"status":"done","results":[]}`)
		mock = httpmock.NewMockTransport()
		mock.RegisterResponder("POST", scanURL, inOrder(done, pending))
		mock.RegisterResponder("POST", scanURL+"/sca", inOrder(pending, pending, pending, done))
		report, err := funnelClient(t, mock).Scans.Wait(t.Context(), shop, codeant.WaitOptions{})
		require.NoError(t, err)
		assert.Len(t, report.Results, 2)
		assert.Equal(t, 1, mock.GetCallCountInfo()["POST "+scanURL], "what is finished is not asked for again")
	})
}
