package codeant

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v4"
)

// RetryPolicy says how often and after what pauses a failed attempt is repeated. A zero field means its default; a
// negative one is an error of New.
//
// An attempt is repeated when its failure is transient (no connection, a temporary DNS failure, a reset, a body that
// breaks off, 408, 429, 500, 502, 503, 504), when repeating cannot do the same thing twice (the operation is idempotent,
// or nothing was sent, or the answer was 429), and when the attempts, the context and the budget allow it. The budget
// belongs to the client and holds 100 retries; each success pays back a tenth of one, so that a service that is down is
// not burdened further by many goroutines. An error that the budget kept from being repeated says so.
type RetryPolicy struct {
	// MaxAttempts counts the first attempt too; 1 means no repeats. Default 3.
	MaxAttempts int
	// BaseDelay bounds the first pause, which is random between nothing and it, and doubles. Default 200 ms.
	BaseDelay time.Duration
	// ThrottleDelay is BaseDelay after 429 and 503. Default 1 s.
	ThrottleDelay time.Duration
	// MaxDelay bounds every computed pause. Default 20 s.
	MaxDelay time.Duration
	// MaxRetryAfter is the longest Retry-After that is waited for; beyond it the error is returned at once. Default 60 s.
	MaxRetryAfter time.Duration
}

const minDelay = 10 * time.Millisecond

var errBudget = errors.New("too many calls of this client failed lately, so its retry budget is used up")

func (p RetryPolicy) withDefaults() (RetryPolicy, error) {
	if p.MaxAttempts < 0 || p.BaseDelay < 0 || p.ThrottleDelay < 0 || p.MaxDelay < 0 || p.MaxRetryAfter < 0 {
		return p, invalid("retry policy", "", "has a negative value", "use zero for a default, and MaxAttempts: 1 for no repeats")
	}
	return RetryPolicy{
		MaxAttempts:   cmp.Or(p.MaxAttempts, 3),
		BaseDelay:     cmp.Or(p.BaseDelay, 200*time.Millisecond),
		ThrottleDelay: cmp.Or(p.ThrottleDelay, time.Second),
		MaxDelay:      cmp.Or(p.MaxDelay, 20*time.Second),
		MaxRetryAfter: cmp.Or(p.MaxRetryAfter, 60*time.Second),
	}, nil
}

// budget is what a client may spend on retries, in tenths of a retry.
type budget struct {
	mu   sync.Mutex
	left int
}

const (
	fullBudget = 1000
	retryCost  = 10
	successPay = 1
)

func newBudget() *budget { return &budget{left: fullBudget} }

func (b *budget) spend() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.left < retryCost {
		return false
	}
	b.left -= retryCost
	return true
}

func (b *budget) payBack() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.left = min(fullBudget, b.left+successPay)
}

// failure is an attempt that did not succeed, as the gates see it.
type failure struct {
	err        error
	transient  bool          // gate 1: it may well go away
	unsent     bool          // gate 2: repeating is safe even where the operation is not idempotent
	free       bool          // gate 3: the repeat costs no budget, because the server did not work on the attempt
	throttled  bool          // 429 or 503: give the server more room
	retryAfter time.Duration // what the server asked for
}

type retrier struct {
	policy RetryPolicy
	budget *budget
	jitter float64 // how far a pause may be from half its bound: 1 spreads it from nothing to the bound
}

// run calls try until it succeeds or a gate closes, and returns the last failure. It calls after at the end of each
// attempt, with the pause before the next one, which is 0 if there is none. If the context ends during a pause or a
// later attempt, the error holds the failure before it too.
func (r *retrier) run(
	ctx context.Context, idempotent bool, try func(attempt int) *failure, after func(attempt int, pause time.Duration, f *failure),
) error {
	var (
		delays delays
		before *failure
	)
	for attempt := 1; ; attempt++ {
		f := try(attempt)
		if f == nil {
			r.budget.payBack()
			after(attempt, 0, nil)
			return nil
		}
		if attempt == 1 {
			delays = r.newDelays()
		}
		pause, err := r.next(ctx, attempt, idempotent, f, delays)
		after(attempt, pause, f)
		switch {
		case pause > 0 && !sleep(ctx, pause):
			return notRepeated(f.err, contextError(ctx))
		case pause == 0 && before != nil && ctx.Err() != nil && errors.Is(f.err, ctx.Err()):
			return notRepeated(before.err, f.err)
		case pause == 0:
			return err
		}
		before = f
	}
}

func notRepeated(last, why error) error { return fmt.Errorf("%w (not tried again: %w)", last, why) }

// next returns the pause before the next attempt, or 0 and the error to return if there is none.
func (r *retrier) next(ctx context.Context, attempt int, idempotent bool, f *failure, delays delays) (time.Duration, error) {
	pause := delays.next(f)
	if !f.transient || !idempotent && !f.unsent || attempt >= r.policy.MaxAttempts || f.retryAfter > r.policy.MaxRetryAfter {
		return 0, f.err
	}
	if deadline, ok := ctx.Deadline(); ctx.Err() != nil || ok && time.Until(deadline) <= pause {
		return 0, f.err
	}
	if !f.free && !r.budget.spend() {
		return 0, notRepeated(f.err, errBudget)
	}
	return pause, nil
}

// delays computes full jitter: a random pause up to a bound that doubles with each attempt. backoff.ExponentialBackOff
// spreads its values by ±RandomizationFactor around an interval, which with a factor of 1 and half the bound is just that.
type delays struct{ usual, throttled *backoff.ExponentialBackOff }

func (r *retrier) newDelays() delays {
	jitter := func(bound time.Duration) *backoff.ExponentialBackOff {
		return backoff.NewExponentialBackOff(
			backoff.WithInitialInterval(min(bound, r.policy.MaxDelay)/2),
			backoff.WithRandomizationFactor(r.jitter),
			backoff.WithMultiplier(2),
			backoff.WithMaxInterval(r.policy.MaxDelay/2),
			backoff.WithMaxElapsedTime(0),
		)
	}
	return delays{usual: jitter(r.policy.BaseDelay), throttled: jitter(r.policy.ThrottleDelay)}
}

// next returns the pause after f. Both sequences advance, because each attempt is one more whatever it failed of.
func (d delays) next(f *failure) time.Duration {
	usual, throttled := d.usual.NextBackOff(), d.throttled.NextBackOff()
	pause := usual
	if f.throttled {
		pause = throttled
	}
	return max(pause, f.retryAfter, minDelay)
}

// sleep waits for d and reports whether it could, rather than the context ending first.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// contextError returns why ctx ended: its error, and its cause where the caller gave one.
func contextError(ctx context.Context) error {
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, ctx.Err()) {
		return join(ctx.Err(), cause)
	}
	return ctx.Err()
}
