package storage

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const presigned = "/bucket/key?X-Amz-Signature=hush&X-Amz-SignedHeaders=host"

// plain hides every method but Read.
type plain struct{ io.Reader }

// counter counts the bytes read from it.
type counter struct {
	io.Reader
	read atomic.Int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.read.Add(int64(n))
	return n, err
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// errOf leaves out the status of Put.
func errOf(_ int, err error) error { return err }

// serve starts a storage and returns a client of it and a presigned URL.
func serve(t *testing.T, handler http.HandlerFunc) (*Client, *url.URL) {
	t.Helper()
	transport := &http.Transport{ExpectContinueTimeout: time.Minute}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	t.Cleanup(transport.CloseIdleConnections)
	target, err := ParseURL(server.URL+presigned, false)
	require.NoError(t, err)
	return New(transport, "test/1"), target
}

func TestPutSendsExactlyTheSignedHeaders(t *testing.T) {
	t.Parallel()
	small, large := strings.Repeat("x", 100), strings.Repeat("y", expectAbove+1)
	for name, test := range map[string]struct {
		src  io.Reader
		text string
	}{
		"seekable":          {strings.NewReader(small), small},
		"wrapped":           {plain{strings.NewReader(small)}, small},
		"no-op closer":      {io.NopCloser(strings.NewReader(small)), small},
		"ends with a byte":  {iotest.DataErrReader(strings.NewReader(small)), small},
		"at the threshold":  {plain{strings.NewReader(large[1:])}, large[1:]},
		"above, wrapped":    {plain{strings.NewReader(large)}, large},
		"above, seekable":   {strings.NewReader(large), large},
		"grown meanwhile":   {plain{strings.NewReader(small + "more")}, small},
		"grown, and larger": {io.MultiReader(strings.NewReader(large), endless{}), large},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			type seen struct {
				method, uri, body string
				length            int64
				encoding          []string
				header            http.Header
			}
			requests := make(chan seen, 1)
			client, target := serve(t, func(_ http.ResponseWriter, r *http.Request) {
				body, err := io.ReadAll(r.Body)
				assert.NoError(t, err)
				requests <- seen{r.Method, r.RequestURI, string(body), r.ContentLength, r.TransferEncoding, r.Header}
			})
			size := int64(len(test.text))
			want := http.Header{
				"Accept-Encoding": {"gzip"},
				"Content-Length":  {strconv.FormatInt(size, 10)},
				"Content-Type":    {"application/xml"},
				"User-Agent":      {"test/1"},
			}
			if size > expectAbove {
				want.Set("Expect", "100-continue")
			}
			require.NoError(t, errOf(client.Put(t.Context(), target, test.src, size, nil)))
			got := <-requests
			assert.True(t, got.body == test.text, "the body differs")
			got.body = ""
			assert.Equal(t, seen{method: http.MethodPut, uri: presigned, length: size, header: want}, got)
		})
	}
}

func TestPutReadsNothingWhenRefusedBeforehand(t *testing.T) {
	t.Parallel()
	client, target := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) })
	src := &counter{Reader: endless{}}
	err := errOf(client.Put(t.Context(), target, src, 64<<20, func(int64) { assert.Fail(t, "progress without a byte sent") }))
	assert.Equal(t, &Refusal{StatusCode: http.StatusForbidden}, err)
	assert.Zero(t, src.read.Load())
}

func TestPutFollowsNoRedirect(t *testing.T) {
	t.Parallel()
	for _, status := range []int{301, 302, 303, 307, 308} {
		t.Run(strconv.Itoa(status), func(t *testing.T) {
			t.Parallel()
			var requests atomic.Int64
			client, target := serve(t, func(w http.ResponseWriter, r *http.Request) {
				requests.Add(1)
				_, _ = io.Copy(io.Discard, r.Body)
				w.Header().Set("Location", "http://"+r.Host+"/elsewhere?X-Amz-Signature=hush")
				w.WriteHeader(status)
			})
			err := errOf(client.Put(t.Context(), target, strings.NewReader("abc"), 3, nil))
			assert.Equal(t, &Refusal{StatusCode: status, Location: target.Host}, err)
			assert.EqualError(t, err, "the storage answered "+strconv.Itoa(status))
			assert.Equal(t, int64(1), requests.Load())
		})
	}
}

func TestPutReportsAFailingSource(t *testing.T) {
	t.Parallel()
	broken := errors.New("input/output error")
	for name, test := range map[string]struct {
		src  io.Reader
		size int64
		text string
		is   error
	}{
		"shrunk":              {plain{strings.NewReader("abc")}, 8, "it has 5 bytes less than when the upload began", nil},
		"emptied":             {strings.NewReader(""), 8, "it has 8 bytes less than when the upload began", nil},
		"shrunk, and larger":  {io.LimitReader(endless{}, 2<<20), 2<<20 + 1, "it has 1 bytes less than when the upload began", nil},
		"unreadable":          {io.MultiReader(strings.NewReader("abc"), errorReader{broken}), 8, "input/output error", broken},
		"unreadable at first": {errorReader{broken}, 8, "input/output error", broken},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, target := serve(t, func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) })
			err := errOf(client.Put(t.Context(), target, test.src, test.size, nil))
			var source *SourceError
			require.ErrorAs(t, err, &source)
			assert.EqualError(t, err, test.text)
			if test.is != nil {
				assert.Equal(t, &SourceError{test.is}, err)
				assert.ErrorIs(t, err, test.is)
			}
		})
	}
}

type errorReader struct{ err error }

func (r errorReader) Read([]byte) (int, error) { return 0, r.err }

func TestPutReportsProgressUpToTheSize(t *testing.T) {
	t.Parallel()
	const size = 300_000
	client, target := serve(t, func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) })
	var sent []int64
	require.NoError(t, errOf(client.Put(t.Context(), target, endless{}, size, func(n int64) { sent = append(sent, n) })))
	require.NotEmpty(t, sent)
	assert.IsIncreasing(t, append([]int64{0}, sent...))
	assert.Equal(t, int64(size), sent[len(sent)-1])
}

func TestPutLeavesTheSourceAloneOnceItReturned(t *testing.T) {
	t.Parallel()
	returned, late := make(chan struct{}), make(chan error, 1)
	transport := roundTrip(func(req *http.Request) (*http.Response, error) {
		if _, err := io.ReadFull(req.Body, make([]byte, 4)); err != nil {
			return nil, err
		}
		go func() {
			<-returned
			_, err := req.Body.Read(make([]byte, 4))
			late <- err
		}()
		return &http.Response{StatusCode: http.StatusForbidden, Header: http.Header{}, Body: http.NoBody, Request: req}, nil
	})
	src := &counter{Reader: endless{}}
	err := errOf(New(transport, "test/1").Put(t.Context(), &url.URL{Scheme: "https", Host: "storage.test"}, src, 100, nil))
	close(returned)
	assert.Equal(t, &Refusal{StatusCode: http.StatusForbidden}, err)
	assert.EqualError(t, <-late, "the upload has ended")
	assert.Equal(t, int64(4), src.read.Load())
}

func TestASuccessIsJudgedByWhatHadBeenSentWhenTheAnswerBegan(t *testing.T) {
	t.Parallel()
	all := func(req *http.Request) {
		_, err := io.Copy(io.Discard, req.Body)
		assert.NoError(t, err)
	}
	some := func(req *http.Request) {
		_, err := io.ReadFull(req.Body, make([]byte, 4))
		assert.NoError(t, err)
	}
	const early = "it answered when only 4 of 100 bytes of the report had been sent"
	for name, test := range map[string]struct {
		transport func(req *http.Request, trace *httptrace.ClientTrace)
		reason    string
	}{
		"all was sent":               {func(req *http.Request, _ *httptrace.ClientTrace) { all(req) }, ""},
		"some was sent":              {func(req *http.Request, _ *httptrace.ClientTrace) { some(req) }, early},
		"the answer began after all": {func(req *http.Request, trace *httptrace.ClientTrace) { all(req); trace.GotFirstResponseByte() }, ""},
		"the rest was sent after the answer began": {
			func(req *http.Request, trace *httptrace.ClientTrace) {
				some(req)
				trace.GotFirstResponseByte()
				all(req)
				trace.GotFirstResponseByte() // the first counts
			}, early,
		},
		"the rest was sent after an interim answer": {
			func(req *http.Request, trace *httptrace.ClientTrace) {
				some(req)
				trace.GotFirstResponseByte()
				assert.NoError(t, trace.Got1xxResponse(http.StatusContinue, nil))
				all(req)
				trace.GotFirstResponseByte()
			}, "",
		},
		"the rest was sent after the answer that followed an interim one": {
			func(req *http.Request, trace *httptrace.ClientTrace) {
				trace.GotFirstResponseByte()
				assert.NoError(t, trace.Got1xxResponse(http.StatusContinue, nil))
				some(req)
				trace.GotFirstResponseByte()
				all(req)
			}, early,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			transport := roundTrip(func(req *http.Request) (*http.Response, error) {
				test.transport(req, httptrace.ContextClientTrace(req.Context()))
				return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: http.NoBody, Request: req}, nil
			})
			err := errOf(New(transport, "test/1").Put(t.Context(), &url.URL{Scheme: "https", Host: "storage.test"}, endless{}, 100, nil))
			if test.reason == "" {
				assert.NoError(t, err)
				return
			}
			assert.Equal(t, &Refusal{StatusCode: http.StatusOK, Reason: test.reason}, err)
		})
	}
}

func TestPutEndsWhenCancelled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	client, target := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.ReadFull(r.Body, make([]byte, 10))
		cancel()
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	})
	err := errOf(client.Put(ctx, target, endless{}, 1<<40, nil))
	assert.ErrorIs(t, err, context.Canceled)
}

func TestPutSendsNothingWhenCancelledBefore(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	client, target := serve(t, func(http.ResponseWriter, *http.Request) { assert.Fail(t, "a request came") })
	src := &counter{Reader: endless{}}
	assert.ErrorIs(t, errOf(client.Put(ctx, target, src, 10, nil)), context.Canceled)
	assert.Zero(t, src.read.Load())
}

// virtual runs Put in a bubble against a server on the other end of a pipe and returns its error and how long it took.
func virtual(t *testing.T, size int64, server func(conn net.Conn, req *http.Request)) (time.Duration, error) {
	t.Helper()
	transport := &http.Transport{
		DisableKeepAlives:     true,
		ExpectContinueTimeout: time.Second,
		DialContext: func(context.Context, string, string) (net.Conn, error) {
			near, far := net.Pipe()
			go func() {
				defer far.Close()
				req, err := http.ReadRequest(bufio.NewReaderSize(far, 16))
				if assert.NoError(t, err) {
					server(far, req)
				}
			}()
			return near, nil
		},
	}
	began := time.Now()
	target := &url.URL{Scheme: "http", Host: "storage.test", Path: "/key"}
	err := errOf(New(transport, "test/1").Put(t.Context(), target, endless{}, size, nil))
	took := time.Since(began)
	<-time.After(2 * time.Hour) // lets the server come to its end before the bubble does
	return took, err
}

const fine = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

func TestPutEndsWhenNoByteMoves(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		took, err := virtual(t, 1<<20, func(net.Conn, *http.Request) { <-time.After(time.Hour) })
		assert.Equal(t, errStalled, err)
		assert.EqualError(t, err, "the upload stalled: no byte of the report moved for 1m0s")
		assert.Equal(t, 60*time.Second, took)
	})
}

func TestPutEndsWhenTheAnswerBreaksOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		took, err := virtual(t, 100, func(conn net.Conn, req *http.Request) {
			_, _ = io.Copy(io.Discard, req.Body)
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
			<-time.After(time.Hour)
		})
		assert.Equal(t, errHalfAnswer, err)
		assert.EqualError(t, err, "the storage's answer did not end within 20s")
		assert.Equal(t, 20*time.Second, took)
	})
}

// The last byte has been handed to the kernel's buffer, from which a slow link takes it for minutes.
func TestPutWaitsForTheAnswerAccordingToTheSizeOfTheReport(t *testing.T) {
	t.Parallel()
	const megabyte = 1_000_000
	for name, test := range map[string]struct {
		size        int64
		after, took time.Duration
		text        string
	}{
		"small, late answer":             {size: 100, after: 59 * time.Second, took: 59 * time.Second},
		"small, no answer":               {size: 100, after: time.Hour, took: 60 * time.Second, text: "the storage did not answer within 1m0s of the last byte"},
		"a megabyte over a slow network": {size: megabyte, after: 181 * time.Second, took: holdBack + 181*time.Second},
		"a megabyte, no answer":          {size: megabyte, after: time.Hour, took: holdBack + 182*time.Second, text: "the storage did not answer within 3m2s of the last byte"},
		"large, no answer":               {size: 20 * megabyte, after: time.Hour, took: holdBack + 10*time.Minute, text: "the storage did not answer within 10m0s of the last byte"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				took, err := virtual(t, test.size, func(conn net.Conn, req *http.Request) {
					_, _ = io.WriteString(conn, "HTTP/1.1 100 Continue\r\n\r\n")
					_, _ = io.Copy(io.Discard, req.Body)
					<-time.After(test.after)
					_, _ = io.WriteString(conn, fine)
				})
				if test.text == "" {
					require.NoError(t, err)
				} else {
					var interruption *Interruption
					require.ErrorAs(t, err, &interruption)
					assert.EqualError(t, err, test.text)
				}
				assert.Equal(t, test.took, took)
			})
		})
	}
}

// On a busy machine an answer may be noticed when the transport has sent megabytes more.
func TestTheEndOfAReportIsHeldBackSoThatAnEarlyAnswerIsNoticed(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		size           int64
		noticed, ended time.Duration // when Put learns of the answer; when the caller gives up
		want           string
	}{
		"early":                           {8 << 20, 49 * time.Millisecond, time.Hour, "the storage answered 200: it answered when only 8380416 of 8388608 bytes of the report had been sent"},
		"after the report":                {8 << 20, 51 * time.Millisecond, time.Hour, ""},
		"canceled in the pause":           {8 << 20, time.Hour, 10 * time.Millisecond, "context canceled"},
		"too small for the pause":         {64 << 10, 49 * time.Millisecond, time.Hour, ""},
		"the smallest one with the pause": {64<<10 + 1, 49 * time.Millisecond, time.Hour, "the storage answered 200: it answered when only 65536 of 65537 bytes of the report had been sent"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				target, err := ParseURL("https://storage.example"+presigned, false)
				require.NoError(t, err)
				ctx, cancel := context.WithCancel(t.Context())
				defer time.AfterFunc(test.ended, cancel).Stop()
				client := New(roundTrip(func(req *http.Request) (*http.Response, error) {
					go io.Copy(io.Discard, req.Body) // as fast as a connection that takes everything
					select {
					case <-time.After(test.noticed):
						return &http.Response{StatusCode: 200, Body: http.NoBody, Request: req}, nil
					case <-req.Context().Done():
						return nil, context.Canceled
					}
				}), "test/1")
				began := time.Now()
				_, err = client.Put(ctx, target, endless{}, test.size, nil)
				assert.Equal(t, min(test.noticed, test.ended), time.Since(began))
				if test.want == "" {
					assert.NoError(t, err)
				} else {
					assert.ErrorContains(t, err, test.want)
				}
				synctest.Wait()
			})
		})
	}
}

func TestPutIsPatientWithASlowNetwork(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const chunks, chunk = 20, 32 << 10
		took, err := virtual(t, chunks*chunk, func(conn net.Conn, req *http.Request) {
			for range chunks {
				<-time.After(55 * time.Second)
				_, err := io.CopyN(io.Discard, req.Body, chunk)
				assert.NoError(t, err)
			}
			_, _ = io.WriteString(conn, fine)
		})
		require.NoError(t, err)
		assert.Equal(t, chunks*55*time.Second, took)
	})
}

func TestBodyAnswersTheSameAfterItFailed(t *testing.T) {
	t.Parallel()
	b := newBody(t.Context(), bytes.NewReader([]byte("abc")), 5, nil, func(error) {})
	defer b.detach()
	_, first := io.ReadAll(b)
	n, second := b.Read(make([]byte, 1))
	assert.EqualError(t, first, "it has 2 bytes less than when the upload began")
	assert.Equal(t, first, second)
	assert.Zero(t, n)
	assert.NoError(t, b.Close())
}

func TestPutRefusesAnEmptyReport(t *testing.T) {
	t.Parallel()
	client, target := serve(t, func(http.ResponseWriter, *http.Request) { assert.Fail(t, "a request came") })
	assert.EqualError(t, errOf(client.Put(t.Context(), target, strings.NewReader(""), 0, nil)), "it is empty")
}

func TestParseURLAcceptsWhatThisClientCanSend(t *testing.T) {
	t.Parallel()
	for raw, insecure := range map[string]bool{
		"https://bucket.example.com/key?X-Amz-Signature=a%2Fb":                                    false,
		"https://bucket.example.com/key?X-Amz-SignedHeaders=content-length%3BContent-Type%3Bhost": false,
		"https://bucket.example.com/key?X-Goog-SignedHeaders=host":                                false,
		"http://127.0.0.1:9000/key?X-Amz-SignedHeaders=host":                                      false,
		"http://bucket.example.com/key":                                                           true,
	} {
		t.Run(raw, func(t *testing.T) {
			t.Parallel()
			u, err := ParseURL(raw, insecure)
			require.NoError(t, err)
			assert.Equal(t, raw, u.String())
		})
	}
}

func TestParseURLSaysWhatIsWrongWithoutTheSecret(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"hush":                                  "it must start with https://",
		"https://u:hush@bucket.example.com/key": "it holds a user name or password, which does not belong there",
		"http://bucket.example.com/key?X-Amz-Signature=hush":                                          "it is plain http to bucket.example.com, which would show secrets to the network: use https://",
		"https://bucket.example.com/?X-Amz-Signature=hush&X-Amz-SignedHeaders=host%3Bx-amz-acl":       `its signature wants the header "x-amz-acl", which this client does not send`,
		"https://bucket.example.com/?X-Goog-Signature=hush&X-Goog-SignedHeaders=host%3Bx-goog-meta-a": `its signature wants the header "x-goog-meta-a", which this client does not send`,
	} {
		t.Run(raw, func(t *testing.T) {
			t.Parallel()
			u, err := ParseURL(raw, false)
			assert.Nil(t, u)
			assert.EqualError(t, err, want)
		})
	}
}
