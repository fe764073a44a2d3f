package codeant_test

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant"
)

// halfBody is the beginning of an answer.
const halfBody = `{"status":"done","value":"` + canary + `","results":[{"match":"` + canary + `"}],"token":"` + canary + `"`

// lost is what an operation makes of an answer that does not come whole.
var lost = peerFault{again: true, unknown: true, kind: codeant.ErrUnavailable}

// http1Fault is what a server of HTTP/1.1 does to a connection instead of answering.
type http1Fault struct {
	peerFault
	strike func(conn *net.TCPConn, req *http.Request)
}

func http1Faults() map[string]http1Fault {
	const (
		head    = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
		long    = head + "Content-Length: 5000\r\n\r\n" + halfBody
		chunked = head + "Transfer-Encoding: chunked\r\n\r\n1000\r\n" + halfBody
	)
	writes := func(text string) func(*net.TCPConn, *http.Request) {
		return func(conn *net.TCPConn, _ *http.Request) { io.WriteString(conn, text) }
	}
	resets := func(text string) func(*net.TCPConn, *http.Request) {
		return func(conn *net.TCPConn, _ *http.Request) {
			io.WriteString(conn, text)
			conn.SetLinger(0)
		}
	}
	return map[string]http1Fault{
		"a reset before the body is read": {lost, resets("")},
		"a reset after the body": {lost, func(conn *net.TCPConn, req *http.Request) {
			io.Copy(io.Discard, req.Body)
			conn.SetLinger(0)
		}},
		"the end of the connection": {lost, func(_ *net.TCPConn, req *http.Request) { io.Copy(io.Discard, req.Body) }},
		"half an answer":            {lost, writes(long)},
		"half an answer, a reset":   {lost, resets(long)},
		"half a chunk":              {lost, writes(chunked)},
		"101": {peerFault{kind: codeant.ErrBadResponse}, func(conn *net.TCPConn, _ *http.Request) {
			io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"+halfBody)
			io.Copy(io.Discard, conn) // silent until the client hangs up
		}},
	}
}

// http2Fault is what a server of HTTP/2 does to a stream or its connection instead of answering.
type http2Fault struct {
	peerFault
	strike func(f frames, stream uint32)
}

func http2Faults() map[string]http2Fault {
	unprocessed := peerFault{again: true, always: true, kind: codeant.ErrUnavailable}
	goesAway := unprocessed
	goesAway.most = 3 * 6 // three attempts of six
	reset := func(code uint32) func(frames, uint32) { return func(f frames, stream uint32) { f.reset(stream, code) } }
	goAway := func(before uint32) func(frames, uint32) {
		return func(f frames, stream uint32) {
			f.goAway(stream-before, codeNone)
			f.Close()
		}
	}
	return map[string]http2Fault{
		"REFUSED_STREAM":            {unprocessed, reset(codeRefused)},
		"INTERNAL_ERROR":            {lost, reset(codeInternal)},
		"CANCEL":                    {lost, reset(codeCancel)},
		"GOAWAY before the request": {goesAway, goAway(1)},
		"GOAWAY after the request":  {lost, goAway(0)},
		"half an answer": {lost, func(f frames, stream uint32) {
			f.write(frameHeaders, flagEndHeaders, stream, status200)
			f.write(frameData, 0, stream, []byte(halfBody)...)
			f.reset(stream, codeInternal)
		}},
	}
}

// struckPeer answers one operation's path with a fault, the first time or always, and counts its requests. It knows no other
// path.
type struckPeer struct {
	path, good string
	fault      http1Fault
	forever    bool
	requests   atomic.Int32
}

func (p *struckPeer) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if req.URL.Path != p.path {
		http.NotFound(w, req)
		return
	}
	if n := p.requests.Add(1); n > 1 && !p.forever {
		io.WriteString(w, p.good)
		return
	}
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	defer conn.Close()
	p.fault.strike(conn.(*net.TCPConn), req)
}

func TestEveryOperationMeetsEveryFaultOfASocketOnceAndForEver(t *testing.T) {
	t.Parallel()
	var mux http.ServeMux // one server, on which each case has a path
	var cases atomic.Int32
	server := httptest.NewServer(&mux)
	t.Cleanup(server.Close)
	for _, op := range codeant.DeclaredOperations(t) {
		m := methodOf(t, op)
		call := func(t *testing.T, client func(...codeant.Option) *codeant.Client) (log string, err error) {
			var buf bytes.Buffer
			debug := &slog.HandlerOptions{Level: slog.LevelDebug}
			err = m.call(t.Context(), client(codeant.WithLogger(slog.New(slog.NewJSONHandler(&buf, debug)))))
			return buf.String(), err
		}
		t.Run(op.Variable, func(t *testing.T) {
			t.Parallel()
			calm := &faultyPeer{path: op.Path, good: m.good, requests: 1}
			require.NoError(t, m.call(t.Context(), funnelClient(t, calm)))
			for name, fault := range http1Faults() {
				for _, forever := range []bool{false, true} {
					prefix := fmt.Sprintf("/case-%d", cases.Add(1))
					t.Run(fmt.Sprintf("HTTP/1.1, %s, for ever %t", name, forever), func(t *testing.T) {
						peer := &struckPeer{path: op.Path, good: m.good, fault: fault, forever: forever}
						mux.Handle(prefix+"/", http.StripPrefix(prefix, peer))
						log, err := call(t, func(o ...codeant.Option) *codeant.Client { return rawClient(t, server.URL+prefix, o...) })
						judge(t, op, m, fault.peerFault, forever, err, int(peer.requests.Load()), log)
					})
				}
			}
			for name, fault := range http2Faults() {
				for _, forever := range []bool{false, true} {
					t.Run(fmt.Sprintf("HTTP/2, %s, for ever %t", name, forever), func(t *testing.T) {
						client, requests := http2Server(t, func(f frames, stream uint32, number int32) {
							switch n := int(number) - calm.others; {
							case n < 1:
								f.write(frameHeaders, flagEndHeaders|flagEndStream, stream, status404)
							case n == 1 || forever:
								fault.strike(f, stream)
							default:
								f.answer(stream, m.good)
							}
						})
						log, err := call(t, client)
						judge(t, op, m, fault.peerFault, forever, err, int(requests.Load())-calm.others, log)
					})
				}
			}
		})
	}
}

func TestTheUploadMeetsEveryFaultOfASocketOnceAndForEver(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lcov.info")
	require.NoError(t, os.WriteFile(path, []byte(lcovReport), 0o600))
	for name, fault := range http1Faults() {
		for _, forever := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, for ever %t", name, forever), func(t *testing.T) {
				t.Parallel()
				peer := &struckPeer{path: "/bucket/report", fault: fault, forever: forever}
				store := httptest.NewServer(peer)
				t.Cleanup(store.Close)
				var log bytes.Buffer
				debug := &slog.HandlerOptions{Level: slog.LevelDebug}
				client, completed := apiFor(t, store.URL, impatient, codeant.WithLogger(slog.New(slog.NewJSONHandler(&log, debug))))

				_, err := client.Coverage.Upload(t.Context(), codeant.CoverageUpload{Revision: shop, Path: path})

				assert.EqualValues(t, fault.sent(true, forever), peer.requests.Load())
				if fault.again && !forever {
					assert.NoError(t, err)
					assert.EqualValues(t, 1, completed.Load())
					return
				}
				assert.ErrorIs(t, err, codeant.ErrStorage)
				assert.Zero(t, completed.Load(), "only a stored report is completed")
				printed := everyForm(t, err) + log.String()
				for _, secret := range []string{canary, coverageToken, "feedfacecafe"} {
					assert.NotContains(t, printed, secret)
				}
			})
		}
	}
}
