package storage

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// listen serves each connection with f, on a real socket, and returns a presigned URL of it.
func listen(t *testing.T, f func(conn *net.TCPConn)) *url.URL {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			f(conn.(*net.TCPConn))
			conn.Close()
		}
	}()
	t.Cleanup(func() {
		listener.Close()
		<-done
	})
	return &url.URL{Scheme: "http", Host: listener.Addr().String(), Path: "/bucket/key", RawQuery: "X-Amz-Signature=hush"}
}

// transport is one with the dialer of the default transport of package codeant.
func transport(t *testing.T) *http.Transport {
	tr := &http.Transport{ExpectContinueTimeout: time.Second, DialContext: WrapDial((&net.Dialer{}).DialContext)}
	t.Cleanup(tr.CloseIdleConnections)
	return tr
}

func TestASuccessBeforeTheReportWasSentIsNone(t *testing.T) {
	t.Parallel()
	for _, size := range []int64{expectAbove + 1, 30 << 20} {
		for _, version := range []string{"HTTP/1.1", "HTTP/2.0"} {
			t.Run(fmt.Sprint(version, " ", size), func(t *testing.T) {
				t.Parallel()
				server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					assert.Equal(t, version, r.Proto)
					w.WriteHeader(http.StatusOK)
				}))
				server.EnableHTTP2 = version == "HTTP/2.0"
				server.StartTLS()
				t.Cleanup(server.Close)
				target, err := ParseURL(server.URL+presigned, false)
				require.NoError(t, err)

				tr := transport(t)
				tr.TLSClientConfig = server.Client().Transport.(*http.Transport).TLSClientConfig
				tr.ForceAttemptHTTP2 = true
				err = errOf(New(tr, "test/1").Put(t.Context(), target, endless{}, size, nil))

				var refusal *Refusal
				require.ErrorAs(t, err, &refusal)
				assert.Equal(t, http.StatusOK, refusal.StatusCode)
				assert.Contains(t, refusal.Reason, "it answered")
				assert.False(t, refusal.Transient())
			})
		}
	}
}

// Without Expect the answer comes while the report is on its way.
func TestASuccessInTheMiddleOfTheReportIsNone(t *testing.T) {
	t.Parallel()
	target := listen(t, func(conn *net.TCPConn) {
		req, err := http.ReadRequest(bufio.NewReaderSize(conn, 16))
		if !assert.NoError(t, err) {
			return
		}
		_, _ = io.CopyN(io.Discard, req.Body, 100<<10)
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		<-t.Context().Done() // the connection stays open and unread
	})
	tr := transport(t)
	tr.ExpectContinueTimeout = 0
	err := errOf(New(tr, "test/1").Put(t.Context(), target, endless{}, 64<<20, nil))
	var refusal *Refusal
	require.ErrorAs(t, err, &refusal)
	assert.Regexp(t, `^it answered when only \d+ of 67108864 bytes of the report had been sent$`, refusal.Reason)
}

func TestSwitchingProtocolsIsRefusedAndClosedUnread(t *testing.T) {
	t.Parallel()
	for _, size := range []int64{100, 2 << 20} {
		closed := make(chan error, 1)
		target := listen(t, func(conn *net.TCPConn) {
			r := bufio.NewReaderSize(conn, 16)
			_, err := http.ReadRequest(r)
			assert.NoError(t, err)
			_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
			_, err = io.Copy(io.Discard, r)
			closed <- err
		})
		err := errOf(New(transport(t), "test/1").Put(t.Context(), target, endless{}, size, nil))
		assert.Equal(t, &Refusal{StatusCode: 101, Reason: "it asks to speak another protocol"}, err)
		select {
		case <-closed:
		case <-time.After(20 * time.Second):
			assert.Fail(t, "the connection is still open")
		}
	}
}

// The storage reads a little, answers and closes; the rest of the report then meets a reset.
func TestAnEarlyRefusalIsReadThoughTheConnectionBreaks(t *testing.T) {
	t.Parallel()
	const answer = `<Error><Code>NoSuchBucket</Code><Message>The specified bucket does not exist</Message></Error>`
	target := listen(t, func(conn *net.TCPConn) {
		req, err := http.ReadRequest(bufio.NewReaderSize(conn, 16))
		if !assert.NoError(t, err) {
			return
		}
		if req.Header.Get("Expect") != "" {
			_, _ = io.WriteString(conn, "HTTP/1.1 100 Continue\r\n\r\n")
		}
		_, _ = io.CopyN(io.Discard, req.Body, 1<<20)
		fmt.Fprintf(conn, "HTTP/1.1 404 Not Found\r\nContent-Type: application/xml\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s", len(answer), answer)
	})
	client := New(transport(t), "test/1")
	for i := range 20 {
		err := errOf(client.Put(t.Context(), target, endless{}, 64<<20, nil))
		assert.Equal(t, &Refusal{StatusCode: 404, Code: "NoSuchBucket", Message: "The specified bucket does not exist"}, err, i)
	}
}

func TestAFailedWriteDoesNotWaitWhereNothingMoreWillBeRead(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	for name, prepare := range map[string]func(conn net.Conn){
		"the reader has ended": func(conn net.Conn) { _, _ = conn.Read(make([]byte, 1)) },
		"closed":               func(conn net.Conn) { conn.Close() },
	} {
		dial := WrapDial(func(context.Context, string, string) (net.Conn, error) { return brokenConn{err: broken}, nil })
		conn, err := dial(t.Context(), "", "")
		require.NoError(t, err)
		prepare(conn)
		began := time.Now()
		_, err = conn.Write(make([]byte, 1))
		assert.Equal(t, broken, err)
		assert.Less(t, time.Since(began), lateAnswer, name)
	}
	_, err := WrapDial(func(context.Context, string, string) (net.Conn, error) { return nil, broken })(t.Context(), "", "")
	assert.Equal(t, broken, err)
}

type brokenConn struct {
	net.Conn
	err error
}

func (c brokenConn) Read([]byte) (int, error)  { return 0, io.EOF }
func (c brokenConn) Write([]byte) (int, error) { return 0, c.err }
func (c brokenConn) Close() error              { return nil }

// Types and codes of HTTP/2 frames (RFC 9113).
const (
	frameHeaders, frameReset, frameSettings, frameGoAway = 1, 3, 4, 7

	refusedStream = 7
)

func writeFrame(w io.Writer, kind byte, stream uint32, payload []byte) {
	header := []byte{byte(len(payload) >> 16), byte(len(payload) >> 8), byte(len(payload)), kind, 0}
	_, _ = w.Write(append(binary.BigEndian.AppendUint32(header, stream), payload...))
}

// speakHTTP2 answers each request on a connection with f.
func speakHTTP2(conn net.Conn, f func(stream uint32)) {
	if _, err := io.ReadFull(conn, make([]byte, len("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"))); err != nil {
		return
	}
	writeFrame(conn, frameSettings, 0, nil)
	header := make([]byte, 9)
	for {
		if _, err := io.ReadFull(conn, header); err != nil {
			return
		}
		length := int64(header[0])<<16 | int64(header[1])<<8 | int64(header[2])
		if _, err := io.CopyN(io.Discard, conn, length); err != nil {
			return
		}
		if header[3] == frameHeaders {
			f(binary.BigEndian.Uint32(header[5:]))
		}
	}
}

// net/http would send a request without limit, had it a way to get its body again.
func TestNothingBelowSendsTheReportAgain(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]func(conn net.Conn, stream uint32){
		"refused stream": func(conn net.Conn, stream uint32) {
			writeFrame(conn, frameReset, stream, binary.BigEndian.AppendUint32(nil, refusedStream))
		},
		"going away": func(conn net.Conn, _ uint32) {
			writeFrame(conn, frameGoAway, 0, make([]byte, 8))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var requests atomic.Int64
			target := listen(t, func(conn *net.TCPConn) {
				speakHTTP2(conn, func(stream uint32) {
					requests.Add(1)
					answer(conn, stream)
				})
			})
			tr := transport(t)
			tr.Protocols = &http.Protocols{}
			tr.Protocols.SetUnencryptedHTTP2(true)

			err := errOf(New(tr, "test/1").Put(t.Context(), target, strings.NewReader(strings.Repeat("x", 100_000)), 100_000, nil))

			tr.CloseIdleConnections()
			assert.Equal(t, errUnprocessed, err)
			assert.EqualError(t, err, "the storage closed the connection before it took the report")
			assert.Equal(t, int64(1), requests.Load())
		})
	}
}

func TestTheWordsOfNetHTTPForOurOwnDoingAreNotRepeated(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]error{
		"write tcp 127.0.0.1:1->127.0.0.1:2: use of closed network connection":                                              errClosed,
		"http: cannot rewind body after connection loss":                                                                    errUnprocessed,
		"http2: Transport: cannot retry err [x] after Request.Body was written; define Request.GetBody to avoid this error": errUnprocessed,
		"http2: server sent GOAWAY and closed the connection; LastStreamID=1, ErrCode=NO_ERROR":                             errUnprocessed,
		"stream error: stream ID 1; REFUSED_STREAM":                                                                         errUnprocessed,
	} {
		tr := roundTrip(func(*http.Request) (*http.Response, error) { return nil, errors.New(text) })
		err := errOf(New(tr, "test/1").Put(t.Context(), &url.URL{Scheme: "https", Host: "storage.test"}, endless{}, 10, nil))
		assert.Equal(t, want, err)
	}
}
