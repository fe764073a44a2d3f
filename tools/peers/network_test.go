package peers

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/url"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/codeanttest"
)

// throttle forwards connections to target at so many bytes a second towards it. It returns its address.
func throttle(t *testing.T, target string, bytesPerSecond int) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			running.Go(func() {
				defer context.AfterFunc(ctx, func() { in.Close() })()
				defer in.Close()
				in.(*net.TCPConn).SetReadBuffer(4 << 10)
				out, err := net.Dial("tcp", target)
				if err != nil {
					return
				}
				defer context.AfterFunc(ctx, func() { out.Close() })()
				defer out.Close()
				back := make(chan struct{})
				go func() {
					defer close(back)
					io.Copy(in, out)
					in.Close()
				}()
				const parts = 10 // a second
				for ctx.Err() == nil {
					if _, err := io.CopyN(out, in, int64(bytesPerSecond/parts)); err != nil {
						break
					}
					pause(ctx, time.Second/parts)
				}
				out.(*net.TCPConn).CloseWrite()
				<-back
			})
		}
	})
	t.Cleanup(func() {
		stop()
		l.Close()
		running.Wait()
	})
	return l.Addr().String()
}

// slowly uploads a report of 1 MB to a storage that is reached at 25 kB a second. The kernel takes the whole report long
// before it has left, so no clock may start at its last byte.
func slowly(t *testing.T, storage *sink, address string) {
	t.Helper()
	api := newPresigner(t, "http://"+address+sinkPath)
	began := time.Now()
	result, err := api.upload(within(t, 3*time.Minute), t, report(1_000_000))
	require.NoError(t, err)
	assert.Equal(t, int64(1_000_000), result.Bytes)
	storage.assertTook(t, 1_000_000)
	assert.Equal(t, 1, seen(api.Server, "coverage.complete"))
	assert.Greater(t, time.Since(began), 30*time.Second, "the link must have been slow")
}

func TestThrottledUploadTakesItsTime(t *testing.T) {
	t.Parallel()
	storage := newSink(t)
	slowly(t, storage, throttle(t, hostOf(t, storage.URL), 25_000))
}

// hostOf returns host and port of a URL.
func hostOf(t *testing.T, raw string) string {
	t.Helper()
	u, err := url.Parse(raw)
	require.NoError(t, err)
	return u.Host
}

// The tests named Namespace run in a network namespace of their own, whose loopback they may spoil.

func tool(t *testing.T, name string, args ...string) {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	require.NoError(t, err, "%s %s: %s", name, strings.Join(args, " "), out)
}

// drop lets packets to a port vanish, until undrop or the end of the test.
func drop(t *testing.T, port string, more ...string) (undrop func()) {
	t.Helper()
	rule := append([]string{"INPUT", "-i", "lo", "-p", "tcp", "--dport", port}, append(more, "-j", "DROP")...)
	tool(t, "iptables", append([]string{"-w", "-A"}, rule...)...)
	once := sync.OnceFunc(func() { tool(t, "iptables", append([]string{"-w", "-D"}, rule...)...) })
	t.Cleanup(once)
	return once
}

func portOf(t *testing.T, hostport string) (port string) {
	t.Helper()
	_, port, err := net.SplitHostPort(hostport)
	require.NoError(t, err)
	return port
}

// Not parallel: it slows down the whole loopback, before the other tests go on.
func TestNamespaceUploadOverASlowLink(t *testing.T) {
	tool(t, "tc", "qdisc", "add", "dev", "lo", "root", "tbf", "rate", "250kbit", "burst", "70kb", "latency", "2000ms")
	t.Cleanup(func() { tool(t, "tc", "qdisc", "del", "dev", "lo", "root") })
	storage := newSink(t)
	slowly(t, storage, hostOf(t, storage.URL))
}

// A link that is dead for a while in the middle of an upload costs no second transfer.
func TestNamespaceUploadOutlivesAnInterruption(t *testing.T) {
	t.Parallel()
	storage := newSink(t)
	host := hostOf(t, storage.URL)
	api := newPresigner(t, storage.url())
	var once sync.Once
	sent := report(8 * medium)
	result, err := api.send(within(t, 2*time.Minute), t, codeant.CoverageUpload{
		Revision: revision, Body: bytes.NewReader(sent),
		Progress: func(n, total int64) {
			if n > total/2 {
				once.Do(func() {
					undrop := drop(t, portOf(t, host))
					time.AfterFunc(5*time.Second, undrop)
				})
			}
		},
	})
	require.NoError(t, err)
	assert.Equal(t, int64(len(sent)), result.Bytes)
	storage.assertTook(t, len(sent))
}

// A caller's deadline ends an upload over a dead link, and the error says whose deadline it was.
func TestNamespaceDeadlineEndsAnUploadOverADeadLink(t *testing.T) {
	t.Parallel()
	storage := newSink(t)
	host := hostOf(t, storage.URL)
	api := newPresigner(t, storage.url())
	var once sync.Once
	sent := report(8 * medium)
	began := time.Now()
	result, err := api.send(within(t, 8*time.Second), t, codeant.CoverageUpload{
		Revision: revision, Body: bytes.NewReader(sent),
		Progress: func(n, total int64) {
			if n > total/2 {
				once.Do(func() { drop(t, portOf(t, host)) })
			}
		},
	})
	assert.Nil(t, result)
	assert.ErrorIs(t, err, codeant.ErrStorage)
	assert.ErrorIs(t, err, context.DeadlineExceeded)
	assert.Less(t, time.Since(began), 15*time.Second)
	assert.Zero(t, seen(api.Server, "coverage.complete"))
}

// A firewall that swallows the first packets: no answer to a dial is nobody's deadline.
func TestNamespaceNoAnswerToTheDial(t *testing.T) {
	t.Parallel()
	api := codeanttest.NewServer(t)
	host := hostOf(t, api.URL())
	drop(t, portOf(t, host))
	for _, call := range calls {
		t.Run(call.op, func(t *testing.T) {
			t.Parallel()
			client := newClient(t, api, api.URL(), codeant.WithRetry(codeant.RetryPolicy{MaxAttempts: 1}))
			_, err := call.do(within(t, time.Minute), client)
			assert.ErrorIs(t, err, codeant.ErrUnavailable)
			assert.NotErrorIs(t, err, context.DeadlineExceeded, "the caller set no such deadline")
			assert.NotErrorIs(t, err, codeant.ErrUnknownOutcome, "nothing was sent")
			assert.ErrorContains(t, err, "check the network")
		})
	}
}

// A router forgets a connection without a word, as it does with those that were idle for long. The client notices by
// itself, and a call that may be repeated is carried out over another connection.
func TestNamespaceForgottenConnection(t *testing.T) {
	t.Parallel()
	for _, http2 := range []bool{false, true} {
		t.Run(map[bool]string{false: "HTTP/1.1", true: "HTTP/2"}[http2], func(t *testing.T) {
			t.Parallel()
			for _, call := range calls {
				t.Run(call.op, func(t *testing.T) {
					t.Parallel()
					api := codeanttest.NewServer(t)
					front := startNginx(t, http2, hostOf(t, api.URL()), nginx{})
					var opts []codeant.Option
					if !http2 { // on HTTP/2 pings find out, sooner than the default time for an attempt is over
						opts = append(opts, codeant.WithAttemptTimeout(5*time.Second))
					}
					client := newClient(t, api, front.url, opts...)
					_, err := client.Tokens.List(t.Context())
					require.NoError(t, err)
					for _, port := range clientPorts(t, front.port) {
						drop(t, strconv.Itoa(front.port), "--sport", port)
					}
					_, err = call.do(within(t, time.Minute), client)
					switch {
					case call.op == "tokens.revoke":
						assert.ErrorIs(t, err, codeant.ErrNotFound, "the API's own answer to this call")
					case call.once:
						assert.ErrorIs(t, err, codeant.ErrUnknownOutcome)
						assert.NotErrorIs(t, err, context.DeadlineExceeded)
						assert.Zero(t, seen(api, call.op))
					default:
						assert.NoError(t, err)
						assert.Equal(t, 1, seen(api, call.op))
					}
				})
			}
		})
	}
}

// clientPorts returns the local ports of the connections to a port of loopback.
func clientPorts(t *testing.T, port int) []string {
	t.Helper()
	out, err := exec.Command("ss", "-Htn", "state", "established", "dport", "=", ":"+strconv.Itoa(port)).Output()
	require.NoError(t, err)
	var ports []string
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		if len(fields) >= 3 {
			_, p, err := net.SplitHostPort(fields[2])
			require.NoError(t, err)
			ports = append(ports, p)
		}
	}
	require.NotEmpty(t, ports)
	return ports
}
