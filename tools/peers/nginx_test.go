package peers

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant/codeanttest"
)

// protocols are the ways in which a client reaches the front, by the words that nginx wants after "listen".
var protocols = map[string]string{"HTTP/1.1": "ssl", "HTTP/2": "ssl http2"}

// nginx is a configuration: one server that hands everything to an upstream.
type nginx struct {
	listen   string // "ssl" or "ssl http2"
	upstream string // host and port
	http     string // further directives at each level
	server   string
	location string
	limit    string // of the body, "1m" by default as in nginx itself
}

type nginxProcess struct {
	*process
	url    string
	access string // its log: protocol, status, upstream's status, request
}

const nginxTemplate = `
daemon off;
worker_processes 2;
user root;
pid nginx.pid;
error_log error.log info;
worker_shutdown_timeout 5s;
events { worker_connections 1024; }
http {
	log_format short '$server_protocol $status "$upstream_status" "$sent_http_content_encoding" $request_uri';
	access_log access.log short;
	client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
	client_max_body_size @limit@;
	upstream api { server @upstream@; keepalive 32; }
	@http@
	server {
		listen 127.0.0.1:@port@ @listen@;
		server_name localhost;
		ssl_certificate @chain@;
		ssl_certificate_key @key@;
		@server@
		location / {
			proxy_pass http://api;
			proxy_http_version 1.1;
			proxy_set_header Connection "";
			proxy_set_header Host $http_host;
			@location@
		}
	}
}
`

func (n nginx) start(t *testing.T) *nginxProcess {
	t.Helper()
	dir := t.TempDir()
	port := freePort(t)
	if n.limit == "" {
		n.limit = "1m"
	}
	config := strings.NewReplacer(
		"@limit@", n.limit, "@upstream@", n.upstream, "@http@", n.http, "@port@", fmt.Sprint(port), "@listen@", n.listen,
		"@chain@", certificate.chain, "@key@", certificate.key, "@server@", n.server, "@location@", n.location,
	).Replace(nginxTemplate)
	file := filepath.Join(dir, "nginx.conf")
	require.NoError(t, os.WriteFile(file, []byte(config), 0o600))
	p := start(t, port, program(t, "PEERS_NGINX"), "-p", dir, "-c", file, "-e", "stderr")
	return &nginxProcess{process: p, url: fmt.Sprintf("https://localhost:%d", port), access: filepath.Join(dir, "access.log")}
}

// requests returns the lines of nginx's log of accesses.
func (p *nginxProcess) requests(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(p.access)
	require.NoError(t, err)
	return strings.FieldsFunc(string(text), func(r rune) bool { return r == '\n' })
}

func hostOf(server *codeanttest.Server) string { return strings.TrimPrefix(server.URL(), "http://") }

// After every fifth request nginx closes the connection or, on HTTP/2, says that it will. No call may be lost by that,
// and none sent twice.
func TestNginxClosesConnectionsAfterFiveRequests(t *testing.T) {
	t.Parallel()
	for protocol, listen := range protocols {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			api := codeanttest.NewServer(t)
			front := nginx{listen: listen, upstream: hostOf(api), http: "keepalive_requests 5;"}.start(t)
			client := newClient(t, api, front.url)
			ctx := within(t, 60*time.Second)
			var group sync.WaitGroup
			failed := make([]error, 320)
			for worker := range 16 {
				group.Go(func() {
					for i := worker * 20; i < (worker+1)*20; i++ {
						_, failed[i] = client.Gates.Start(ctx, numbered(i))
					}
				})
			}
			group.Wait()
			for i, err := range failed {
				assert.NoError(t, err, "call %d", i)
			}
			assert.Equal(t, 320, seen(api, "gates.start"))
			for body, n := range bodies(api) {
				assert.Equal(t, 1, n, body)
			}
			assert.Contains(t, front.requests(t)[0], protocol[:len("HTTP/2")-1], "the protocol that nginx saw")
		})
	}
}
