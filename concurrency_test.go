package codeant_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant"
)

// troubledServer carries calls out, or fails before or after it did, in turn.
type troubledServer struct {
	n        atomic.Int64
	torn     atomic.Int64
	mu       sync.Mutex
	carried  map[string]int // out, by the number in the body
	answered map[string]int // with success
}

func (s *troubledServer) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	var body struct {
		ID    string `json:"id"`
		Token string `json:"access_token"`
	}
	if err := json.NewDecoder(req.Body).Decode(&body); err != nil || len(body.Token) != 24 || req.Header.Get("Authorization") != "Bearer "+body.Token {
		s.torn.Add(1)
	}
	fault := s.n.Add(1) % 16
	switch fault {
	case 0:
		w.Header().Set("Retry-After", "0")
		w.WriteHeader(http.StatusTooManyRequests)
		return
	case 1:
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	s.count(s.carried, body.ID)
	switch fault {
	case 2:
		w.WriteHeader(http.StatusServiceUnavailable)
	case 3:
		w.WriteHeader(http.StatusBadGateway)
		io.WriteString(w, "<html>Bad gateway</html>")
	case 4, 5:
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		if fault == 4 {
			conn.(*net.TCPConn).SetLinger(0) // a reset, otherwise an end
		}
		conn.Close()
	case 6:
		w.Header().Set("Content-Length", "100")
		io.WriteString(w, `{"id":`) // and no more
	default:
		s.count(s.answered, body.ID)
		fmt.Fprintf(w, `{"id":%q}`, body.ID)
	}
}

func (s *troubledServer) count(m map[string]int, id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m[id]++
}

func TestAThousandGoroutinesThroughFaultsCancellationsAndRotation(t *testing.T) {
	t.Parallel()
	troubled := &troubledServer{carried: map[string]int{}, answered: map[string]int{}}
	server := httptest.NewServer(troubled)
	t.Cleanup(server.Close)
	client, err := codeant.New(codeant.WithTokenSource(&rotating{}), codeant.WithBaseURL(server.URL), impatient)
	require.NoError(t, err)
	t.Cleanup(client.CloseIdleConnections)

	type outcome struct {
		start bool
		got   string
		err   error
	}
	const goroutines, calls = 1000, 3
	outcomes := make([][calls]outcome, goroutines)
	var all sync.WaitGroup
	for i := range goroutines {
		all.Go(func() {
			for j := range calls {
				ctx, cancel := context.WithCancel(t.Context())
				if i%10 == 0 {
					time.AfterFunc(time.Duration(i)*20*time.Microsecond, cancel)
				}
				var out struct {
					ID string `json:"id"`
				}
				o := &outcomes[i][j]
				o.start = j == 0
				o.err = client.Call(ctx, codeant.Request{
					Path: "/x", Body: map[string]string{"id": id(i, j)}, TokenField: "access_token", Idempotent: !o.start,
				}, &out)
				o.got = out.ID
				cancel()
			}
		})
	}
	all.Wait()
	client.CloseIdleConnections()
	server.Close() // returns when the server has ended what cancelled calls left it with

	assert.Zero(t, troubled.torn.Load(), "header and body carry one whole token")
	var succeeded, unknown, canceled int
	for i := range outcomes {
		for j, o := range outcomes[i] {
			carried, answered := troubled.carried[id(i, j)], troubled.answered[id(i, j)]
			if o.start {
				assert.LessOrEqual(t, carried, 1, "a start is carried out once")
				if carried == 1 && answered == 0 && errors.Is(o.err, codeant.ErrUnknownOutcome) {
					unknown++
				}
			}
			if o.err == nil {
				succeeded++
				assert.Equal(t, id(i, j), o.got, "the answer belongs to the call")
				assert.Positive(t, answered, "no success that did not happen")
				continue
			}
			if errors.Is(o.err, context.Canceled) {
				canceled++
			}
			assert.NotContains(t, o.err.Error(), "rotating")
		}
	}
	assert.Greater(t, succeeded, goroutines)
	assert.Positive(t, unknown)
	assert.Positive(t, canceled)
}

func id(i, j int) string { return fmt.Sprintf("%d-%d", i, j) }
