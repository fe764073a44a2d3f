package codeant_test

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant"
)

// vectors is testdata/retry_vectors.json, which any client in any language can be held against.
type vectors struct {
	Clock   time.Time
	Vectors []vector
}

type vector struct {
	Name        string
	Idempotent  bool
	Budget      *float64 // in retries
	Tokens      []string // what the token source hands out, one at each time; the last is repeated
	MaxAttempts int      `json:"max_attempts"`
	TokenTakes  span     `json:"token_takes"`
	CancelAt    *span    `json:"cancel_at"`
	Deadline    span
	Steps       []vectorStep
	Want        struct {
		Requests   int
		Tokens     []string
		Pauses     []span // before the next attempt
		Took       *span
		Outcome    []string
		RetryAfter *span `json:"retry_after"`
		Budget     float64
	}
}

// vectorStep is what a request meets.
type vectorStep struct {
	Status  int
	Headers map[string]string
	Body    string
	Breaks  bool   // the connection ends after the body
	Stalls  bool   // nothing comes after the body
	Hangs   bool   // no answer comes
	Error   string // of the network
	Reached string // "no connection", or all of the request reached the server
}

// span is a duration as text.
type span time.Duration

func (s *span) UnmarshalText(text []byte) error {
	d, err := time.ParseDuration(string(text))
	*s = span(d)
	return err
}

var outcomes = map[string]error{
	"unavailable": codeant.ErrUnavailable, "unknown outcome": codeant.ErrUnknownOutcome, "rate limited": codeant.ErrRateLimited,
	"invalid request": codeant.ErrInvalidRequest, "forbidden": codeant.ErrForbidden, "not found": codeant.ErrNotFound,
	"conflict": codeant.ErrConflict, "too large": codeant.ErrTooLarge, "unsupported": codeant.ErrUnsupported,
	"redirect": codeant.ErrRedirect, "bad response": codeant.ErrBadResponse, "unauthorized": codeant.ErrUnauthorized,
	"token revoked": codeant.ErrTokenRevoked, "canceled": context.Canceled, "deadline exceeded": context.DeadlineExceeded,
	"budget": codeant.ErrBudget,
}

// networkErrors are what net and net/http return, by the names of the vectors.
var networkErrors = map[string]error{
	"refused":             &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED},
	"name not known":      &net.DNSError{Err: "no such host", Name: "api.codeant.ai", IsNotFound: true},
	"name look-up failed": &net.DNSError{Err: "server misbehaving", Name: "api.codeant.ai", IsTemporary: true},
	"certificate":         x509.UnknownAuthorityError{},
	"reset":               &net.OpError{Op: "read", Err: syscall.ECONNRESET},
	"end of file":         io.EOF,
	"malformed":           errors.New(`net/http: HTTP/1.x transport connection broken: malformed HTTP status code "2xx"`),
	"HTTP/2 reset":        errors.New("stream error: stream ID 1; INTERNAL_ERROR; received from peer"),
	"REFUSED_STREAM":      errors.New("stream error: stream ID 1; REFUSED_STREAM; received from peer"),
	"GOAWAY":              errors.New("http2: Transport received Server's graceful shutdown GOAWAY"),
	"GOAWAY after it":     errors.New(`http2: server sent GOAWAY and closed the connection; LastStreamID=1, ErrCode=NO_ERROR, debug=""`),
	"closed while idle":   errors.New("http: server closed idle connection"),
}

// vectorPeer is the server, and the token source, of one vector.
type vectorPeer struct {
	vector
	asked    int
	requests []string // the token of each
}

func at[T any](list []T, i int) T { return list[min(i, len(list)-1)] }

func (p *vectorPeer) Token(ctx context.Context) (codeant.Token, error) {
	if p.TokenTakes > 0 {
		select {
		case <-time.After(time.Duration(p.TokenTakes)):
		case <-ctx.Done():
			return codeant.Token{}, ctx.Err()
		}
	}
	tokens := p.Tokens
	if tokens == nil {
		tokens = []string{"A"}
	}
	p.asked++
	return codeant.ParseToken("cdt_ofTheVectors" + at(tokens, p.asked-1))
}

func (p *vectorPeer) RoundTrip(req *http.Request) (*http.Response, error) {
	step := at(p.Steps, len(p.requests))
	authorization := req.Header.Get("Authorization")
	p.requests = append(p.requests, authorization[len(authorization)-1:])
	trace := httptrace.ContextClientTrace(req.Context())
	trace.GetConn("api.codeant.ai:443")
	if step.Reached != "no connection" && networkErrors[step.Error] != networkErrors["refused"] {
		trace.GotConn(httptrace.GotConnInfo{Reused: step.Error == "closed while idle"})
		if step.Error != "closed while idle" {
			trace.WroteHeaders()
			trace.WroteRequest(httptrace.WroteRequestInfo{})
		}
	}
	switch {
	case step.Hangs:
		<-req.Context().Done()
		return nil, req.Context().Err()
	case step.Error != "":
		return nil, networkErrors[step.Error]
	}
	var body io.Reader = strings.NewReader(step.Body)
	switch {
	case step.Breaks:
		body = io.MultiReader(body, brokenBody{io.ErrUnexpectedEOF})
	case step.Stalls:
		body = io.MultiReader(body, stalledBody{req.Context()})
	}
	res := response(step.Status, "application/json", body)
	for name, value := range step.Headers {
		res.Header.Set(name, value)
	}
	return res, nil
}

// stalledBody has no more bytes, and does not end.
type stalledBody struct{ ctx context.Context }

func (b stalledBody) Read([]byte) (int, error) {
	<-b.ctx.Done()
	return 0, b.ctx.Err()
}

func TestRetryVectors(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/retry_vectors.json")
	require.NoError(t, err)
	var all vectors
	require.NoError(t, json.Unmarshal(data, &all))
	assert.GreaterOrEqual(t, len(all.Vectors), 60)
	for _, v := range all.Vectors {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				require.Equal(t, all.Clock, time.Now().UTC())
				runVector(t, v)
			})
		})
	}
}

func runVector(t *testing.T, v vector) {
	peer := &vectorPeer{vector: v}
	var pauses []span
	client, err := codeant.New(
		codeant.WithBaseURL(codeant.DefaultBaseURL), codeant.WithTokenSource(peer), codeant.WithHTTPClient(&http.Client{Transport: peer}),
		codeant.WithRetry(codeant.RetryPolicy{MaxAttempts: v.MaxAttempts}),
		codeant.WithObserver(func(_ context.Context, a codeant.Attempt) {
			if a.Pause > 0 {
				pauses = append(pauses, span(a.Pause))
			}
		}),
	)
	require.NoError(t, err)
	client.PinJitter()
	if v.Budget != nil {
		client.SetBudget(int(*v.Budget * 10))
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	switch {
	case v.Deadline > 0:
		ctx, cancel = context.WithTimeout(ctx, time.Duration(v.Deadline))
		defer cancel()
	case v.CancelAt != nil && *v.CancelAt == 0:
		cancel()
	case v.CancelAt != nil:
		time.AfterFunc(time.Duration(*v.CancelAt), cancel)
	}
	began := time.Now()

	err = client.Call(ctx, codeant.Request{Path: readPath, Body: struct{}{}, Idempotent: v.Idempotent}, nil)

	if v.Want.Took != nil {
		assert.Equal(t, *v.Want.Took, span(time.Since(began)), "took")
	}
	assert.Len(t, peer.requests, v.Want.Requests)
	assert.Equal(t, v.Want.Pauses, append([]span{}, pauses...), "pauses")
	if v.Want.Tokens != nil {
		assert.Equal(t, v.Want.Tokens, peer.requests, "tokens")
	}
	assert.InDelta(t, v.Want.Budget, float64(client.Budget())/10, 1e-9, "budget")
	if v.Want.RetryAfter != nil {
		var apiErr *codeant.APIError
		require.ErrorAs(t, err, &apiErr)
		assert.Equal(t, *v.Want.RetryAfter, span(apiErr.RetryAfter))
	}
	var got []string
	for name, kind := range outcomes {
		if errors.Is(err, kind) {
			got = append(got, name)
		}
	}
	if err == nil {
		got = append(got, "success")
	}
	assert.ElementsMatch(t, v.Want.Outcome, got, "%v", err)
}

func TestAComputedPauseIsRandomUpToItsBound(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		peer := &vectorPeer{vector: vector{Steps: []vectorStep{{Status: 500}}}}
		seen := map[time.Duration]bool{}
		low, high := time.Hour, time.Duration(0)
		client := funnelClient(t, peer, codeant.WithObserver(func(_ context.Context, a codeant.Attempt) {
			if a.Number == 1 {
				seen[a.Pause] = true
				low, high = min(low, a.Pause), max(high, a.Pause)
			}
		}))
		for range 200 {
			client.SetBudget(1000)
			assert.Error(t, read(t.Context(), client))
		}
		assert.Greater(t, len(seen), 100)
		assert.GreaterOrEqual(t, low, 10*time.Millisecond)
		assert.Less(t, low, 50*time.Millisecond)
		assert.Greater(t, high, 150*time.Millisecond)
		assert.LessOrEqual(t, high, 200*time.Millisecond)
	})
}
