package codeant

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/codeant-sdk/codeant/internal/redact"
)

const (
	minInterval    = 100 * time.Millisecond
	maxFailedPolls = 5           // in a row, each with its retries: about a minute without an answer
	lastPollLead   = time.Second // the last poll happens this long before the time is up, to have time for its answer
)

// WaitOptions tell how to wait for a result. The first poll happens at once; the pauses after it double from Interval to
// MaxInterval and are spread by ±10 %. A Retry-After of the server is respected where it is longer. The last pause is cut
// so that one more poll happens just before the time is up.
type WaitOptions struct {
	// Timeout bounds the whole wait. Default 5 minutes; negative: the context alone bounds it.
	Timeout time.Duration
	// Interval is the first pause, 100 ms at least. Default 2 s.
	Interval time.Duration
	// MaxInterval is the longest pause. Default 12 s.
	MaxInterval time.Duration
	// NotFoundGrace is how long 404 counts as "not ready yet", from the last other answer; then it is ErrNotFound.
	// Default 2 minutes.
	NotFoundGrace time.Duration
	// OnPoll is told of every poll, one at a time. Optional.
	OnPoll func(Poll)
}

// Poll is one look at the state of what is waited for.
type Poll struct {
	Op      string        // the operation that polls, such as "scans.results.sast"
	Number  int           // 1 is the first
	Elapsed time.Duration // since the wait began
	Pause   time.Duration // the pause that follows, 0 after the last poll
	Status  string        // as the server said it; empty where it did not
	Err     error         // why there was no answer, or nil
}

func (o WaitOptions) withDefaults() WaitOptions {
	o.Timeout = cmp.Or(o.Timeout, 5*time.Minute)
	o.Interval = max(cmp.Or(o.Interval, 2*time.Second), minInterval)
	o.MaxInterval = cmp.Or(o.MaxInterval, 12*time.Second)
	o.NotFoundGrace = cmp.Or(o.NotFoundGrace, 2*time.Minute)
	o.MaxInterval = max(o.MaxInterval, o.Interval)
	return o
}

// pollState is what one poll saw. done ends the wait with err; without it, err is why there was no answer.
type pollState struct {
	status string
	done   bool
	err    error
}

// poll asks until the state is done, the time is up or an error ends the wait.
func poll(caller context.Context, what string, opts WaitOptions, ask func(context.Context) pollState) error {
	opts = opts.withDefaults()
	ctx, cancel := caller, context.CancelFunc(func() {})
	if opts.Timeout > 0 {
		ctx, cancel = context.WithTimeout(caller, opts.Timeout)
	}
	defer cancel()
	w := waiting{opts: opts, what: what, caller: caller, ctx: ctx, began: time.Now(), pause: opts.Interval}
	w.lastFound = w.began
	for {
		if caller.Err() != nil {
			return w.giveUp()
		}
		w.polls++
		seen := ask(ctx)
		next, err := w.judge(seen)
		if opts.OnPoll != nil {
			opts.OnPoll(Poll{Op: w.what, Number: w.polls, Elapsed: time.Since(w.began), Pause: next, Status: seen.status, Err: seen.err})
		}
		if next == 0 {
			return err
		}
		if !sleep(ctx, next) {
			return w.giveUp()
		}
	}
}

// waiting is the state of one wait.
type waiting struct {
	opts      WaitOptions
	what      string
	caller    context.Context
	ctx       context.Context // with the time limit of the wait
	began     time.Time
	lastFound time.Time // the last answer that was not 404
	pause     time.Duration
	polls     int
	failed    int // polls without an answer, in a row
	status    string
	lastErr   error
}

// judge takes in what a poll saw and returns the pause before the next one, or 0 and how the wait ended.
func (w *waiting) judge(seen pollState) (time.Duration, error) {
	if seen.done {
		return 0, seen.err
	}
	if w.ctx.Err() != nil {
		// The time ran out while the poll was under way: what it said last is about the context, not about CodeAnt.
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
	return w.next(api)
}

// next returns the pause, or 0 where the time does not allow another poll.
func (w *waiting) next(api *APIError) (time.Duration, error) {
	pause := time.Duration(float64(w.pause) * (0.9 + 0.2*rand.Float64()))
	w.pause = min(2*w.pause, w.opts.MaxInterval)
	var asked time.Duration
	if api != nil {
		asked = api.RetryAfter
	}
	pause = max(pause, asked)
	deadline, ok := w.ctx.Deadline()
	if !ok {
		return pause, nil
	}
	left := time.Until(deadline)
	if asked > left {
		return 0, w.lastErr
	}
	lead := min(lastPollLead, w.opts.Interval)
	switch {
	case pause <= left-lead:
		return pause, nil
	case left-lead >= minInterval && asked <= left-lead:
		return left - lead, nil
	}
	// Too little time is left for another poll; what is known now will not get better.
	return 0, w.timeout()
}

// giveUp is the end of a wait whose context ended.
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

// waitError is a wait that ended without a result.
type waitError struct {
	waiting  waiting
	elapsed  time.Duration
	kinds    []error
	canceled bool
}

func (e *waitError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "codeant: %s: ", e.waiting.what)
	if e.canceled {
		b.WriteString("the wait was canceled")
	} else {
		b.WriteString("no result in time")
	}
	fmt.Fprintf(&b, " after %s and %d polls", e.elapsed.Round(100*time.Millisecond), e.waiting.polls)
	if e.waiting.polls == 1 {
		s := strings.TrimSuffix(b.String(), "s")
		b.Reset()
		b.WriteString(s)
	}
	if e.waiting.status != "" {
		fmt.Fprintf(&b, "; the last status was %q", redact.Text(e.waiting.status, maxPrintedValue))
	}
	if e.waiting.lastErr != nil {
		fmt.Fprintf(&b, "; the last poll failed: %s", strings.TrimPrefix(e.waiting.lastErr.Error(), "codeant: "))
	}
	if !e.canceled {
		b.WriteString("; wait longer, or look again later: CodeAnt goes on by itself")
	}
	return b.String()
}

func (e *waitError) Unwrap() []error {
	if e.waiting.lastErr == nil {
		return e.kinds
	}
	return append(e.kinds[:len(e.kinds):len(e.kinds)], e.waiting.lastErr)
}
