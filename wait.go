package codeant

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v4"

	"github.com/codeant-sdk/codeant/internal/redact"
)

const (
	minInterval    = 100 * time.Millisecond
	maxInterval    = 365 * 24 * time.Hour // longer ones would overflow when they are randomized
	maxFailedPolls = 5                    // in a row, each with its retries: most of a minute without an answer
	lastPollLead   = time.Second          // how long before the end of the wait the last poll happens, to leave time for its answer
	maxRetryAfter  = 10 * time.Minute     // the longest Retry-After that a wait without a time limit respects
)

// WaitOptions configure how to wait for a result. The zero value uses the defaults. The first poll happens at once. The
// pauses between polls double from Interval to MaxInterval and vary by ±10%. A longer Retry-After from the server is
// respected, up to 10 minutes if the wait has no time limit. The last pause is shortened so that a last poll happens just
// before the time limit.
//
// After a failed poll, the next pause is close to MaxInterval. Five failed polls in a row, each with its own retries, end
// the wait with the error of the last one. By default that takes most of a minute, so a wait survives an outage of 45 s.
type WaitOptions struct {
	// Timeout limits the whole wait. Default 5 minutes; if it is negative, only the context limits the wait.
	Timeout time.Duration
	// Interval is the first pause. Default 2 s, at least 100 ms.
	Interval time.Duration
	// MaxInterval is the longest pause. Default 12 s, at least Interval.
	MaxInterval time.Duration
	// NotFoundGrace is how long a 404 means "not ready yet", counted from the last answer that was not a 404. After that, a
	// 404 ends the wait with ErrNotFound. Default 2 minutes; if it is negative, the first 404 ends the wait.
	NotFoundGrace time.Duration
	// OnPoll is called after every poll, never concurrently. Optional.
	OnPoll func(Poll)
}

// Poll describes one poll of a wait.
type Poll struct {
	Op      string        // the operation, such as "scans.results.sast"
	Number  int           // 1 for the first poll
	Elapsed time.Duration // since the start of the wait
	Pause   time.Duration // before the next poll; 0 if this one was the last
	Status  string        // the status in the answer; empty if there was none
	Err     error         // why the poll failed, or nil
}

func (o WaitOptions) withDefaults() WaitOptions {
	interval := func(d, usual time.Duration) time.Duration {
		return min(max(cmp.Or(d, usual), minInterval), maxInterval)
	}
	o.Timeout = cmp.Or(o.Timeout, 5*time.Minute)
	o.Interval = interval(o.Interval, 2*time.Second)
	o.MaxInterval = max(interval(o.MaxInterval, 12*time.Second), o.Interval)
	o.NotFoundGrace = max(cmp.Or(o.NotFoundGrace, 2*time.Minute), 0)
	return o
}

// pollState is the result of one poll. If done is true, the wait ends with err; otherwise err is why the poll failed.
type pollState struct {
	status string
	done   bool
	err    error
}

// poll calls ask until the state is done, the time is up or an error ends the wait. It returns nil only if the state is done
// and has no error.
func poll(caller context.Context, op operation, opts WaitOptions, ask func(context.Context) pollState) error {
	opts = opts.withDefaults()
	ctx, cancel := caller, context.CancelFunc(func() {})
	if opts.Timeout > 0 {
		ctx, cancel = context.WithTimeout(caller, opts.Timeout)
	}
	defer cancel()
	w := waiting{
		opts: opts, what: op.name, caller: caller, ctx: ctx, began: time.Now(), lastFound: time.Now(),
		pauses: backoff.NewExponentialBackOff(
			backoff.WithInitialInterval(opts.Interval),
			backoff.WithRandomizationFactor(0.1),
			backoff.WithMultiplier(2),
			backoff.WithMaxInterval(opts.MaxInterval),
			backoff.WithMaxElapsedTime(0),
		),
	}
	for caller.Err() == nil {
		w.polls++
		seen := ask(ctx)
		if seen.done {
			w.report(seen, 0)
			return seen.err
		}
		pause, err := w.judge(seen)
		w.report(seen, pause)
		if err != nil {
			return err
		}
		if !sleep(ctx, pause) {
			break
		}
	}
	return w.giveUp()
}

// waiting is the state of one wait.
type waiting struct {
	opts      WaitOptions
	what      string
	caller    context.Context
	ctx       context.Context // with the time limit of the wait
	began     time.Time
	lastFound time.Time // the last answer that was not 404
	pauses    backoff.BackOff
	polls     int
	failed    int // polls without an answer, in a row
	status    string
	lastErr   error
}

func (w *waiting) report(seen pollState, pause time.Duration) {
	if w.opts.OnPoll != nil {
		w.opts.OnPoll(Poll{Op: w.what, Number: w.polls, Elapsed: time.Since(w.began), Pause: pause, Status: seen.status, Err: seen.err})
	}
}

// judge records the result of a poll that did not end the wait. It returns the pause before the next poll, or the error that
// ends the wait.
func (w *waiting) judge(seen pollState) (time.Duration, error) {
	if w.ctx.Err() != nil {
		// The time ran out during the poll, so its error is about the context and not about CodeAnt.
		return 0, w.giveUp()
	}
	if seen.status != "" {
		w.status = seen.status
	}
	w.lastErr = seen.err
	var api *APIError
	errors.As(seen.err, &api)
	switch {
	case seen.err == nil:
		w.failed, w.lastFound = 0, time.Now()
	case errors.Is(seen.err, ErrNotFound) && errors.Is(seen.err, ErrNotReady):
		w.failed = 0
		if time.Since(w.lastFound) >= w.opts.NotFoundGrace {
			return 0, fmt.Errorf("%w (still not found after %s)", seen.err, w.opts.NotFoundGrace)
		}
	case errors.Is(seen.err, ErrNotReady):
		w.failed, w.lastFound = 0, time.Now()
	case api.Retryable() && w.failed+1 < maxFailedPolls:
		w.failed++
	default:
		return 0, seen.err
	}
	var asked time.Duration
	if api != nil {
		asked = api.RetryAfter
	}
	usual := w.pauses.NextBackOff()
	if w.failed > 0 {
		usual = max(usual, w.opts.MaxInterval*9/10) // so that the polls that may fail outlast an outage of 45 seconds
	}
	return w.next(usual, asked)
}

// next returns the longer of the usual pause and the one that the server asked for, or why there is no time for it.
func (w *waiting) next(usual, asked time.Duration) (time.Duration, error) {
	deadline, ok := w.ctx.Deadline()
	if !ok {
		return max(usual, min(asked, maxRetryAfter)), nil
	}
	pause, left := max(usual, asked), time.Until(deadline)
	last := left - min(lastPollLead, w.opts.Interval)
	switch {
	case asked > left:
		return 0, w.lastErr
	case last >= minInterval && asked <= last:
		return min(pause, last), nil
	}
	// Too little time is left for another poll.
	return 0, w.timeout()
}

// giveUp returns the error of a wait whose context ended.
func (w *waiting) giveUp() error {
	if errors.Is(w.caller.Err(), context.Canceled) {
		return &waitError{waiting: *w, elapsed: time.Since(w.began), kinds: []error{contextError(w.caller)}, canceled: true}
	}
	return w.timeout()
}

func (w *waiting) timeout() error {
	e := &waitError{waiting: *w, elapsed: time.Since(w.began), kinds: []error{ErrWaitTimeout}}
	if w.caller.Err() != nil {
		e.kinds = append(e.kinds, contextError(w.caller))
	}
	return e
}

// waitError is the error of a wait that ended without a result.
type waitError struct {
	waiting  waiting
	elapsed  time.Duration
	kinds    []error
	canceled bool
}

func (e *waitError) Error() string {
	ended, polls := "no result in time", "polls"
	if e.canceled {
		ended = "the wait was canceled"
	}
	if e.waiting.polls == 1 {
		polls = "poll"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "codeant: %s: %s after %s and %d %s", e.waiting.what, ended, e.elapsed.Round(100*time.Millisecond), e.waiting.polls, polls)
	if e.waiting.status != "" {
		fmt.Fprintf(&b, "; the last status was %q", redact.Text(e.waiting.status, maxPrintedValue))
	}
	if e.waiting.lastErr != nil {
		fmt.Fprintf(&b, "; the last poll failed: %s", strings.TrimPrefix(e.waiting.lastErr.Error(), "codeant: "))
	}
	if !e.canceled {
		b.WriteString("; wait longer, or check again later: CodeAnt continues on its own")
	}
	return b.String()
}

func (e *waitError) Unwrap() []error {
	if e.waiting.lastErr == nil {
		return e.kinds
	}
	return append(e.kinds[:len(e.kinds):len(e.kinds)], e.waiting.lastErr)
}
