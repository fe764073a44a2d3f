package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/codeanttest"
)

const (
	commit = "8f3b2c1d9e7a6b5c4d3e2f1a0b9c8d7e6f5a4b3c"
	lcov   = "SF:cart.js\nDA:1,1\nend_of_record\n"
)

// running is the service in this process, with all that it shows to the outside.
type running struct {
	t      *testing.T
	fake   *codeanttest.Server
	tokens string
	url    string
	log    *buffer
	spans  *tracetest.InMemoryExporter
	stop   func() error
}

// buffer is a bytes.Buffer for many goroutines.
type buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func startService(t *testing.T, grace time.Duration, opts ...codeanttest.Option) *running {
	t.Helper()
	server := codeanttest.NewServer(t, opts...)
	t.Setenv(codeant.BaseURLEnv, server.URL())
	r := &running{t: t, fake: server, tokens: t.TempDir(), log: &buffer{}, spans: tracetest.NewInMemoryExporter()}
	r.deploy("acme", server.Token())
	r.deploy("globex", server.AddOrganization(codeant.Organization{Provider: codeant.GitLab, Name: "globex"}))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	r.url = "http://" + listener.Addr().String()
	transport := codeant.DefaultTransport()
	t.Cleanup(transport.CloseIdleConnections)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, listener, config{
			tokens: r.tokens,
			grace:  grace,
			log:    slog.New(slog.NewJSONHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
			spans:  trace.WithSyncer(keep{r.spans}),
			shared: &http.Client{Transport: transport},
			wait:   codeant.WaitOptions{Interval: 100 * time.Millisecond},
		})
	}()
	r.stop = sync.OnceValue(func() error {
		cancel()
		return <-ended
	})
	t.Cleanup(func() { assert.NoError(t, r.stop()) })
	return r
}

// keep is an exporter whose spans can still be read after the provider was shut down.
type keep struct{ trace.SpanExporter }

func (keep) Shutdown(context.Context) error { return nil }

// deploy puts a token where the service reads it, in one step, as Kubernetes and Vault do.
func (r *running) deploy(organization string, token codeant.Token) {
	r.t.Helper()
	fresh := filepath.Join(r.tokens, ".fresh")
	require.NoError(r.t, os.WriteFile(fresh, []byte(token.Reveal()+"\n"), 0o600))
	require.NoError(r.t, os.Rename(fresh, filepath.Join(r.tokens, organization)))
}

func (r *running) do(method, path, body string) (status int, answer string) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), method, r.url+path, strings.NewReader(body))
	require.NoError(r.t, err)
	transport := &http.Transport{DisableKeepAlives: true}
	res, err := transport.RoundTrip(req)
	require.NoError(r.t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	require.NoError(r.t, err)
	return res.StatusCode, string(text)
}

const (
	ofAcme   = "?provider=github&repo=acme/shop&commit=" + commit
	ofGlobex = "?provider=gitlab&repo=globex/site&commit=" + commit
)

// shown is everything that the service shows to the outside but for its answers.
func (r *running) shown() string {
	r.t.Helper()
	_, metrics := r.do("GET", "/metrics", "")
	spans, err := json.Marshal(r.spans.GetSpans())
	require.NoError(r.t, err)
	return metrics + string(spans) + r.log.String()
}

// signatures are the values of the queries of presigned addresses, short ones aside, which occur anywhere.
func signatures(server *codeanttest.Server) (found []string) {
	for _, put := range server.Requests("coverage.put") {
		for _, values := range put.Query {
			for _, value := range values {
				if len(value) > 15 {
					found = append(found, value, url.QueryEscape(value))
				}
			}
		}
	}
	return found
}

// secrets are what must not be in it: tokens and signatures.
func (r *running) secrets() []string {
	var secrets []string
	for _, request := range r.fake.Requests() {
		if _, token, ok := strings.Cut(request.Header.Get("Authorization"), "Bearer "); ok {
			secrets = append(secrets, token)
		}
	}
	return append(secrets, signatures(r.fake)...)
}

func TestTracesMetricsAndLogNameEveryOperationAndHoldNoSecret(t *testing.T) {
	r := startService(t, time.Second)
	r.fake.Inject("coverage.put", codeanttest.Fault{Status: 503})
	r.fake.SetGates(codeant.Revision{Provider: codeant.GitLab, Repo: "globex/site", Commit: commit}, map[string]string{"secret": "FAILED"})
	for _, tt := range []struct {
		method, path, body, answer string
		status                     int
	}{
		{"PUT", "/acme/coverage" + ofAcme, lcov, `{"bytes":32,"format":"lcov"}` + "\n", 200},
		{"POST", "/acme/gates" + ofAcme, "", `{"verdict":"passed"}` + "\n", 200},
		{"POST", "/globex/gates" + ofGlobex, "", `{"verdict":"failed"}` + "\n", 200},
		{"POST", "/globex/gates" + ofAcme, "", "the token of this organization may not do this\n", 403},
		{"POST", "/initech/gates" + ofAcme, "", "no such organization\n", 404},
	} {
		status, answer := r.do(tt.method, tt.path, tt.body)
		assert.Equal(t, tt.status, status, tt.path)
		assert.Equal(t, tt.answer, answer, tt.path)
	}
	shown, secrets := r.shown(), r.secrets()
	assert.Contains(t, secrets, r.fake.Token().Reveal())
	assert.NotEmpty(t, signatures(r.fake))
	for _, secret := range secrets {
		assert.NotContains(t, shown, secret)
	}

	names := map[string]int{}
	traces := map[string]map[string]bool{}
	for _, span := range r.spans.GetSpans() {
		names[span.Name]++
		id := span.SpanContext.TraceID().String()
		if traces[id] == nil {
			traces[id] = map[string]bool{}
		}
		traces[id][span.Name] = true
	}
	delete(names, "request") // those of the service itself
	delete(names, "GET /metrics")
	for name := range names {
		if strings.Contains(name, "/{organization}/") {
			delete(names, name)
		}
	}
	polls := len(r.fake.Requests("gates.results"))
	assert.Equal(t, map[string]int{
		"coverage.presign": 1, "coverage.put": 2, "coverage.complete": 1, "gates.start": 3, "gates.results": polls,
	}, names)
	together := 0
	for _, spans := range traces {
		if spans["coverage.put"] {
			assert.True(t, spans["coverage.presign"] && spans["coverage.complete"], "one trace for one request")
			together++
		}
	}
	assert.Equal(t, 1, together)

	_, text := r.do("GET", "/metrics", "")
	for _, line := range []string{
		`codeant_attempts_total{operation="coverage.presign",organization="acme",status="200"} 1`,
		`codeant_attempts_total{operation="coverage.put",organization="acme",status="200"} 1`,
		`codeant_attempts_total{operation="coverage.put",organization="acme",status="503"} 1`,
		`codeant_attempts_total{operation="gates.start",organization="globex",status="403"} 1`,
		`codeant_repeats_total{operation="coverage.put",organization="acme"} 1`,
		`codeant_attempt_seconds_count{operation="coverage.put"} 2`,
	} {
		assert.Contains(t, text, line+"\n")
	}
	assert.Contains(t, r.log.String(), `"organization":"acme","op":"coverage.put","method":"PUT"`)
}

func TestATokenThatIsReplacedInItsFileIsUsedFromTheNextRequestOn(t *testing.T) {
	r := startService(t, time.Second)
	admin, err := r.fake.Client()
	require.NoError(t, err)
	for range 3 {
		created, err := admin.Tokens.Create(t.Context(), codeant.CreateTokenRequest{Name: "service"})
		require.NoError(t, err)
		r.deploy("acme", created.Token)
		status, answer := r.do("POST", "/acme/gates"+ofAcme, "")
		assert.Equal(t, 200, status, answer)
		starts := r.fake.Requests("gates.start")
		assert.Equal(t, "Bearer "+created.Token.Reveal(), starts[len(starts)-1].Header.Get("Authorization"))
		require.NoError(t, admin.Tokens.Revoke(t.Context(), created.ID))
	}
	status, answer := r.do("POST", "/acme/gates"+ofAcme, "")
	assert.Equal(t, 500, status)
	assert.Equal(t, "the token of this organization is not accepted\n", answer)
	assert.Contains(t, r.log.String(), "revocation is final")
}

func TestTheEndLetsRequestsFinishForAWhile(t *testing.T) {
	for name, tt := range map[string]struct {
		grace  time.Duration
		ready  time.Duration
		status int
		answer string
	}{
		"in time": {20 * time.Second, 300 * time.Millisecond, 200, `{"verdict":"passed"}` + "\n"},
		"late":    {10 * time.Millisecond, time.Hour, 503, "this service is ending\n"},
	} {
		t.Run(name, func(t *testing.T) {
			polled := make(chan struct{}, 1)
			r := startService(t, tt.grace, codeanttest.ReadyAfter(tt.ready), codeanttest.OnAnswer(func(request codeanttest.RecordedRequest, _ int) {
				if request.Op == "gates.results" {
					select {
					case polled <- struct{}{}:
					default:
					}
				}
			}))
			ended := make(chan error, 1)
			go func() {
				<-polled
				ended <- r.stop()
			}()
			status, answer := r.do("POST", "/acme/gates"+ofAcme, "")
			assert.Equal(t, tt.status, status)
			assert.Equal(t, tt.answer, answer)
			assert.NoError(t, <-ended)
		})
	}
}

// withoutUploads is the filter that docs/embedding.md shows.
func withoutUploads(req *http.Request) bool {
	return codeant.OperationName(req.Context()) != "coverage.put"
}

// What otelhttp records when it is put around the transport: the whole address of the storage, unless the filter keeps it out.
func TestOtelhttpAroundTheTransportNeedsTheFilter(t *testing.T) {
	for name, tt := range map[string]struct {
		options []otelhttp.Option
		leaks   bool
		spans   int
	}{
		"with it":    {[]otelhttp.Option{otelhttp.WithFilter(withoutUploads)}, false, 2},
		"without it": {nil, true, 3},
	} {
		t.Run(name, func(t *testing.T) {
			server := codeanttest.NewServer(t)
			exporter := tracetest.NewInMemoryExporter()
			provider := trace.NewTracerProvider(trace.WithSyncer(exporter))
			transport := codeant.DefaultTransport()
			t.Cleanup(transport.CloseIdleConnections)
			traced := otelhttp.NewTransport(transport, append(tt.options, otelhttp.WithTracerProvider(provider))...)
			client, err := server.Client(codeant.WithHTTPClient(&http.Client{Transport: traced}))
			require.NoError(t, err)
			_, err = client.Coverage.Upload(t.Context(), codeant.CoverageUpload{
				Revision: codeant.Revision{Provider: codeant.GitHub, Repo: "acme/shop", Commit: commit}, Body: strings.NewReader(lcov),
			})
			require.NoError(t, err)
			assert.Len(t, exporter.GetSpans(), tt.spans)
			spans, err := json.Marshal(exporter.GetSpans())
			require.NoError(t, err)
			found := slices.ContainsFunc(signatures(server), func(value string) bool { return strings.Contains(string(spans), value) })
			assert.Equal(t, tt.leaks, found)
			assert.NotContains(t, string(spans), server.Token().Reveal())
		})
	}
}
