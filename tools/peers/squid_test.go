package peers

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/codeanttest"
)

// The API's name. The environment's proxy does not count for loopback names, and only the proxy knows where this one is.
const proxiedHost = "api.codeant.test"

const (
	proxyUser     = "ci"
	proxyPassword = "canary-pa55word"
)

const squidTemplate = `
http_port 127.0.0.1:@port@
visible_hostname proxy.codeant.test
hosts_file @dir@/hosts
pid_filename @dir@/squid.pid
access_log stdio:@dir@/access.log
cache_log @dir@/cache.log
cache_store_log none
coredump_dir @dir@
cache deny all
shutdown_lifetime 0 seconds
pinger_enable off
auth_param basic program /bin/sh @dir@/login.sh
auth_param basic children 1
acl users proxy_auth REQUIRED
acl connect method CONNECT
@access@
http_access deny all
`

// squid is a running proxy.
type squid struct {
	*process
	port   int
	access string // its log
}

func startSquid(t *testing.T, access string) *squid {
	t.Helper()
	dir := t.TempDir()
	// Squid gives up root's rights.
	require.NoError(t, os.Chmod(filepath.Dir(dir), 0o755))
	require.NoError(t, os.Chmod(dir, 0o777))
	port := freePort(t)
	for name, text := range map[string]string{
		"hosts": "127.0.0.1 " + proxiedHost + "\n",
		"login.sh": "while read -r user password; do\n" +
			"\tif [ \"$user $password\" = '" + proxyUser + " " + proxyPassword + "' ]; then echo OK; else echo ERR; fi\ndone\n",
		"squid.conf": strings.NewReplacer("@port@", strconv.Itoa(port), "@dir@", dir, "@access@", access).Replace(squidTemplate),
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
	}
	p := start(t, port, program(t, "PEERS_SQUID"), "--foreground", "-n", "peers"+strconv.Itoa(port), "-f", filepath.Join(dir, "squid.conf"))
	return &squid{p, port, filepath.Join(dir, "access.log")}
}

// assertConnects says how many tunnels the proxy was asked for. It returns its log, which is written when a tunnel ends.
func (s *squid) assertConnects(t *testing.T, want int) string {
	t.Helper()
	var text []byte
	assert.Eventually(t, func() bool {
		text, _ = os.ReadFile(s.access)
		return strings.Count(string(text), " CONNECT ") >= want
	}, 10*time.Second, 20*time.Millisecond)
	assert.Equal(t, want, strings.Count(string(text), " CONNECT "), "%s", text)
	return string(text)
}

// serveTLS puts the API of codeanttest behind a certificate, on all names of this package. It returns the port.
func serveTLS(t *testing.T, target string) int {
	t.Helper()
	u, err := url.Parse(target)
	require.NoError(t, err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := &http.Server{Handler: httputil.NewSingleHostReverseProxy(u)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		server.ServeTLS(l, certificate.chain, certificate.key)
	}()
	t.Cleanup(func() {
		server.Close()
		<-done
	})
	return l.Addr().(*net.TCPAddr).Port
}

// runProgram runs one of the programs of this repository. It returns what it printed and its exit code.
func runProgram(t *testing.T, env []string, name string, args ...string) (string, int) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	cmd := exec.CommandContext(ctx, filepath.Join(program(t, "PEERS_PROGRAMS"), name), args...)
	var out bytes.Buffer
	cmd.Dir, cmd.Stdout, cmd.Stderr = t.TempDir(), &out, &out
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + cmd.Dir, "SSL_CERT_FILE=" + certificate.authority}, env...)
	err := cmd.Run()
	if cmd.ProcessState == nil {
		require.NoError(t, err)
	}
	return out.String(), cmd.ProcessState.ExitCode()
}

func TestSquid(t *testing.T) {
	t.Parallel()
	const withLogin = "http_access allow users connect"
	for _, c := range []struct {
		name     string
		access   string
		login    string // before the proxy's host, in the variable
		down     bool
		exit     int
		text     []string
		notText  []string
		seen     int
		connects int
	}{
		{name: "CONNECT is allowed", access: "http_access allow connect", seen: 1, connects: 1},
		{name: "with a login", access: withLogin, login: proxyUser + ":" + proxyPassword + "@", seen: 1, connects: 1},
		{name: "without a login", access: withLogin, exit: 4, text: []string{"proxy", "407"}, notText: []string{"API tokens"}, connects: 1},
		{
			name: "with a wrong login", access: withLogin, login: proxyUser + ":not-the-" + proxyPassword + "@",
			exit: 4, text: []string{"proxy", "407"}, notText: []string{"API tokens"}, connects: 1,
		},
		{
			name: "CONNECT is forbidden", access: "", login: proxyUser + ":" + proxyPassword + "@",
			exit: 4, text: []string{"proxy", "403"}, notText: []string{"API tokens"}, connects: 1,
		},
		{
			name: "down", access: "", login: proxyUser + ":" + proxyPassword + "@", down: true,
			exit: 4, text: []string{"proxy", "refused"}, notText: []string{"API tokens"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			api := codeanttest.NewServer(t)
			apiPort := serveTLS(t, api.URL())
			port := freePort(t)
			var proxy *squid
			if !c.down {
				proxy = startSquid(t, c.access)
				port = proxy.port
			}
			env := []string{
				fmt.Sprintf("HTTPS_PROXY=http://%s127.0.0.1:%d", c.login, port),
				fmt.Sprintf("%s=https://%s:%d", codeant.BaseURLEnv, proxiedHost, apiPort),
				codeant.TokenEnv + "=" + api.Token().Reveal(),
			}
			printed, exit := runProgram(t, env, "quality-gates", "-r", revision.Repo, "-c", revision.Commit)
			assert.Equal(t, c.exit, exit, "%s", printed)
			for _, text := range c.text {
				assert.Contains(t, printed, text)
			}
			for _, text := range c.notText {
				assert.NotContains(t, printed, text)
			}
			assert.NotContains(t, printed, proxyPassword)
			assert.NotContains(t, printed, api.Token().Reveal())
			assert.Equal(t, c.seen, seen(api, "gates.start"))
			if proxy != nil {
				proxy.assertConnects(t, c.connects)
			}
		})
	}
}

// The report goes through the proxy too, and the proxy sees neither the token nor the signed URL.
func TestSquidCarriesReports(t *testing.T) {
	t.Parallel()
	storage := newSink(t)
	api := newPresigner(t, fmt.Sprintf("https://%s:%d%s", proxiedHost, serveTLS(t, storage.URL), sinkPath))
	proxy := startSquid(t, "http_access allow users connect")
	dir := t.TempDir()
	file := filepath.Join(dir, "lcov.info")
	require.NoError(t, os.WriteFile(file, report(medium), 0o600))
	printed, exit := runProgram(t, []string{
		fmt.Sprintf("HTTPS_PROXY=http://%s:%s@127.0.0.1:%d", proxyUser, proxyPassword, proxy.port),
		fmt.Sprintf("%s=https://%s:%d", codeant.BaseURLEnv, proxiedHost, serveTLS(t, api.URL())),
		codeant.TokenEnv + "=" + api.Token().Reveal(), "CODEANT_PROVIDER=github",
	}, "upload-coverage", "-r", revision.Repo, "-c", revision.Commit, "-f", file)
	assert.Equal(t, 0, exit, "%s", printed)
	log := proxy.assertConnects(t, 2) // one to the API, one to the storage
	for _, secret := range []string{proxyPassword, api.Token().Reveal(), "aSignatureThatIsSecret"} {
		assert.NotContains(t, printed, secret)
		assert.NotContains(t, log, secret)
	}
	storage.assertTook(t, medium)
	assert.Equal(t, 1, seen(api.Server, "coverage.complete"))
}
