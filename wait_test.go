package codeant_test

import (
	"context"
	"math/rand/v2"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant"
)

// rhythm waits for gates that finish at random times around some usual ones, and returns how long after the end it was
// noticed on average, and the polls compared with one each 15 s.
func rhythm(t *testing.T, rounds int) (delay time.Duration, polls float64) {
	random := rand.New(rand.NewPCG(1, 2))
	var ours, theirs, count int
	for range rounds {
		for _, usual := range []time.Duration{1, 5, 12, 30, 60, 120, 240} {
			ends := time.Duration((0.75 + random.Float64()/2) * float64(usual*time.Second))
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				mock := httpmock.NewMockTransport()
				mock.RegisterResponder("POST", gatesResultsURL, func(*http.Request) (*http.Response, error) {
					ours++
					if time.Since(began) < ends {
						return httpmock.NewStringResponse(200, `{"status":"PENDING"}`), nil
					}
					return httpmock.NewStringResponse(200, passes), nil
				})
				_, err := funnelClient(t, mock).Gates.Wait(t.Context(), shop, codeant.WaitOptions{Timeout: 10 * time.Minute})
				require.NoError(t, err)
				delay += time.Since(began) - ends
			})
			theirs += 1 + int((ends+15*time.Second-1)/(15*time.Second))
			count++
		}
	}
	return delay / time.Duration(count), float64(ours) / float64(theirs)
}

func TestTheEndIsNoticedSoonWithFewPolls(t *testing.T) {
	t.Parallel()
	delay, polls := rhythm(t, 20)
	t.Logf("noticed %s after the end on average, with %.2f times the polls of one each 15 s", delay.Round(10*time.Millisecond), polls)
	assert.LessOrEqual(t, delay, 5*time.Second)
	assert.LessOrEqual(t, polls, 1.6)
}

func TestPausesFollowTheOptions(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		opts  codeant.WaitOptions
		pause [2]time.Duration // of the first pause
		last  [2]time.Duration // of the whole wait
	}{
		{codeant.WaitOptions{}, [2]time.Duration{1800 * time.Millisecond, 2200 * time.Millisecond}, [2]time.Duration{298 * time.Second, 300 * time.Second}},
		{codeant.WaitOptions{Interval: time.Nanosecond, Timeout: 10 * time.Second}, [2]time.Duration{90 * time.Millisecond, 110 * time.Millisecond}, [2]time.Duration{9800 * time.Millisecond, 10 * time.Second}},
		{codeant.WaitOptions{Interval: 30 * time.Second, Timeout: time.Minute}, [2]time.Duration{27 * time.Second, 33 * time.Second}, [2]time.Duration{58 * time.Second, time.Minute}},
	} {
		synctest.Test(t, func(t *testing.T) {
			client, _ := gatesAnswering(t, status(200, `{"status":"PENDING"}`))
			var polls []codeant.Poll
			tt.opts.OnPoll = func(p codeant.Poll) { polls = append(polls, p) }
			began := time.Now()
			_, err := client.Gates.Wait(t.Context(), shop, tt.opts)
			took := time.Since(began)
			assert.ErrorIs(t, err, codeant.ErrWaitTimeout)
			assert.NotErrorIs(t, err, context.DeadlineExceeded, "the caller's context has not ended")
			assert.GreaterOrEqual(t, took, tt.last[0])
			assert.LessOrEqual(t, took, tt.last[1])
			assert.Equal(t, 1, polls[0].Number)
			assert.Zero(t, polls[0].Elapsed)
			assert.GreaterOrEqual(t, polls[0].Pause, tt.pause[0])
			assert.LessOrEqual(t, polls[0].Pause, tt.pause[1])
			assert.Equal(t, took, polls[len(polls)-1].Elapsed, "the last poll is just before the end")
			assert.Zero(t, polls[len(polls)-1].Pause)
		})
	}
}

func TestTheCallersContextEndsAWaitAndIsTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, _ := gatesAnswering(t, status(200, `{"status":"PENDING"}`))
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		began := time.Now()
		_, err := client.Gates.Wait(ctx, shop, codeant.WaitOptions{Timeout: -1})
		assert.ErrorIs(t, err, codeant.ErrWaitTimeout)
		assert.InDelta(t, 29, time.Since(began).Seconds(), 1)

		ctx, stop := context.WithCancel(t.Context())
		time.AfterFunc(3*time.Second, stop)
		began = time.Now()
		result, err := client.Gates.Wait(ctx, shop, codeant.WaitOptions{})
		assert.Equal(t, 3*time.Second, time.Since(began))
		assert.ErrorIs(t, err, context.Canceled)
		assert.NotErrorIs(t, err, codeant.ErrWaitTimeout)
		assert.EqualError(t, err, `codeant: gates.results: the wait was canceled after 3s and 2 polls; the last status was "PENDING"`)
		assert.Equal(t, "PENDING", result.Status)
	})
}
