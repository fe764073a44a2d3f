package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/codeanttest"
)

// outcome is the result of one pipeline.
type outcome struct {
	started, ended time.Duration // since the fleet began
	err            error
	success        []time.Duration
}

// run is one fleet in one scenario under one policy.
type run struct {
	policy    policy
	scenario  scenario
	pipelines int
	requests  []int // by second
	outcomes  []outcome
}

// simulate runs a fleet in virtual time. Every pipeline has its own client, as it has its own process, and its own
// server. The service in front of the servers is shared.
func simulate(t *testing.T, p policy, s scenario, pipelines int) *run {
	r := &run{policy: p, scenario: s, pipelines: pipelines}
	synctest.Test(t, func(t *testing.T) {
		random := rand.New(rand.NewPCG(1, uint64(pipelines))) // the same starts and jobs for each policy and scenario
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
				service: shared, started: map[string]time.Time{},
				gates: 40*time.Second + time.Duration(random.Float64()*float64(40*time.Second)),
				scan:  60*time.Second + time.Duration(random.Float64()*float64(60*time.Second)),
			}
			all.Go(func() {
				<-time.After(start) // virtual
				r.outcomes[i] = pipeline(p, way, i)
			})
		}
		all.Wait()
		r.requests = shared.requests
	})
	return r
}

func pipeline(p policy, way *road, number int) outcome {
	o := outcome{started: time.Since(way.service.began)}
	server, err := codeanttest.Start(codeanttest.InMemory())
	if err != nil {
		o.err = err
		return o
	}
	defer server.Close()
	way.server = server.HTTPClient().Transport
	rev := codeant.Revision{Provider: codeant.GitHub, Repo: "acme/shop", Commit: fmt.Sprintf("%040x", number), Branch: "main"}
	server.SetGates(rev, map[string]string{"secret": "PASSED"})
	o.err = p.run(context.Background(), server, way, rev)
	o.ended, o.success = time.Since(way.service.began), way.success
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

// peak is the highest rate from the given second on.
func (r *run) peak(from, to time.Duration) float64 {
	highest := 0.0
	for i, rate := range r.rates() {
		if at := time.Duration(i) * time.Second; at >= from && at < to {
			highest = max(highest, rate)
		}
	}
	return highest
}

// recovery is the time from the end of the failure until every pipeline that was running then had got an answer.
func (r *run) recovery() (longest time.Duration, pipelines int) {
	end := r.scenario.end()
	for _, o := range r.outcomes {
		if o.started >= end || o.ended <= end {
			continue
		}
		for _, at := range o.success {
			if at >= end {
				pipelines++
				longest = max(longest, at-end)
				break
			}
		}
	}
	return longest, pipelines
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
