package peers

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/codeanttest"
)

// haproxy are lines besides those that every configuration here has: one frontend that hands everything to one server.
type haproxy struct{ frontend, backend string }

const haproxyTemplate = `
global
	log stdout format raw local0
	tune.ssl.default-dh-param 2048
	hard-stop-after 5s
defaults
	mode http
	log global
	log-format "%HV %ST %HM %HU"
	timeout connect 2s
	timeout client 30s
	timeout server 20s
	retries 2
frontend api
	bind 127.0.0.1:@port@ ssl crt @bundle@ alpn @alpn@
	@frontend@
	default_backend upstream
backend upstream
	@backend@
	server one @upstream@
`

func startHAProxy(t *testing.T, http2 bool, upstream string, h haproxy) *front {
	t.Helper()
	dir := t.TempDir()
	port := freePort(t)
	alpn := "http/1.1"
	if http2 {
		alpn = "h2,http/1.1"
	}
	config := strings.NewReplacer(
		"@upstream@", upstream, "@port@", strconv.Itoa(port), "@bundle@", certificate.bundle, "@alpn@", alpn,
		"@frontend@", h.frontend, "@backend@", h.backend,
	).Replace(haproxyTemplate)
	file := filepath.Join(dir, "haproxy.cfg")
	require.NoError(t, os.WriteFile(file, []byte(config), 0o600))
	f := &front{url: fmt.Sprintf("https://localhost:%d", port), port: port, silent: true, reload: syscall.SIGUSR2}
	f.launch = func() *process {
		p := start(t, port, program(t, "PEERS_HAPROXY"), "-W", "-db", "-f", file)
		f.log = p.log
		return p
	}
	f.process = f.launch()
	return f
}

func TestHAProxyFaults(t *testing.T) {
	t.Parallel()
	testFaults(t, func(t *testing.T, http2 bool, upstream string, c faultCase) *front {
		return startHAProxy(t, http2, upstream, *c.haproxy)
	}, func(c faultCase) bool { return c.haproxy != nil })
}

// When the backend closes a connection that HAProxy used before, HAProxy resets the client's HTTP/2 stream with
// REFUSED_STREAM. By the letter (RFC 9113, section 8.7) that says that the request was not processed, though the backend
// saw it. So a start takes its next attempt, as it may, but never more than the policy allows, and each of them is counted.
func TestHAProxyRefusesStreamsThatItsBackendSaw(t *testing.T) {
	t.Parallel()
	for _, call := range calls {
		t.Run(call.op, func(t *testing.T) {
			t.Parallel()
			api := codeanttest.NewServer(t)
			f := startHAProxy(t, true, hostOf(t, api.URL()), haproxy{})
			client := newClient(t, api, f.url)
			_, err := client.Tokens.List(t.Context())
			require.NoError(t, err)
			api.Inject(call.op, forever(codeanttest.Fault{Reset: true})...)
			_, err = call.do(within(t, 20*time.Second), client)
			assert.ErrorIs(t, err, codeant.ErrUnavailable)
			var apiErr *codeant.APIError
			if assert.ErrorAs(t, err, &apiErr) {
				assert.Equal(t, 3, apiErr.Attempts)
			}
			assert.Equal(t, 3, seen(api, call.op), "requests that the API saw")
		})
	}
}
