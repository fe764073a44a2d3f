package peers

import (
	"context"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/codeanttest"
)

// front is a running server in front of the API.
type front struct {
	*process
	url    string
	port   int
	log    string         // a line for each request: protocol, status, method, path
	silent bool           // it does not log a request whose connection to the backend broke
	reload syscall.Signal // asks it to read its configuration again, gracefully
	launch func() *process
}

// requests returns the lines of the front's log of accesses to a path.
func (f *front) requests(t *testing.T, path string) []string {
	t.Helper()
	text, err := os.ReadFile(f.log)
	require.NoError(t, err)
	var lines []string
	for line := range strings.Lines(string(text)) {
		if strings.Contains(line, " POST ") && strings.Contains(line, path) {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return lines
}

// atLeast waits for the lines of so many requests: a front writes them after the answer. It returns all that there are.
func (f *front) atLeast(t *testing.T, n int, path string) []string {
	t.Helper()
	var lines []string
	assert.Eventually(t, func() bool {
		lines = f.requests(t, path)
		return len(lines) >= n
	}, 5*time.Second, 10*time.Millisecond)
	return lines
}

// call is an operation as these tests make it.
type call struct {
	op   string
	path string
	once bool // not idempotent: it must never reach the API twice
	do   func(ctx context.Context, client *codeant.Client) (unconfirmed bool, err error)
}

var calls = []call{
	{"scans.start", "/api/analysis/start", true, func(ctx context.Context, client *codeant.Client) (bool, error) {
		started, err := client.Scans.Start(ctx, codeant.ScanRequest{Revision: revision})
		return err == nil && started.Unconfirmed, err
	}},
	{"gates.start", "/analysis/ci/quality-gates/scan/start", true, func(ctx context.Context, client *codeant.Client) (bool, error) {
		started, err := client.Gates.Start(ctx, revision)
		return err == nil && started.Unconfirmed, err
	}},
	{"tokens.create", "/api/tokens/create", true, func(ctx context.Context, client *codeant.Client) (bool, error) {
		_, err := client.Tokens.Create(ctx, codeant.CreateTokenRequest{Name: "a pipeline of the shop's, in continuous integration"})
		return false, err
	}},
	{"scans.history", "/api/analysis/scan-history", false, func(ctx context.Context, client *codeant.Client) (bool, error) {
		_, err := client.Scans.History(ctx, revision)
		return false, err
	}},
	{"tokens.revoke", "/api/tokens/revoke", false, func(ctx context.Context, client *codeant.Client) (bool, error) {
		return false, client.Tokens.Revoke(ctx, "a token that is not there, with an id as long as other bodies are")
	}},
}

// outcome is what becomes of a call.
type outcome struct {
	kinds       []error // what the error is; none and no text: no error
	isNot       []error
	unconfirmed bool
	text        string // a part of the error's text
	attempts    int    // as the error counts them
	seen        int    // requests that reached the API
	front       int    // requests that reached the front
}

// faultCase is something that goes wrong at the front or behind it.
type faultCase struct {
	name    string
	nginx   *nginx // nil: not with nginx
	http1   bool   // not with HTTP/2
	haproxy *haproxy
	down    bool                // nothing listens behind the front
	fault   []codeanttest.Fault // what the API does to the requests of each operation, in order
	starts  outcome             // of operations that are not idempotent
	creates *outcome            // of tokens.create, if that differs
	reads   outcome             // of the others
}

func forever(f codeanttest.Fault) []codeanttest.Fault {
	many := make([]codeanttest.Fault, 200) // a client that repeats without end is stopped by its context
	for i := range many {
		many[i] = f
	}
	return many
}

func (o outcome) check(t *testing.T, err error, unconfirmed bool) {
	t.Helper()
	if len(o.kinds) == 0 && o.text == "" {
		assert.NoError(t, err)
		assert.Equal(t, o.unconfirmed, unconfirmed, "unconfirmed")
		return
	}
	for _, kind := range o.kinds {
		assert.ErrorIs(t, err, kind)
	}
	for _, kind := range o.isNot {
		assert.NotErrorIs(t, err, kind)
	}
	if o.text != "" {
		assert.ErrorContains(t, err, o.text)
	}
	var apiErr *codeant.APIError
	if assert.ErrorAs(t, err, &apiErr) {
		assert.Equal(t, o.attempts, apiErr.Attempts, "attempts of %v", err)
	}
}

var faultCases = []faultCase{
	{
		name:   "the backend resets the connection, for ever",
		nginx:  &nginx{},
		fault:  forever(codeanttest.Fault{Reset: true}),
		starts: outcome{kinds: []error{codeant.ErrUnknownOutcome}, attempts: 1, seen: 1, front: 1},
		reads:  outcome{kinds: []error{codeant.ErrUnavailable}, isNot: []error{codeant.ErrUnknownOutcome}, attempts: 3, seen: 3, front: 3},
	},
	{
		name:    "the backend resets the connection behind HAProxy, for ever",
		haproxy: &haproxy{},
		http1:   true,
		fault:   forever(codeanttest.Fault{Reset: true}),
		starts:  outcome{kinds: []error{codeant.ErrUnknownOutcome}, attempts: 1, seen: 1},
		reads:   outcome{kinds: []error{codeant.ErrUnavailable}, isNot: []error{codeant.ErrUnknownOutcome}, attempts: 3, seen: 3},
	},
	{
		name:    "the backend resets the connection behind HAProxy once",
		haproxy: &haproxy{},
		http1:   true,
		fault:   []codeanttest.Fault{{Reset: true}},
		starts:  outcome{kinds: []error{codeant.ErrUnknownOutcome}, attempts: 1, seen: 1},
		reads:   outcome{seen: 2},
	},
	{
		name:   "the backend resets the connection once",
		nginx:  &nginx{},
		fault:  []codeanttest.Fault{{Reset: true}},
		starts: outcome{kinds: []error{codeant.ErrUnknownOutcome}, attempts: 1, seen: 1, front: 1},
		reads:  outcome{seen: 2, front: 2},
	},
	{
		name: "errors of the backend end in a closed connection",
		nginx: &nginx{server: "location @drop { return 444; }", location: `proxy_intercept_errors on;
			error_page 500 502 503 504 @drop;`},
		fault:  forever(codeanttest.Fault{Status: 503}),
		starts: outcome{kinds: []error{codeant.ErrUnknownOutcome}, attempts: 1, seen: 1, front: 1},
		reads:  outcome{kinds: []error{codeant.ErrUnavailable}, attempts: 3, seen: 3, front: 3},
	},
	{
		name:    "the front closes the connection without a word",
		nginx:   &nginx{server: "return 444;"},
		haproxy: &haproxy{frontend: "http-request reject"},
		starts:  outcome{kinds: []error{codeant.ErrUnknownOutcome}, attempts: 1, seen: 0, front: 1},
		reads:   outcome{kinds: []error{codeant.ErrUnavailable}, attempts: 3, seen: 0, front: 3},
	},
	{
		name:   "the backend is down, 502",
		nginx:  &nginx{},
		down:   true,
		starts: outcome{kinds: []error{codeant.ErrUnavailable, codeant.ErrUnknownOutcome}, text: "502", attempts: 1, front: 1},
		reads:  outcome{kinds: []error{codeant.ErrUnavailable}, text: "502", attempts: 3, front: 3},
	},
	{
		name:    "the backend is down, 503",
		haproxy: &haproxy{},
		down:    true,
		starts:  outcome{kinds: []error{codeant.ErrUnavailable}, isNot: []error{codeant.ErrUnknownOutcome}, text: "503", attempts: 1, front: 1},
		reads:   outcome{kinds: []error{codeant.ErrUnavailable}, text: "503", attempts: 3, front: 3},
	},
	{
		name:    "the API answers 503 once",
		nginx:   &nginx{},
		haproxy: &haproxy{},
		fault:   []codeanttest.Fault{{Status: 503, Body: `{"message":"deploying"}`}},
		starts: outcome{
			kinds: []error{codeant.ErrUnavailable}, isNot: []error{codeant.ErrUnknownOutcome}, text: "deploying",
			attempts: 1, seen: 1, front: 1,
		},
		reads: outcome{seen: 2, front: 2},
	},
	{
		name:    "the API is slower than the front's patience, once",
		nginx:   &nginx{location: "proxy_read_timeout 1s;"},
		haproxy: &haproxy{backend: "timeout server 1s"},
		fault:   []codeanttest.Fault{{Delay: 2 * time.Second}},
		starts:  outcome{unconfirmed: true, seen: 1, front: 1},
		creates: &outcome{kinds: []error{codeant.ErrUnknownOutcome}, text: "504", attempts: 1, seen: 1, front: 1},
		reads:   outcome{seen: 2, front: 2},
	},
	{
		name:    "the front takes no body of this size",
		nginx:   &nginx{limit: "40"},
		haproxy: &haproxy{frontend: "option http-buffer-request\n\thttp-request deny deny_status 413 if { req.body_size gt 40 }"},
		starts:  outcome{kinds: []error{codeant.ErrTooLarge}, text: "413", attempts: 1, front: 1},
		reads:   outcome{kinds: []error{codeant.ErrTooLarge}, text: "413", attempts: 1, front: 1},
	},
	{
		name:    "the front redirects",
		nginx:   &nginx{server: "return 301 https://elsewhere.example$request_uri;"},
		haproxy: &haproxy{frontend: "http-request redirect location https://elsewhere.example/ code 301"},
		starts:  outcome{kinds: []error{codeant.ErrRedirect}, text: "elsewhere.example", attempts: 1, front: 1},
		reads:   outcome{kinds: []error{codeant.ErrRedirect}, text: "elsewhere.example", attempts: 1, front: 1},
	},
	{
		name:    "a page of the front forbids",
		nginx:   &nginx{location: "deny all;"},
		haproxy: &haproxy{frontend: "http-request deny"},
		starts:  outcome{kinds: []error{codeant.ErrForbidden, codeant.ErrBadResponse}, text: "not CodeAnt", attempts: 1, front: 1},
		reads:   outcome{kinds: []error{codeant.ErrForbidden, codeant.ErrBadResponse}, text: "not CodeAnt", attempts: 1, front: 1},
	},
	{
		name:    "a page of the front finds fault with the request",
		nginx:   &nginx{location: "return 400;"},
		haproxy: &haproxy{frontend: "http-request deny deny_status 400"},
		starts:  outcome{text: "not CodeAnt", attempts: 1, front: 1},
		reads:   outcome{text: "not CodeAnt", attempts: 1, front: 1},
	},
	{
		name:    "the answer breaks off in the middle, once",
		nginx:   &nginx{},
		haproxy: &haproxy{},
		fault:   []codeanttest.Fault{{Truncate: true}},
		starts:  outcome{kinds: []error{codeant.ErrUnknownOutcome}, attempts: 1, seen: 1, front: 1},
		reads:   outcome{seen: 2, front: 2},
	},
	{
		name:    "the answer breaks off in the middle, for ever",
		nginx:   &nginx{location: "proxy_buffering off;"},
		haproxy: &haproxy{},
		fault:   forever(codeanttest.Fault{Truncate: true}),
		starts:  outcome{kinds: []error{codeant.ErrUnknownOutcome}, attempts: 1, seen: 1, front: 1},
		reads:   outcome{kinds: []error{codeant.ErrUnavailable}, attempts: 3, seen: 3, front: 3},
	},
}

type launcher func(t *testing.T, http2 bool, upstream string, c faultCase) *front

func testFaults(t *testing.T, launch launcher, has func(faultCase) bool) {
	for _, c := range faultCases {
		if !has(c) {
			continue
		}
		for _, protocol := range []string{"HTTP/1.1", "HTTP/2"} {
			if c.http1 && protocol == "HTTP/2" {
				continue
			}
			t.Run(c.name+"/"+protocol, func(t *testing.T) {
				t.Parallel()
				api := codeanttest.NewServer(t)
				upstream := hostOf(t, api.URL())
				if c.down {
					upstream = address(freePort(t))
				}
				f := launch(t, protocol == "HTTP/2", upstream, c)
				for _, call := range calls {
					t.Run(call.op, func(t *testing.T) { c.run(t, api, f, call, protocol) })
				}
			})
		}
	}
}

func (c faultCase) run(t *testing.T, api *codeanttest.Server, f *front, call call, protocol string) {
	client := newClient(t, api, f.url)
	if c.fault != nil {
		// The front and the client have connections that they use again.
		_, err := client.Tokens.List(t.Context())
		require.NoError(t, err)
	}
	want := c.reads
	switch {
	case call.op == "tokens.create" && c.creates != nil:
		want = *c.creates
	case call.once:
		want = c.starts
	}
	api.Inject(call.op, c.fault...)
	unconfirmed, err := call.do(within(t, 20*time.Second), client)
	if call.op == "tokens.revoke" && len(want.kinds) == 0 && want.text == "" {
		assert.ErrorIs(t, err, codeant.ErrNotFound, "the API's own answer to this call")
	} else {
		want.check(t, err, unconfirmed)
	}
	assert.Equal(t, want.seen, seen(api, call.op), "requests that the API saw")
	if f.silent && want.seen > 0 {
		return // the API's own count has to do
	}
	lines := f.atLeast(t, want.front, call.path)
	assert.Len(t, lines, want.front, "requests that the front saw: %q", lines)
	for _, line := range lines {
		assert.Contains(t, line, strings.TrimSuffix(protocol, ".1"))
	}
}
