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
	headerTimeout       = 30 * time.Second
	pingAfter           = 15 * time.Second
	pingTimeout         = 10 * time.Second
	maxHeaderBytes      = 256 << 10
	connectionsPerHost  = 64
	defaultCallTimeout  = 30 * time.Second
	defaultStallTimeout = 20 * time.Second
	defaultMaxResponse  = 64 << 20
	maxErrorBody        = 64 << 10
)

func newTransport() *http.Transport {
	t := cleanhttp.DefaultPooledTransport()
	t.DialContext = storage.WrapDial((&net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second}).DialContext)
	t.TLSHandshakeTimeout = tlsTimeout
	t.ResponseHeaderTimeout = headerTimeout
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
