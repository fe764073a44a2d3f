package peers

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/codeanttest"
)

// everyProtocol runs a test with HTTP/1.1 and with HTTP/2.
func everyProtocol(t *testing.T, test func(t *testing.T, http2 bool)) {
	t.Parallel()
	for _, http2 := range []bool{false, true} {
		t.Run(map[bool]string{false: "HTTP/1.1", true: "HTTP/2"}[http2], func(t *testing.T) {
			t.Parallel()
			test(t, http2)
		})
	}
}

// crowd makes n calls in so many goroutines and returns their errors by number.
func crowd(goroutines, n int, do func(i int) error) []error {
	errs := make([]error, n)
	var (
		next  atomic.Int64
		group sync.WaitGroup
	)
	for range goroutines {
		group.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				errs[i] = do(i)
			}
		})
	}
	group.Wait()
	return errs
}

// assertHonest compares what the callers of starts were told with what the API saw. Each call speaks of a commit of its own.
func assertHonest(t *testing.T, api *codeanttest.Server, errs []error) {
	t.Helper()
	bodies := map[string]int{}
	for _, r := range api.Requests() {
		if r.Op == "gates.start" {
			bodies[string(r.Body)]++
		}
	}
	var succeeded, unknown, failed int
	for i, err := range errs {
		times := 0
		for body, n := range bodies {
			if strings.Contains(body, numbered(i).Commit) {
				times += n
			}
		}
		assert.LessOrEqual(t, times, 1, "call %d reached the API more than once; its error: %v", i, err)
		switch {
		case err == nil:
			succeeded++
			assert.Equal(t, 1, times, "call %d succeeded", i)
		case errors.Is(err, codeant.ErrUnknownOutcome):
			unknown++
		default:
			failed++
			assert.ErrorIs(t, err, codeant.ErrUnavailable)
			assert.Zero(t, times, "call %d says that it was not carried out: %v", i, err)
		}
	}
	t.Logf("of %d starts %d succeeded, %d do not know, %d were not carried out", len(errs), succeeded, unknown, failed)
}

func assertAllSucceed(t *testing.T, errs []error) {
	t.Helper()
	failed := 0
	var first error
	for _, err := range errs {
		if err != nil {
			failed++
			first = err
		}
	}
	assert.Zero(t, failed, "of %d calls; one of them: %v", len(errs), first)
}

// After every fifth request nginx closes the connection or, on HTTP/2, says that it will. No call may be lost by that,
// and none sent twice.
func TestNginxClosesConnectionsAfterFiveRequests(t *testing.T) {
	everyProtocol(t, func(t *testing.T, http2 bool) {
		api := codeanttest.NewServer(t)
		front := startNginx(t, http2, hostOf(t, api.URL()), nginx{http: "keepalive_requests 5;"})
		client := newClient(t, api, front.url)
		ctx := within(t, 60*time.Second)
		errs := crowd(16, 320, func(i int) error {
			_, err := client.Gates.Start(ctx, numbered(i))
			return err
		})
		assertAllSucceed(t, errs)
		assertHonest(t, api, errs)
		errs = crowd(16, 320, func(int) error {
			_, err := client.Tokens.List(ctx)
			return err
		})
		assertAllSucceed(t, errs)
		assert.Equal(t, 320, seen(api, "tokens.list"))
	})
}

// More requests at once than nginx lets into one connection: it refuses the others, without having carried them out. On a
// busy machine one of them may be refused three times, or lose its connection, which its error says.
func TestNginxRefusesStreamsBeyondItsLimit(t *testing.T) {
	t.Parallel()
	api := codeanttest.NewServer(t)
	front := startNginx(t, true, hostOf(t, api.URL()), nginx{http: "http2_max_concurrent_streams 4;"})
	client := newClient(t, api, front.url)
	ctx := within(t, 60*time.Second)
	errs := crowd(64, 192, func(i int) error {
		_, err := client.Gates.Start(ctx, numbered(i))
		return err
	})
	failed := len(slices.DeleteFunc(slices.Clone(errs), func(err error) bool { return err == nil }))
	assert.LessOrEqual(t, failed, len(errs)/20, "of %d calls", len(errs))
	assertHonest(t, api, errs)
}

func TestNginxLimitsRequests(t *testing.T) {
	everyProtocol(t, func(t *testing.T, http2 bool) {
		api := codeanttest.NewServer(t)
		front := startNginx(t, http2, hostOf(t, api.URL()), nginx{
			http:   "limit_req_zone $server_name zone=few:1m rate=20r/s;\n\tlimit_req_status 429;",
			server: "limit_req zone=few;",
		})
		client := newClient(t, api, front.url, codeant.WithRetry(codeant.RetryPolicy{ThrottleDelay: 400 * time.Millisecond, MaxAttempts: 5}))
		ctx := within(t, 60*time.Second)
		errs := crowd(2, 12, func(i int) error { // a request that nginx turned away was not carried out, so a start goes again
			_, err := client.Gates.Start(ctx, numbered(i))
			return err
		})
		assertAllSucceed(t, errs)
		assertHonest(t, api, errs)
		turnedAway := 0
		for _, line := range front.requests(t, "") {
			if strings.Contains(line, " 429 ") {
				turnedAway++
			}
		}
		assert.Positive(t, turnedAway, "the limit must have been met")
	})
}

func TestNginxCompressesAnswers(t *testing.T) {
	everyProtocol(t, func(t *testing.T, http2 bool) {
		api := codeanttest.NewServer(t)
		front := startNginx(t, http2, hostOf(t, api.URL()), nginx{
			http: "gzip on; gzip_types application/json; gzip_min_length 1; gzip_proxied any;",
		})
		got, err := newClient(t, api, front.url).Tokens.List(t.Context())
		require.NoError(t, err)
		direct, err := newClient(t, api, api.URL()).Tokens.List(t.Context())
		require.NoError(t, err)
		assert.Equal(t, direct, got)
		assert.Contains(t, front.atLeast(t, 1, "")[0], `"gzip"`)
	})
}

// disturbed makes calls in 64 goroutines while the front is reloaded or restarted. It returns the errors of starts and
// of reads.
func disturbed(t *testing.T, api *codeanttest.Server, f *front, disturb func()) (starts, reads []error) {
	t.Helper()
	client := newClient(t, api, f.url, codeant.WithRetry(codeant.RetryPolicy{BaseDelay: 2 * time.Second, MaxAttempts: 5}))
	ctx := within(t, 60*time.Second)
	var (
		calm  = make(chan struct{})
		count atomic.Int64
		group sync.WaitGroup
	)
	const n, disturbances = 1500, 2
	group.Go(func() {
		defer close(calm)
		for i := range disturbances {
			for count.Load() < int64((i+1)*n/(disturbances+1)) && ctx.Err() == nil {
				pause(ctx, time.Millisecond)
			}
			disturb()
		}
	})
	group.Go(func() {
		starts = crowd(32, n/2, func(i int) error {
			defer count.Add(1)
			_, err := client.Gates.Start(ctx, numbered(i))
			return err
		})
	})
	group.Go(func() {
		reads = crowd(32, n/2, func(int) error {
			defer count.Add(1)
			_, err := client.Tokens.List(ctx)
			return err
		})
	})
	group.Wait()
	<-calm
	return starts, reads
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

func testReload(t *testing.T, start func(t *testing.T, http2 bool, upstream string) *front) {
	everyProtocol(t, func(t *testing.T, http2 bool) {
		api := codeanttest.NewServer(t)
		f := start(t, http2, hostOf(t, api.URL()))
		starts, reads := disturbed(t, api, f, func() { assert.NoError(t, f.process.signal(f.reload)) })
		assertAllSucceed(t, reads)
		assertHonest(t, api, starts)
		failed := 0
		for _, err := range starts {
			if err != nil {
				failed++
			}
		}
		if http2 { // GOAWAY says which requests were not processed
			assert.Zero(t, failed, "starts that failed")
		}
	})
}

// A restart that is over soon loses no read. Whatever it takes, starts are told the truth, and all goes on afterwards.
func testRestart(t *testing.T, start func(t *testing.T, http2 bool, upstream string) *front) {
	everyProtocol(t, func(t *testing.T, http2 bool) {
		api := codeanttest.NewServer(t)
		f := start(t, http2, hostOf(t, api.URL()))
		var longest time.Duration
		starts, reads := disturbed(t, api, f, func() {
			began := time.Now()
			f.process.end(syscall.SIGKILL)
			f.process = f.launch()
			longest = max(longest, time.Since(began))
		})
		assertHonest(t, api, starts)
		failed := 0
		for _, err := range reads {
			if err == nil {
				continue
			}
			failed++
			var apiErr *codeant.APIError
			if assert.ErrorAs(t, err, &apiErr) {
				assert.ErrorIs(t, err, codeant.ErrUnavailable)
				assert.True(t, apiErr.Retryable(), "%v", err)
			}
		}
		t.Logf("the longest restart took %v; of %d reads %d failed", longest, len(reads), failed)
		if longest < 500*time.Millisecond {
			assert.Zero(t, failed, "reads that failed")
		}
		_, err := newClient(t, api, f.url).Tokens.List(t.Context())
		assert.NoError(t, err)
	})
}

func TestNginxReloads(t *testing.T) {
	testReload(t, func(t *testing.T, http2 bool, upstream string) *front { return startNginx(t, http2, upstream, nginx{}) })
}

func TestNginxRestarts(t *testing.T) {
	testRestart(t, func(t *testing.T, http2 bool, upstream string) *front { return startNginx(t, http2, upstream, nginx{}) })
}

func TestHAProxyReloads(t *testing.T) {
	testReload(t, func(t *testing.T, http2 bool, upstream string) *front {
		return startHAProxy(t, http2, upstream, haproxy{})
	})
}

func TestHAProxyRestarts(t *testing.T) {
	testRestart(t, func(t *testing.T, http2 bool, upstream string) *front {
		return startHAProxy(t, http2, upstream, haproxy{})
	})
}

// nginx closes connections that were idle for a second, at the very moment at which the client uses them again.
func TestNginxClosesIdleConnections(t *testing.T) {
	everyProtocol(t, func(t *testing.T, http2 bool) {
		api := codeanttest.NewServer(t)
		front := startNginx(t, http2, hostOf(t, api.URL()), nginx{http: "keepalive_timeout 1s;"})
		client := newClient(t, api, front.url)
		ctx := within(t, time.Minute)
		const callers, times = 32, 5
		errs := crowd(callers, callers, func(i int) error {
			var failed error
			for n := range times {
				_, err := client.Gates.Start(ctx, numbered(i*times+n))
				failed = errors.Join(failed, err)
				pause(ctx, 940*time.Millisecond+time.Duration(i)*4*time.Millisecond)
			}
			return failed
		})
		failed := 0
		for _, err := range errs {
			if err != nil {
				failed++
				assert.ErrorIs(t, err, codeant.ErrUnknownOutcome, "the only honest failure, where the request crossed the close")
			}
		}
		seenBodies := map[string]int{}
		for _, r := range api.Requests() {
			seenBodies[string(r.Body)]++
		}
		for body, n := range seenBodies {
			assert.Equal(t, 1, n, "%s", body)
		}
		t.Logf("%d of %d callers met a close", failed, callers)
	})
}
