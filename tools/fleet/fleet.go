package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/codeanttest"
)

// outcome is the result of one pipeline.
type outcome struct {
	started, ended time.Duration // since the fleet began
	err            error
	afterwards     bool          // it sent a request after the failure of the scenario was over
	recovered      time.Duration // when it got an answer for the first time after that; 0: never
}

// run is one fleet in one scenario under one policy.
type run struct {
	policy    policy
	scenario  scenario
	pipelines int
	requests  []int // by second
	outcomes  []outcome
}

// simulate runs a fleet in virtual time. Every pipeline has its own client, as it has its own process. They share the
// server and the queue of the service in front of it.
func simulate(t *testing.T, p policy, s scenario, pipelines int) *run {
	r := &run{policy: p, scenario: s, pipelines: pipelines}
	synctest.Test(t, func(t *testing.T) {
		random := rand.New(rand.NewPCG(1, uint64(pipelines))) // the same starts and jobs for each policy and scenario
		server, err := codeanttest.Start(codeanttest.InMemory(), codeanttest.DiscardUploads())
		require.NoError(t, err)
		defer server.Close()
		server.SetGates(codeant.Revision{}, map[string]string{"secret": "PASSED"})
		shared := newService(s, pipelines)
		later := int(float64(pipelines) / 10 * (endStarts - startTime).Minutes())
		r.outcomes = make([]outcome, pipelines+later)
		var all sync.WaitGroup
		for i := range r.outcomes {
			start := time.Duration(random.Float64() * float64(startTime))
			if i >= pipelines {
				start = startTime + time.Duration(random.Float64()*float64(endStarts-startTime))
			}
			way := &road{
				service: shared, server: server.HTTPClient().Transport, started: map[string]time.Time{},
				gates: 40*time.Second + time.Duration(random.Float64()*float64(40*time.Second)),
				scan:  60*time.Second + time.Duration(random.Float64()*float64(60*time.Second)),
			}
			all.Go(func() {
				<-time.After(start) // virtual
				r.outcomes[i] = pipeline(p, server, way, i)
			})
		}
		all.Wait()
		r.requests = shared.requests
	})
	return r
}

func pipeline(p policy, server *codeanttest.Server, way *road, number int) outcome {
	o := outcome{started: time.Since(way.service.began)}
	rev := codeant.Revision{Provider: codeant.GitHub, Repo: "acme/shop", Commit: fmt.Sprintf("%040x", number), Branch: "main"}
	o.err = p.run(context.Background(), server, way, rev)
	o.ended, o.afterwards, o.recovered = time.Since(way.service.began), way.afterwards, way.recovered
	return o
}

// reds counts the pipelines that turned red although no gate failed, and those of them that did so while waiting.
func (r *run) reds() (red, waiting int) {
	for _, o := range r.outcomes {
		if o.err != nil {
			red++
		}
		if errors.Is(o.err, errWaiting) {
			waiting++
		}
	}
	return red, waiting
}

// misses says which goals of this client a run misses.
func (r *run) misses(healthy *run) (missed []string) {
	miss := func(format string, values ...any) {
		missed = append(missed, fmt.Sprintf("%s, %d pipelines: ", r.scenario.name, r.pipelines)+fmt.Sprintf(format, values...))
	}
	if _, waiting := r.reds(); waiting > 0 && !r.scenario.fatal {
		miss("%d turned red while waiting", waiting)
	}
	if recovery, _, lost := r.recovery(); recovery > 2*time.Minute || lost > 0 {
		miss("the last one recovered after %s, %d never", recovery.Round(time.Second), lost)
	}
	if peak := r.peak(r.scenario.end()); r.scenario.fatal && peak > 2*healthy.mean() {
		miss("a peak of %.0f requests per second afterwards, where the healthy mean is %.0f", peak, healthy.mean())
	}
	return missed
}

const window = 5 // seconds over which rates are averaged

// rates are requests per second, averaged over the window that ends with each second.
func (r *run) rates() []float64 {
	rates := make([]float64, len(r.requests))
	sum := 0
	for i, n := range r.requests {
		sum += n
		if i >= window {
			sum -= r.requests[i-window]
		}
		rates[i] = float64(sum) / window
	}
	return rates
}

// mean is the mean rate while pipelines start.
func (r *run) mean() float64 {
	sum, seconds := 0, int(endStarts/time.Second)
	for _, n := range r.requests[:min(seconds, len(r.requests))] {
		sum += n
	}
	return float64(sum) / float64(seconds)
}

// peak is the highest rate over a window that lies after the given time.
func (r *run) peak(after time.Duration) float64 {
	rates := r.rates()
	first := int(after/time.Second) + window - 1
	return slices.Max(append([]float64{0}, rates[min(first, len(rates)):]...))
}

// recovery is the time from the end of the failure until each pipeline that was running then, and sent another request,
// had got an answer. Of these pipelines, lost ones never got one.
func (r *run) recovery() (longest time.Duration, recovered, lost int) {
	for _, o := range r.outcomes {
		switch {
		case o.started >= r.scenario.end() || !o.afterwards:
		case o.recovered == 0:
			lost++
		default:
			recovered++
			longest = max(longest, o.recovered-r.scenario.end())
		}
	}
	return longest, recovered, lost
}

// duration is the mean time of the pipelines that did not turn red.
func (r *run) duration() time.Duration {
	var sum time.Duration
	green := 0
	for _, o := range r.outcomes {
		if o.err == nil {
			sum += o.ended - o.started
			green++
		}
	}
	if green == 0 {
		return 0
	}
	return sum / time.Duration(green)
}
