package codeanttest_test

import (
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/codeanttest"
)

func TestHandle(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, server *codeanttest.Server) {
		server.Handle("POST /api/new/{thing}", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				w.WriteHeader(http.StatusInternalServerError)
				return
			}
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(map[string]string{"thing": r.PathValue("thing"), "body": string(body), "q": r.URL.Query().Get("q")})
		}))
		client := newClient(t, server)
		var out map[string]string
		require.NoError(t, client.Call(t.Context(), codeant.Request{Path: "/api/new/gate?q=7", Body: map[string]int{"n": 1}}, &out))
		assert.Equal(t, map[string]string{"thing": "gate", "body": `{"n":1}`, "q": "7"}, out)

		requests := server.Requests("call")
		require.Len(t, requests, 1)
		assert.Equal(t, "/api/new/gate", requests[0].Path)
		assert.Equal(t, "7", requests[0].Query.Get("q"))
		assert.JSONEq(t, `{"n":1}`, string(requests[0].Body))
		assert.Len(t, server.Requests(), 1)
		assert.Empty(t, server.Requests("tokens.list", "scans.start"))
	})
}

func TestTheCredentialIsCheckedBeforeAHandler(t *testing.T) {
	t.Parallel()
	server := codeanttest.NewServer(t)
	calls := 0
	server.Handle("/api/new", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { calls++ }))
	_, got := do(t, server.HTTPClient(), http.MethodPost, server.URL()+"/api/new", "{}", nil)
	assert.Equal(t, response{401, `{"message":"the Authorization header is missing or holds no Bearer token"}`}, got)
	assert.Equal(t, response{400, `{"message":"field \"accessToken\" is not the token of the Authorization header"}`},
		post(t, server, "/api/new", `{"accessToken":"cdt_0123456789"}`))
	assert.Zero(t, calls)
	assert.Equal(t, 200, post(t, server, "/api/new", `{"accessToken":"`+server.Token().Reveal()+`"}`).Status)
	assert.Equal(t, 200, post(t, server, "/api/new", `no JSON`).Status, "what the body is, is the handler's business")
	assert.Equal(t, 2, calls)
}

func TestFaultsHappenToHandlersToo(t *testing.T) {
	t.Parallel()
	inBubble(t, nil, func(t *testing.T, server *codeanttest.Server, client *codeant.Client) {
		server.Handle("GET /api/new", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"n":1}`)
		}))
		server.Inject("call", codeanttest.Fault{Truncate: true}, codeanttest.Gzipped(), codeanttest.Fault{Delay: time.Second})
		for range 2 {
			var out struct{ N int }
			require.NoError(t, client.Call(t.Context(), codeant.Request{Method: http.MethodGet, Path: "/api/new"}, &out))
			assert.Equal(t, 1, out.N)
		}
		assert.Len(t, server.Requests("call"), 3, "the first is repeated")
	})
}

func TestAPatternMayReplaceAnEndpoint(t *testing.T) {
	t.Parallel()
	server := codeanttest.NewServer(t)
	server.Handle("/", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }))
	assert.Equal(t, 200, post(t, server, "/api/tokens/list", "{}").Status, "the endpoint is more specific")
	assert.Equal(t, 418, post(t, server, "/nowhere", "{}").Status)
	server.Handle("POST /api/tokens/list", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusGone) }))
	assert.Equal(t, 410, post(t, server, "/api/tokens/list", "{}").Status)
}

func TestAHandlerMayStream(t *testing.T) {
	t.Parallel()
	inBubble(t, nil, func(t *testing.T, server *codeanttest.Server, _ *codeant.Client) {
		server.Handle("/api/stream", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, "first")
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}))
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL()+"/api/stream", nil)
		require.NoError(t, err)
		req.Header.Set("Authorization", "Bearer "+server.Token().Reveal())
		res, err := server.HTTPClient().Do(req)
		require.NoError(t, err)
		defer res.Body.Close()
		first := make([]byte, 5)
		_, err = io.ReadFull(res.Body, first)
		require.NoError(t, err)
		assert.Equal(t, "first", string(first))
	})
}
