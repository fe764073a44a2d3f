package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	perPipeline = 0.35            // requests per second that the service can process for each pipeline of a fleet
	queueTime   = 5 * time.Second // a request that would have to wait longer is refused with 503
	latency     = 100 * time.Millisecond
)

// service is shared by all pipelines of a fleet: one queue with a limited capacity in front of the server.
type service struct {
	scenario scenario
	interval time.Duration // that one request takes up
	began    time.Time

	mu       sync.Mutex
	free     time.Time // when the queue will be empty
	requests []int     // that arrived in each second since the service began
}

func newService(s scenario, pipelines int) *service {
	return &service{
		scenario: s, began: time.Now(), free: time.Now(),
		interval: time.Duration(float64(time.Second) / (perPipeline * float64(pipelines))),
	}
}

// admit lets a request through after its time in the queue, or returns how it fails.
func (s *service) admit(ctx context.Context) (status int, err error) {
	since := time.Since(s.began)
	during := s.scenario.at(since)
	wait, full := s.enqueue(since, during)
	switch {
	case during && s.scenario.refuse:
		return 0, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	case during && s.scenario.capacity == 0, full:
		return http.StatusServiceUnavailable, pause(ctx, latency)
	}
	wait += latency
	if during {
		wait += s.scenario.slow
	}
	if s.scenario.refuse && since < begin && since+wait > begin {
		if err := pause(ctx, begin-since); err != nil {
			return 0, err
		}
		return 0, &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}
	}
	return 0, pause(ctx, wait)
}

func (s *service) enqueue(since time.Duration, during bool) (wait time.Duration, full bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	second := int(since / time.Second)
	for len(s.requests) <= second {
		s.requests = append(s.requests, 0)
	}
	s.requests[second]++
	interval := s.interval
	if during {
		if s.scenario.capacity == 0 {
			return 0, false
		}
		interval = time.Duration(float64(interval) / s.scenario.capacity)
	}
	now := s.began.Add(since)
	if s.free.Before(now) {
		s.free = now
	}
	if wait = s.free.Sub(now); wait > queueTime {
		return 0, true
	}
	s.free = s.free.Add(interval)
	return wait, false
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// road is the way of one pipeline to the server: through the queue of the service, which also holds back results of
// unfinished jobs.
type road struct {
	service *service
	server  http.RoundTripper
	gates   time.Duration // from the start of a job to its result
	scan    time.Duration

	mu         sync.Mutex
	started    map[string]time.Time
	afterwards bool          // as in outcome
	recovered  time.Duration // as in outcome
}

func (r *road) RoundTrip(req *http.Request) (*http.Response, error) {
	r.asks()
	status, err := r.service.admit(req.Context())
	if err != nil || status != 0 {
		if req.Body != nil {
			req.Body.Close()
		}
		if err != nil {
			return nil, err
		}
		return response(req, status, `{"message":"no server is free"}`), nil
	}
	if r.pending(req.URL.Path) {
		req.Body.Close()
		r.succeeded()
		return response(req, http.StatusOK, `{"status":"pending"}`), nil
	}
	resp, err := r.server.RoundTrip(req)
	if err == nil && resp.StatusCode < 300 {
		r.succeeded()
	}
	return resp, err
}

func (r *road) asks() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.afterwards = r.afterwards || time.Since(r.service.began) >= r.service.scenario.end()
}

func (r *road) succeeded() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if since := time.Since(r.service.began); r.recovered == 0 && since >= r.service.scenario.end() {
		r.recovered = since
	}
}

// pending records the start of a job, and reports whether a requested job is not done yet.
func (r *road) pending(path string) bool {
	job, takes := "scan", r.scan
	if strings.Contains(path, "quality-gates") {
		job, takes = "gates", r.gates
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case strings.HasSuffix(path, "/start"):
		r.started[job] = time.Now()
	case strings.Contains(path, "/results"):
		return time.Since(r.started[job]) < takes
	}
	return false
}

func response(req *http.Request, status int, body string) *http.Response {
	return &http.Response{
		StatusCode: status, ProtoMajor: 1, ProtoMinor: 1, Request: req, ContentLength: int64(len(body)),
		Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(bytes.NewReader([]byte(body))),
	}
}
