// Command embedding is a web service that embeds the CodeAnt client, as docs/embedding.md describes: one client for
// each organization with a token that can be replaced in its file, shared connections, a log, traces, metrics, and a
// graceful shutdown.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/exporters/stdout/stdouttrace"
	"go.opentelemetry.io/otel/sdk/trace"

	"github.com/codeant-sdk/codeant"
)

func main() {
	address := flag.String("address", "127.0.0.1:8080", "the address to listen on")
	tokens := flag.String("tokens", "/run/secrets/codeant", "the folder with a token for each organization")
	grace := flag.Duration("grace", 20*time.Second, "how long requests may go on after a signal to end")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := serve(ctx, *address, *tokens, *grace); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// serve writes the log to standard error and spans to standard output, where a real service would have an OTLP exporter.
func serve(ctx context.Context, address, tokens string, grace time.Duration) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	defer listener.Close()
	exporter, err := stdouttrace.New()
	if err != nil {
		return err
	}
	return run(ctx, listener, config{
		tokens: tokens,
		grace:  grace,
		log:    slog.New(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug})),
		spans:  trace.WithBatcher(exporter),
		shared: &http.Client{Transport: codeant.DefaultTransport()},
	})
}

type config struct {
	tokens string // the folder with a token for each organization
	grace  time.Duration
	log    *slog.Logger
	spans  trace.TracerProviderOption
	shared *http.Client
	wait   codeant.WaitOptions
}

// run serves until the context ends, lets running requests finish during the grace period, and then ends their waits.
func run(ctx context.Context, listener net.Listener, c config) error {
	provider := trace.NewTracerProvider(c.spans)
	registry := prometheus.NewRegistry()
	counted := newMetrics(registry)
	clients, err := openTenants(c.tokens, c.shared, func(organization string) []codeant.Option {
		return []codeant.Option{
			codeant.WithUserAgent("embedding/1.0"),
			codeant.WithLogger(c.log.With("organization", organization)),
			codeant.WithMiddleware(traceCalls(provider)),
			codeant.WithObserver(traceUploads(provider)),
			codeant.WithObserver(counted.observe(organization)),
		}
	})
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/", (&service{tenants: clients, wait: c.wait, log: c.log}).routes())
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))

	// The requests' contexts outlive ctx: they end after the grace period.
	requests, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	server := &http.Server{
		Handler:           otelhttp.NewHandler(mux, "request", otelhttp.WithTracerProvider(provider)),
		BaseContext:       func(net.Listener) context.Context { return requests },
		ReadHeaderTimeout: 10 * time.Second,
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(requests, c.grace)
	defer cancel()
	err = server.Shutdown(grace)
	if errors.Is(err, context.DeadlineExceeded) {
		end() // waits for results end now, and their requests with an error
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		err = server.Shutdown(last)
	}
	clients.close()
	return errors.Join(err, provider.Shutdown(context.WithoutCancel(ctx)))
}
