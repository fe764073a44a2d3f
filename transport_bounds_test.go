package codeant

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestTheDefaultTransportIsBounded(t *testing.T) {
	t.Parallel()
	transport := DefaultTransport()
	assert.Equal(t, 10*time.Second, transport.TLSHandshakeTimeout)
	assert.Equal(t, time.Duration(0), transport.ResponseHeaderTimeout)
	assert.Equal(t, int64(256<<10), transport.MaxResponseHeaderBytes)
	assert.Equal(t, 64, transport.MaxConnsPerHost)
	assert.Equal(t, 64, transport.MaxIdleConnsPerHost)
	assert.Equal(t, 15*time.Second, transport.HTTP2.SendPingTimeout)
	assert.Equal(t, 10*time.Second, transport.HTTP2.PingTimeout)
	assert.NotNil(t, transport.Proxy, "the proxy of the environment is honoured")
	assert.Nil(t, transport.TLSClientConfig, "Go's own minimum, TLS 1.2, holds")
}
