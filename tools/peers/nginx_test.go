package peers

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// nginx are directives besides those that every configuration here has: one server that hands everything to an upstream.
type nginx struct {
	http, server, location string // at each level
	limit                  string // of the body; "1m" if empty, as in nginx itself
	scheme                 string // of the upstream; "http" if empty
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
	log_format short '$server_protocol $status $request_method $request_uri "$sent_http_content_encoding"';
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
			proxy_pass @scheme@://api;
			proxy_http_version 1.1;
			proxy_set_header Connection "";
			proxy_set_header Host $http_host;
			@location@
		}
	}
}
`

func startNginx(t *testing.T, http2 bool, upstream string, n nginx) *front {
	t.Helper()
	dir := t.TempDir()
	port := freePort(t)
	if n.limit == "" {
		n.limit = "1m"
	}
	if n.scheme == "" {
		n.scheme = "http"
	}
	listen := "ssl"
	if http2 {
		listen = "ssl http2"
	}
	config := strings.NewReplacer(
		"@limit@", n.limit, "@scheme@", n.scheme, "@upstream@", upstream, "@http@", n.http, "@port@", strconv.Itoa(port), "@listen@", listen,
		"@chain@", certificate.chain, "@key@", certificate.key, "@server@", n.server, "@location@", n.location,
	).Replace(nginxTemplate)
	file := filepath.Join(dir, "nginx.conf")
	require.NoError(t, os.WriteFile(file, []byte(config), 0o600))
	f := &front{url: fmt.Sprintf("https://localhost:%d", port), port: port, log: filepath.Join(dir, "access.log"), reload: syscall.SIGHUP}
	f.launch = func() *process {
		return start(t, port, program(t, "PEERS_NGINX"), "-p", dir, "-c", file, "-e", "stderr")
	}
	f.process = f.launch()
	return f
}

func TestNginxFaults(t *testing.T) {
	t.Parallel()
	testFaults(t, func(t *testing.T, http2 bool, upstream string, c faultCase) *front {
		return startNginx(t, http2, upstream, *c.nginx)
	}, func(c faultCase) bool { return c.nginx != nil })
}
