package main

import (
	"context"
	"net/http"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/codeant-sdk/codeant"
)

// traceCalls is middleware that makes a span of each request to the API, named after its operation. As middleware it sees
// no token, and no request to the storage.
func traceCalls(provider trace.TracerProvider) func(http.RoundTripper) http.RoundTripper {
	return func(next http.RoundTripper) http.RoundTripper {
		return otelhttp.NewTransport(next,
			otelhttp.WithTracerProvider(provider),
			otelhttp.WithSpanNameFormatter(func(_ string, req *http.Request) string {
				return codeant.OperationName(req.Context())
			}))
	}
}

// traceUploads is an observer that makes a span of each upload to the storage. An otelhttp transport would record the
// address of the upload, whose query is as good as a password; an Attempt does not hold it.
func traceUploads(provider trace.TracerProvider) func(context.Context, codeant.Attempt) {
	tracer := provider.Tracer("github.com/codeant-sdk/codeant/tools/embedding")
	return func(ctx context.Context, a codeant.Attempt) {
		if a.Op != "coverage.put" {
			return // traceCalls has it
		}
		end := time.Now()
		_, span := tracer.Start(ctx, a.Op, trace.WithSpanKind(trace.SpanKindClient), trace.WithTimestamp(end.Add(-a.Took)),
			trace.WithAttributes(
				attribute.String("http.request.method", a.Method),
				attribute.String("server.address", a.Path),
				attribute.Int("http.response.status_code", a.StatusCode),
				attribute.Int("http.request.resend_count", a.Number-1),
			))
		if a.Err != nil {
			span.SetStatus(codes.Error, a.Err.Error()) // errors of this client hold no secret
		}
		span.End(trace.WithTimestamp(end))
	}
}
