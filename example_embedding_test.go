package codeant_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"log"
	"net/http"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/codeanttest"
)

// countCalls is a RoundTripper of one's own, such as that of a tracing library.
type countCalls struct {
	next  http.RoundTripper
	calls map[string]int
}

func (c countCalls) RoundTrip(req *http.Request) (*http.Response, error) {
	c.calls[codeant.OperationName(req.Context())]++ // the header holds no token here
	return c.next.RoundTrip(req)
}

// Middleware sees the requests to the API before the token is added. It calls the RoundTripper that it was given.
func ExampleWithMiddleware() {
	server, err := codeanttest.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	calls := map[string]int{}
	client, err := server.Client(codeant.WithMiddleware(func(next http.RoundTripper) http.RoundTripper {
		return countCalls{next, calls}
	}))
	if err != nil {
		log.Fatal(err)
	}
	if _, err := client.Tokens.List(context.Background()); err != nil {
		log.Fatal(err)
	}
	fmt.Println(calls)
	// Output: map[tokens.list:1]
}

// An observer is called at the end of every attempt, for metrics.
func ExampleWithObserver() {
	server, err := codeanttest.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	server.Inject("tokens.list", codeanttest.Fault{Status: 503})
	client, err := server.Client(codeant.WithObserver(func(_ context.Context, a codeant.Attempt) {
		fmt.Println(a.Op, "attempt", a.Number, "status", a.StatusCode, "another one follows:", a.Pause > 0)
	}))
	if err != nil {
		log.Fatal(err)
	}
	if _, err := client.Tokens.List(context.Background()); err != nil {
		log.Fatal(err)
	}
	// Output:
	// tokens.list attempt 1 status 503 another one follows: true
	// tokens.list attempt 2 status 200 another one follows: false
}

// A server whose certificate is from an authority that this system does not know.
func ExampleDefaultTransport() {
	server, err := codeanttest.Start(codeanttest.TLS())
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	transport := codeant.DefaultTransport()
	transport.TLSClientConfig = &tls.Config{RootCAs: server.Certificates()} // or x509.SystemCertPool and AppendCertsFromPEM
	client, err := codeant.New(
		codeant.WithBaseURL(server.URL()),
		codeant.WithToken(server.Token().Reveal()),
		codeant.WithHTTPClient(&http.Client{Transport: transport}),
	)
	if err != nil {
		log.Fatal(err)
	}
	defer client.CloseIdleConnections()
	tokens, err := client.Tokens.List(context.Background())
	fmt.Println(len(tokens), err)
	// Output: 1 <nil>
}
