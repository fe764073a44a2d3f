package codeant_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/codeanttest"
)

// counting is a server that counts connections, and requests whose token is not that of the organization in their query.
func counting(t *testing.T) (base string, connections, mistaken *atomic.Int32) {
	t.Helper()
	connections, mistaken = &atomic.Int32{}, &atomic.Int32{}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.Header.Get("Authorization") != "Bearer "+tokenOf(req.URL.Query().Get("organization")) {
			mistaken.Add(1)
		}
		_, _ = io.WriteString(w, `{"status":"success"}`)
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	return server.URL, connections, mistaken
}

func tokenOf(organization string) string { return "cdt_tokenOf" + organization }

func TestTheClientsOfManyTokensShareConnections(t *testing.T) {
	t.Parallel()
	const organizations = 50
	// clients returns a call for each organization, made by a client with the organization's token.
	clients := func(base string, opts ...codeant.Option) (calls []func(context.Context) error) {
		for i := range organizations {
			organization := fmt.Sprintf("organization%02d", i)
			client := rawClient(t, base, append(opts, codeant.WithToken(tokenOf(organization)))...)
			calls = append(calls, func(ctx context.Context) error {
				return client.Call(ctx, codeant.Request{Path: "/api/read?organization=" + organization, Idempotent: true}, nil)
			})
		}
		return calls
	}
	shared := func() codeant.Option {
		transport := codeant.DefaultTransport()
		t.Cleanup(transport.CloseIdleConnections)
		return codeant.WithHTTPClient(&http.Client{Transport: transport})
	}

	base, connections, mistaken := counting(t)
	for _, call := range clients(base, shared()) {
		for range 3 {
			require.NoError(t, call(t.Context()))
		}
	}
	assert.Less(t, connections.Load(), int32(organizations/2), "one after the other: one, which a busy machine replaces now and then")
	assert.Zero(t, mistaken.Load())

	base, connections, mistaken = counting(t)
	var all sync.WaitGroup
	for _, call := range clients(base, shared()) {
		for range 10 {
			all.Go(func() { assert.NoError(t, call(t.Context())) })
		}
	}
	all.Wait()
	assert.Less(t, connections.Load(), int32(128), "500 calls at once; 64 are open at a time, and a busy machine replaces some")
	assert.Zero(t, mistaken.Load())

	base, connections, mistaken = counting(t)
	for _, call := range clients(base) {
		require.NoError(t, call(t.Context()))
	}
	assert.EqualValues(t, organizations, connections.Load(), "each client with a transport of its own")
	assert.Zero(t, mistaken.Load())
}

func TestACertificateOfAnUnknownAuthoritySaysWhatToDoAndDefaultTransportTakesIt(t *testing.T) {
	t.Parallel()
	server := codeanttest.NewServer(t, codeanttest.TLS())
	client := rawClient(t, server.URL(), codeant.WithToken(server.Token().Reveal()))
	_, err := client.Tokens.List(t.Context())
	host := strings.TrimPrefix(server.URL(), "https://")
	assert.EqualError(t, err, "codeant: tokens.list: no answer: no secure connection: tls: failed to verify certificate: x509: certificate signed "+
		"by unknown authority (POST /api/tokens/list, host "+host+", 1 attempt); trust the certificate's authority: add it to this "+
		"system's, name its file in SSL_CERT_FILE, or use WithHTTPClient with a changed DefaultTransport")
	assert.ErrorIs(t, err, codeant.ErrUnavailable)

	transport := codeant.DefaultTransport()
	transport.TLSClientConfig = &tls.Config{RootCAs: server.Certificates()}
	client = rawClient(t, server.URL(), codeant.WithToken(server.Token().Reveal()), codeant.WithHTTPClient(&http.Client{Transport: transport}))
	const report = "SF:a.go\nDA:1,1\nend_of_record\n"
	result, err := client.Coverage.Upload(t.Context(), codeant.CoverageUpload{Revision: shop, Body: strings.NewReader(report)})
	require.NoError(t, err, "neither the API nor the storage has a certificate that this system knows")
	assert.EqualValues(t, len(report), result.Bytes)
	assert.Len(t, server.Uploads(), 1)
}
