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

// RetryPolicy configures how often and after what pauses a failed attempt is retried. A zero field means its default; a
// negative one makes New return an error.
//
// An attempt is retried if all of these hold:
//
//   - the failure is transient: no connection, a temporary DNS failure, a reset, a body that breaks off, or 408, 429, 500,
//     502, 503 or 504;
//   - a retry cannot take effect twice: the operation is idempotent, nothing was sent, or the answer was 429;
//   - attempts, time and retry budget are left.
//
// Each client has a budget of 100 retries, and each success restores a tenth of a retry. It keeps many goroutines from
// adding load to a service that is down. If the budget prevents a retry, the error says so.
type RetryPolicy struct {
	// MaxAttempts is the number of attempts, including the first; 1 means no retries. Default 3.
	MaxAttempts int
	// BaseDelay is the upper bound of the first pause and doubles with each attempt. A pause is random between 0 and its
	// bound. Default 200 ms.
	BaseDelay time.Duration
	// ThrottleDelay replaces BaseDelay after 429 and 503. Default 1 s.
	ThrottleDelay time.Duration
	// MaxDelay is the upper bound of every pause, except one that Retry-After asks for. Default 20 s.
	MaxDelay time.Duration
	// MaxRetryAfter is the longest Retry-After that is respected; after a longer one the error is returned at once.
	// Default 60 s.
	MaxRetryAfter time.Duration
}

const minDelay = 10 * time.Millisecond

var errBudget = errors.New("too many calls of this client failed recently, so its retry budget is used up")

func (p RetryPolicy) withDefaults() (RetryPolicy, error) {
	if p.MaxAttempts < 0 || p.BaseDelay < 0 || p.ThrottleDelay < 0 || p.MaxDelay < 0 || p.MaxRetryAfter < 0 {
		return p, invalid("retry policy", "", "has a negative value", "use zero for a default, and MaxAttempts: 1 for no retries")
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

// failure describes a failed attempt to the gates.
type failure struct {
	err        error
	transient  bool          // gate 1: the failure may go away
	unsent     bool          // gate 2: a retry is safe even if the operation is not idempotent
	free       bool          // gate 3: a retry costs no budget, because the server did not process the attempt
	throttled  bool          // 429 or 503: give the server more room
	retryAfter time.Duration // what the server asked for
}

type retrier struct {
	policy RetryPolicy
	budget *budget
	jitter float64 // how far a pause may be from half its bound: 1 spreads it from nothing to the bound
}

// run calls try until it succeeds or a gate closes, and returns the last failure. After each attempt it calls report with the
// pause before the next one, or 0 if there is none. If the context ends during a pause or a later attempt, the error also
// wraps the failure before it.
func (r *retrier) run(
	ctx context.Context, idempotent bool, try func() *failure, report func(pause time.Duration, f *failure),
) error {
	var (
		delays delays
		before *failure
	)
	for attempt := 1; ; attempt++ {
		f := try()
		if f == nil {
			r.budget.payBack()
			report(0, nil)
			return nil
		}
		if attempt == 1 {
			delays = r.newDelays()
		}
		pause, err := r.next(ctx, attempt, idempotent, f, delays)
		report(pause, f)
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

func notRepeated(last, why error) error { return fmt.Errorf("%w (not retried: %w)", last, why) }

// next returns the pause before the next attempt, or 0 and the error to return if there is no next attempt.
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
// varies its values by ±RandomizationFactor around an interval; a factor of 1 and half the bound give full jitter.
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

// next returns the pause after f. Both sequences advance with every attempt, whatever the kind of its failure.
func (d delays) next(f *failure) time.Duration {
	usual, throttled := d.usual.NextBackOff(), d.throttled.NextBackOff()
	pause := usual
	if f.throttled {
		pause = throttled
	}
	return max(pause, f.retryAfter, minDelay)
}

// sleep waits for d. It reports false if ctx ended first.
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

// contextError returns the error of ctx, joined with its cause if the caller gave one.
func contextError(ctx context.Context) error {
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, ctx.Err()) {
		return join(ctx.Err(), cause)
	}
	return ctx.Err()
}
