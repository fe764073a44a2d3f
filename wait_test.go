package codeant_test

import (
	"context"
	"errors"
	"math"
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

// A pause that overflowed to nothing once ended a wait for pending gates without an error.
func TestNoOptionsEndAWaitWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	for _, opts := range []codeant.WaitOptions{
		{Interval: math.MaxInt64},
		{MaxInterval: math.MaxInt64},
		{Interval: math.MaxInt64, MaxInterval: math.MaxInt64, Timeout: math.MaxInt64, NotFoundGrace: math.MaxInt64},
		{Interval: math.MinInt64, MaxInterval: math.MinInt64, NotFoundGrace: math.MinInt64},
		{Interval: 1, MaxInterval: 1, Timeout: 1},
	} {
		synctest.Test(t, func(t *testing.T) {
			for range 20 {
				client, mock := gatesAnswering(t, status(200, `{"status":"PENDING"}`), status(200, `{"status":"PENDING"}`), status(200, passes))
				var polls []codeant.Poll
				opts.OnPoll = func(p codeant.Poll) { polls = append(polls, p) }
				result, err := client.Gates.Wait(t.Context(), shop, opts)
				for _, poll := range polls[:len(polls)-1] {
					assert.GreaterOrEqual(t, poll.Pause, 90*time.Millisecond, "after poll %d", poll.Number)
				}
				if err == nil {
					assert.Equal(t, codeant.VerdictPassed, result.Verdict())
					assert.Equal(t, 3, mock.GetTotalCallCount())
				} else {
					assert.ErrorIs(t, err, codeant.ErrWaitTimeout)
				}
			}
		})
	}
}

func TestPausesAreNeverShorterThanATenthOfASecond(t *testing.T) {
	t.Parallel()
	for _, interval := range []time.Duration{math.MinInt64, -1, 1, 99 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			client, _ := gatesAnswering(t, status(200, `{"status":"PENDING"}`))
			opts := codeant.WaitOptions{Interval: interval, MaxInterval: interval, Timeout: 3 * time.Second}
			opts.OnPoll = func(p codeant.Poll) {
				if p.Pause != 0 {
					assert.InDelta(t, 100, p.Pause.Milliseconds(), 11)
				}
			}
			_, err := client.Gates.Wait(t.Context(), shop, opts)
			assert.ErrorIs(t, err, codeant.ErrWaitTimeout)
		})
	}
}

func TestAWaitWithoutALimitRespectsRetryAfterForTenMinutes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		busy := withHeader(429, "Retry-After", "99999999999", "")
		client, mock := gatesAnswering(t, busy, status(200, passes))
		began := time.Now()
		_, err := client.Gates.Wait(context.WithoutCancel(t.Context()), shop, codeant.WaitOptions{Timeout: -1})
		require.NoError(t, err)
		assert.Equal(t, 10*time.Minute, time.Since(began))
		assert.Equal(t, 2, mock.GetTotalCallCount())

		client, _ = gatesAnswering(t, withHeader(429, "Retry-After", "1800", ""), status(200, passes))
		began = time.Now()
		_, err = client.Gates.Wait(t.Context(), shop, codeant.WaitOptions{Timeout: time.Hour})
		require.NoError(t, err)
		assert.Equal(t, 30*time.Minute, time.Since(began), "there is time for it")
	})
}

func TestAWaitEndsWithAPollThatLeavesTimeForItsAnswer(t *testing.T) {
	t.Parallel()
	busy := func(seconds string) httpmock.Responder { return withHeader(429, "Retry-After", seconds, "") }
	pending := status(200, `{"status":"PENDING"}`)
	const refused = "429 Too Many Requests (POST /analysis/ci/quality-gates/scan/results, host api.codeant.ai, 1 attempt)"
	const late = "; wait longer, or check again later: CodeAnt continues on its own"
	for _, tt := range []struct {
		name    string
		first   httpmock.Responder
		timeout time.Duration
		polls   []time.Duration
		text    string
		late    bool
	}{
		{
			"time for a short pause", pending, 1100 * time.Millisecond,
			[]time.Duration{0, 100 * time.Millisecond},
			`codeant: gates.results: no result in time after 100ms and 2 polls; the last status was "PENDING"` + late, true,
		},
		{
			"no time for the shortest pause", pending, 1099 * time.Millisecond,
			[]time.Duration{0},
			`codeant: gates.results: no result in time after 0s and 1 poll; the last status was "PENDING"` + late, true,
		},
		{"Retry-After ends with the last pause", busy("9"), 10 * time.Second, []time.Duration{0, 9 * time.Second}, "", false},
		{
			"Retry-After ends with the wait", busy("10"), 10 * time.Second,
			[]time.Duration{0},
			"codeant: gates.results: no result in time after 0s and 1 poll; the last poll failed: " +
				"gates.results: " + refused + "; try again in 10s" + late, true,
		},
		{
			"Retry-After ends after the wait", busy("11"), 10 * time.Second,
			[]time.Duration{0},
			"codeant: gates.results: " + refused + "; try again in 11s", false,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				answers := []httpmock.Responder{tt.first, pending}
				if tt.text == "" {
					answers[1] = status(200, passes)
				}
				mock := httpmock.NewMockTransport()
				mock.RegisterResponder("POST", gatesResultsURL, inOrder(answers...))
				client := funnelClient(t, mock, codeant.WithRetry(codeant.RetryPolicy{MaxAttempts: 1}))
				var polls []time.Duration
				_, err := client.Gates.Wait(t.Context(), shop, codeant.WaitOptions{
					Timeout: tt.timeout, Interval: time.Second, MaxInterval: time.Second,
					OnPoll: func(p codeant.Poll) { polls = append(polls, p.Elapsed) },
				})
				assert.Equal(t, tt.polls, polls)
				if tt.text == "" {
					assert.NoError(t, err)
					return
				}
				assert.EqualError(t, err, tt.text)
				assert.Equal(t, tt.late, errors.Is(err, codeant.ErrWaitTimeout))
			})
		})
	}
}

func TestTheEndOfTheCallersTimeDuringAPollIsTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, _ := gatesAnswering(t, func(req *http.Request) (*http.Response, error) {
			<-req.Context().Done()
			return nil, req.Context().Err()
		})
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		_, err := client.Gates.Wait(ctx, shop, codeant.WaitOptions{})
		assert.EqualError(t, err, "codeant: gates.results: no result in time after 5s and 1 poll; wait longer, or check again later: CodeAnt continues on its own")
		assert.ErrorIs(t, err, codeant.ErrWaitTimeout)
		assert.ErrorIs(t, err, context.DeadlineExceeded)

		_, err = client.Gates.Wait(t.Context(), shop, codeant.WaitOptions{Timeout: 5 * time.Second})
		assert.ErrorIs(t, err, codeant.ErrWaitTimeout)
		assert.NotErrorIs(t, err, context.DeadlineExceeded)
	})
}

func TestWithoutGraceTheFirst404EndsAWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, mock := gatesAnswering(t, status(404, ""))
		_, err := client.Gates.Wait(t.Context(), shop, codeant.WaitOptions{NotFoundGrace: -1})
		assert.ErrorIs(t, err, codeant.ErrNotFound)
		assert.NotErrorIs(t, err, codeant.ErrWaitTimeout)
		assert.Equal(t, 1, mock.GetTotalCallCount())
	})
}

func TestAnErrorOfAWaitRoundsItsTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, _ := gatesAnswering(t, status(200, `{"status":"PENDING"}`))
		ctx, stop := context.WithCancel(t.Context())
		time.AfterFunc(1267*time.Millisecond, stop)
		_, err := client.Gates.Wait(ctx, shop, codeant.WaitOptions{})
		assert.EqualError(t, err, `codeant: gates.results: the wait was canceled after 1.3s and 1 poll; the last status was "PENDING"`)
	})
}

func TestAPauseIsAtMostAYear(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, _ := gatesAnswering(t, status(200, `{"status":"PENDING"}`), status(200, passes))
		began := time.Now()
		_, err := client.Gates.Wait(context.WithoutCancel(t.Context()), shop, codeant.WaitOptions{Timeout: -1, Interval: math.MaxInt64})
		require.NoError(t, err)
		assert.InDelta(t, 365, time.Since(began).Hours()/24, 37)
	})
}

func TestFiveFailedPollsInARowEndAWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		down, pending := status(503, ""), status(200, `{"status":"PENDING"}`)
		answers := func(failed int) []httpmock.Responder {
			all := []httpmock.Responder{pending}
			for range 3 * failed {
				all = append(all, down)
			}
			return append(all, pending, status(200, passes))
		}
		client, _ := gatesAnswering(t, append(answers(4), answers(4)...)...)
		_, err := client.Gates.Wait(t.Context(), shop, codeant.WaitOptions{})
		require.NoError(t, err, "four failed polls, an answer, four failed polls")

		var polls []codeant.Poll
		client, mock := gatesAnswering(t, answers(5)...)
		result, err := client.Gates.Wait(t.Context(), shop, codeant.WaitOptions{OnPoll: func(p codeant.Poll) { polls = append(polls, p) }})
		require.ErrorIs(t, err, codeant.ErrUnavailable)
		assert.NotErrorIs(t, err, codeant.ErrWaitTimeout)
		assert.Equal(t, 1+5*3, mock.GetTotalCallCount())
		assert.Equal(t, "PENDING", result.Status, "the last answer comes with the error")
		require.Len(t, polls, 6)
		assert.Equal(t, codeant.Poll{Op: "gates.results", Number: 6, Elapsed: polls[5].Elapsed, Err: err}, polls[5])
	})
}

func TestWaitingWithoutAContextIsAnError(t *testing.T) {
	t.Parallel()
	client, mock := gatesAnswering(t, status(200, passes))
	branch := shop
	branch.Branch = "main"
	prompt := codeant.AgentScanRequest{Revision: branch, Prompt: "threat_hunting"}
	var none context.Context
	for name, call := range map[string]func() error{
		"gates wait": func() error { _, err := client.Gates.Wait(none, shop, codeant.WaitOptions{}); return err },
		"gates run":  func() error { _, err := client.Gates.Run(none, shop, codeant.WaitOptions{}); return err },
		"scans wait": func() error { _, err := client.Scans.Wait(none, shop, codeant.WaitOptions{}); return err },
		"scans run": func() error {
			_, err := client.Scans.Run(none, codeant.ScanRequest{Revision: shop}, codeant.WaitOptions{})
			return err
		},
		"agents wait": func() error { _, err := client.Agents.Wait(none, shop.Repo, "a1", codeant.WaitOptions{}); return err },
		"agents run":  func() error { _, err := client.Agents.Run(none, prompt, codeant.WaitOptions{}); return err },
		"rotate": func() error {
			deploy := func(context.Context, *codeant.CreatedToken) error { return nil }
			_, err := client.Tokens.Rotate(none, codeant.RotateTokenRequest{ID: "t1", Name: "ci", Deploy: deploy})
			return err
		},
	} {
		err := call()
		require.ErrorIs(t, err, codeant.ErrInvalidRequest, name)
		assert.EqualError(t, err, "codeant: context is nil; use the caller's context, or context.Background()", name)
	}
	assert.Zero(t, mock.GetTotalCallCount())
}

func TestServicesThatNewDidNotMakeAnswerWithAnError(t *testing.T) {
	t.Parallel()
	branch := shop
	branch.Branch = "main"
	prompt := codeant.AgentScanRequest{Revision: branch, Prompt: "threat_hunting"}
	deploy := func(context.Context, *codeant.CreatedToken) error { return nil }
	for _, client := range []*codeant.Client{{}, {
		Tokens: &codeant.TokensService{}, Scans: &codeant.ScansService{}, Gates: &codeant.GatesService{}, Agents: &codeant.AgentsService{},
	}} {
		for name, call := range map[string]func() error{
			"gates start": func() error { _, err := client.Gates.Start(t.Context(), shop); return err },
			"gates wait":  func() error { _, err := client.Gates.Wait(t.Context(), shop, codeant.WaitOptions{}); return err },
			"scans wait": func() error {
				_, err := client.Scans.Wait(t.Context(), shop, codeant.WaitOptions{}, codeant.SAST)
				return err
			},
			"agents run":  func() error { _, err := client.Agents.Run(t.Context(), prompt, codeant.WaitOptions{}); return err },
			"tokens list": func() error { _, err := client.Tokens.List(t.Context()); return err },
			"rotate": func() error {
				_, err := client.Tokens.Rotate(t.Context(), codeant.RotateTokenRequest{ID: "t1", Name: "ci", Deploy: deploy})
				return err
			},
		} {
			assert.EqualError(t, call(), "codeant: client was not created by New; use codeant.New", name)
		}
	}
}

func TestAnOutageOf45SecondsEndsNoWait(t *testing.T) {
	t.Parallel()
	for second := range 20 { // the outage begins this long after the wait
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			mock := httpmock.NewMockTransport()
			mock.RegisterNoResponder(func(*http.Request) (*http.Response, error) {
				switch since := time.Since(began) - time.Duration(second)*time.Second; {
				case since < 0:
					return httpmock.NewStringResponse(200, `{"status":"PENDING"}`), nil
				case since < 45*time.Second:
					return httpmock.NewStringResponse(503, ""), nil
				}
				return httpmock.NewStringResponse(200, passes), nil
			})
			_, err := funnelClient(t, mock).Gates.Wait(t.Context(), shop, codeant.WaitOptions{})
			require.NoError(t, err)
		})
	}
}
