package codeant

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/hashicorp/go-cleanhttp"

	"github.com/codeant-sdk/codeant/internal/storage"
)

// The bounds of the default transport. Go's own leave an answer that never comes, a header without end and a
// connection that a router has silently dropped to the caller's patience.
const (
	dialTimeout         = 10 * time.Second
	tlsTimeout          = 10 * time.Second
	idleTimeout         = 50 * time.Second // nginx closes idle connections after 75 s
	pingAfter           = 15 * time.Second
	pingTimeout         = 10 * time.Second
	maxHeaderBytes      = 256 << 10
	connectionsPerHost  = 64
	defaultCallTimeout  = 30 * time.Second
	defaultStallTimeout = 20 * time.Second
	defaultMaxResponse  = 64 << 20
	maxErrorBody        = 64 << 10
)

// DefaultTransport returns a new transport with the bounds that this package uses by default: for dialling, TLS, headers
// and connections. Change it, for a certificate authority or a proxy of your own, and pass it in WithHTTPClient.
//
// It has no time limit for the header of an answer, because an upload waits longer for it than a call; calls have
// WithAttemptTimeout. It uses the proxy that HTTPS_PROXY, HTTP_PROXY and NO_PROXY name, and the certificate authorities of
// the system, or of SSL_CERT_FILE and SSL_CERT_DIR where Go reads them.
func DefaultTransport() *http.Transport {
	t := cleanhttp.DefaultPooledTransport()
	t.DialContext = storage.WrapDial((&net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second}).DialContext)
	t.TLSHandshakeTimeout = tlsTimeout
	t.IdleConnTimeout = idleTimeout
	t.MaxResponseHeaderBytes = maxHeaderBytes
	t.MaxConnsPerHost = connectionsPerHost
	t.MaxIdleConnsPerHost = connectionsPerHost
	t.MaxIdleConns = 2 * connectionsPerHost // the API and the storage
	t.HTTP2 = &http.HTTP2Config{SendPingTimeout: pingAfter, PingTimeout: pingTimeout}
	t.OnProxyConnectResponse = func(_ context.Context, proxy *url.URL, _ *http.Request, res *http.Response) error {
		if res.StatusCode == http.StatusOK {
			return nil
		}
		return &proxyError{host: proxy.Host, status: res.StatusCode}
	}
	return t
}

// neverFollow hands a redirect to the caller of http.Client.Do: a token must not follow one.
func neverFollow(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
