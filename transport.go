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

// The limits of the default transport. Those of net/http would let a call hang on an answer that never comes, an endless
// header or a connection that a router silently dropped.
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

// DefaultTransport returns a new transport with this package's default limits on dialing, TLS, headers and connections. To
// use your own certificate authority or proxy, change the transport and pass it to WithHTTPClient.
//
// It has no ResponseHeaderTimeout, because an upload waits longer for its answer than a call; WithAttemptTimeout limits
// calls. It uses the proxy in HTTPS_PROXY, HTTP_PROXY and NO_PROXY, and the certificate authorities of the system, or those
// in SSL_CERT_FILE and SSL_CERT_DIR where Go supports them.
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

// neverFollow makes http.Client.Do return a redirect instead of following it with the token.
func neverFollow(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
