package codeant_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/davecgh/go-spew/spew"
	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant"
)

// apiFor starts an API whose presigned URLs lead to a storage, and counts what is told it as complete.
func apiFor(t *testing.T, storageURL string, opts ...codeant.Option) (client *codeant.Client, completed *atomic.Int64) {
	t.Helper()
	completed = &atomic.Int64{}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /pr/analysis/coverage/presign", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"coverage_url":%q}`, storageURL+"/bucket/report?"+signedQuery)
	})
	mux.HandleFunc("POST /pr/analysis/coverage/complete", func(w http.ResponseWriter, _ *http.Request) {
		completed.Add(1)
		io.WriteString(w, `{"status":"success"}`)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	client, err := codeant.New(append([]codeant.Option{codeant.WithToken(coverageToken), codeant.WithBaseURL(server.URL)}, opts...)...)
	require.NoError(t, err)
	t.Cleanup(client.CloseIdleConnections)
	return client, completed
}

// rawStorage serves each connection with f and returns its address.
func rawStorage(t *testing.T, f func(conn net.Conn, req *http.Request)) string {
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
			if req, err := http.ReadRequest(bufio.NewReaderSize(conn, 16)); err == nil {
				f(conn, req)
			}
			conn.Close()
		}
	}()
	t.Cleanup(func() {
		listener.Close()
		<-done
	})
	return "http://" + listener.Addr().String()
}

func TestAStorageThatAnswersBeforeItReadTheReportHasNotStoredIt(t *testing.T) {
	t.Parallel()
	for _, size := range []int64{2 * mebibyte, 30 * mebibyte} {
		for _, version := range []string{"HTTP/1.1", "HTTP/2.0"} {
			t.Run(fmt.Sprint(version, " ", size), func(t *testing.T) {
				t.Parallel()
				store := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
					assert.Equal(t, version, req.Proto)
				}))
				store.EnableHTTP2 = version == "HTTP/2.0"
				store.StartTLS()
				t.Cleanup(store.Close)
				transport := codeant.DefaultTransport()
				transport.TLSClientConfig = store.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
				client, completed := apiFor(t, store.URL, codeant.WithHTTPClient(&http.Client{Transport: transport}))

				result, err := client.Coverage.Upload(t.Context(), codeant.CoverageUpload{Revision: shop, Body: &bigReport{size: size}})

				assert.Nil(t, result)
				var stored *codeant.StorageError
				require.ErrorAs(t, err, &stored)
				assert.Equal(t, http.StatusOK, stored.StatusCode)
				assert.ErrorContains(t, err, "codeant: coverage.put: the report was not stored: 200 OK: it answered ")
				assert.False(t, stored.Retryable())
				assert.Zero(t, completed.Load())
			})
		}
	}
}

func TestAnAnswerThatSpeaksOfAnErrorIsNeverCompleted(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		put  httpmock.Responder
		text string
	}{
		"a login page": {
			httpmock.NewStringResponder(200, "<html><head><title>Sign in</title></head></html>"),
			"200 OK: the answer is a web page, as a proxy or a login in the storage's place sends it; Sign in (host bucket.example, 1 attempt); check that no proxy or login page answers in the storage's place, and that this network allows connections to its host",
		},
		"a proxy's refusal": {
			httpmock.NewStringResponder(403, "<html><title>403 Forbidden</title><hr>squid</html>"),
			"403 Forbidden: 403 Forbidden (host bucket.example, 1 attempt); check that no proxy or login page answers in the storage's place, and that this network allows connections to its host",
		},
		"XML 1.1": {
			httpmock.NewStringResponder(200, `<?xml version="1.1"?><Error><Code>InternalError</Code></Error>`),
			"200 OK: InternalError: the answer speaks of an error (host bucket.example, 1 attempt); try again; if that does not help, report it to CodeAnt support",
		},
		"JSON": {
			httpmock.NewStringResponder(200, `{"success":false}`),
			`200 OK: the answer says that it failed: "success": false (host bucket.example, 1 attempt); something may answer in the storage's place: check the proxy of this network`,
		},
		"accepted": {
			httpmock.NewStringResponder(202, ""),
			"202 Accepted: this status does not mean that the report is stored (host bucket.example, 1 attempt); something may answer in the storage's place: check the proxy of this network",
		},
		"partial": {
			httpmock.NewStringResponder(206, ""),
			"206 Partial Content: this status does not mean that the report is stored (host bucket.example, 1 attempt); something may answer in the storage's place: check the proxy of this network",
		},
		"no bucket": {
			storageXML(404, "NoSuchBucket", "&lt;gone&gt;"),
			"404 Not Found: NoSuchBucket: gone (host bucket.example, 1 attempt, request id R7); the upload URL names a bucket or container that does not exist: report it to CodeAnt support",
		},
		"no key": {
			storageXML(403, "InvalidAccessKeyId", "unknown"),
			"403 Forbidden: InvalidAccessKeyId: unknown (host bucket.example, 1 attempt, request id R7); the upload URL was signed with a key that the storage does not know: report it to CodeAnt support",
		},
		"digest": {
			storageXML(400, "BadDigest", "no match"),
			"400 Bad Request: BadDigest: no match (host bucket.example, 1 attempt, request id R7); the signature of the upload URL does not match the request: report it to CodeAnt support",
		},
		"too large": {
			httpmock.NewStringResponder(413, ""),
			"413 Request Entity Too Large (host bucket.example, 1 attempt); the storage does not accept a report of this size: split it by module, or exclude generated code",
		},
		"full": {
			httpmock.NewStringResponder(507, ""),
			"507 Insufficient Storage (host bucket.example, 1 attempt); the storage is full: report it to CodeAnt support",
		},
		"plain text": {
			httpmock.NewStringResponder(403, "AccessDenied by policy"),
			"403 Forbidden: AccessDenied: AccessDenied by policy (host bucket.example, 1 attempt); the upload URL does not permit storing the report: report it to CodeAnt support",
		},
		"Azure": {
			httpmock.ResponderFromResponse(&http.Response{StatusCode: 404, Header: http.Header{"X-Ms-Error-Code": {"ContainerNotFound"}, "X-Ms-Request-Id": {"A7"}}, Body: http.NoBody}),
			"404 Not Found: ContainerNotFound (host bucket.example, 1 attempt, request id A7); the upload URL names a bucket or container that does not exist: report it to CodeAnt support",
		},
		"forbidden without a word": {
			httpmock.NewStringResponder(403, ""),
			"403 Forbidden (host bucket.example, 1 attempt); a firewall of this network may block it: allow the storage host; if it is allowed, report it to CodeAnt support",
		},
		"the proxy wants a login": {
			httpmock.NewStringResponder(407, ""),
			"407 Proxy Authentication Required (host bucket.example, 1 attempt); the proxy of this network requires a login: see HTTPS_PROXY and NO_PROXY",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mock := httpmock.NewMockTransport()
			presigns(mock)
			completes(mock)
			puts(mock, test.put)
			_, err := coverageClient(t, mock).Coverage.Upload(t.Context(), upload())
			assert.EqualError(t, err, "codeant: coverage.put: the report was not stored: "+test.text)
			assert.NotContains(t, err.Error(), "<")
			assert.ErrorIs(t, err, codeant.ErrStorage)
			assert.Zero(t, mock.GetCallCountInfo()["POST "+completeURL])
		})
	}
}

func TestAReportThatIsWrittenToWhileItIsSentIsAnError(t *testing.T) {
	t.Parallel()
	for name, content := range map[string]string{
		"rewritten in place": strings.Replace(lcovReport, "1,1", "1,0", 1),
		"grown":              lcovReport + "SF:b.js\nend_of_record\n",
	} {
		for _, asBody := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, as Body %t", name, asBody), func(t *testing.T) {
				t.Parallel()
				path := filepath.Join(t.TempDir(), "lcov.info")
				require.NoError(t, os.WriteFile(path, []byte(lcovReport), 0o600))
				mock := httpmock.NewMockTransport()
				presigns(mock)
				completes(mock)
				sent := puts(mock, func(*http.Request) (*http.Response, error) {
					later := time.Now().Add(time.Second)
					if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
						return nil, err
					}
					return httpmock.NewStringResponse(200, ""), os.Chtimes(path, later, later)
				})
				up, named := codeant.CoverageUpload{Revision: shop, Path: path}, fmt.Sprintf(" %q", path)
				if asBody {
					file, err := os.Open(path)
					require.NoError(t, err)
					defer file.Close()
					up.Path, up.Body, named = "", file, ""
				}

				result, err := coverageClient(t, mock).Coverage.Upload(t.Context(), up)

				assert.Nil(t, result)
				assert.EqualError(t, err, "codeant: coverage report"+named+" cannot be used: it was modified during the upload; upload it when it is complete")
				assert.ErrorIs(t, err, codeant.ErrInvalidReport)
				assert.Equal(t, []string{lcovReport}, *sent, "as large as its length said")
				assert.Zero(t, mock.GetCallCountInfo()["POST "+completeURL])
			})
		}
	}
}

func TestAStorageThatSwitchesProtocolsDoesNotHoldTheUpload(t *testing.T) {
	t.Parallel()
	closed := make(chan struct{})
	store := rawStorage(t, func(conn net.Conn, _ *http.Request) {
		io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
		io.Copy(io.Discard, conn)
		close(closed)
	})
	client, completed := apiFor(t, store)
	_, err := client.Coverage.Upload(t.Context(), upload())
	host := strings.TrimPrefix(store, "http://")
	assert.EqualError(t, err, "codeant: coverage.put: the report was not stored: 101 Switching Protocols: it asks to speak another protocol (host "+host+", 1 attempt)")
	select {
	case <-closed:
	case <-time.After(20 * time.Second):
		assert.Fail(t, "the connection is still open")
	}
	assert.Zero(t, completed.Load())
}

func TestAnEarlyRefusalOfTheStorageIsReadThoughTheConnectionBreaks(t *testing.T) {
	t.Parallel()
	const answer = `<Error><Code>NoSuchBucket</Code><Message>The specified bucket does not exist</Message></Error>`
	store := rawStorage(t, func(conn net.Conn, req *http.Request) {
		io.WriteString(conn, "HTTP/1.1 100 Continue\r\n\r\n")
		io.CopyN(io.Discard, req.Body, mebibyte)
		fmt.Fprintf(conn, "HTTP/1.1 404 Not Found\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s", len(answer), answer)
	})
	client, _ := apiFor(t, store)
	for range 5 {
		_, err := client.Coverage.Upload(t.Context(), codeant.CoverageUpload{Revision: shop, Body: &bigReport{size: 64 * mebibyte}})
		var stored *codeant.StorageError
		require.ErrorAs(t, err, &stored)
		assert.Equal(t, "NoSuchBucket", stored.Code, err)
	}
}

func TestAPresignedUploadIsMaskedForReflectionPrintersToo(t *testing.T) {
	t.Parallel()
	mock := httpmock.NewMockTransport()
	presigns(mock)
	presigned, err := coverageClient(t, mock).Coverage.Presign(t.Context(), codeant.CoverageTarget{Revision: shop})
	require.NoError(t, err)
	const shown = "https://bucket.example/report.xml?…"
	assert.Equal(t, shown+" "+shown+" "+shown, fmt.Sprintf("%s %v %#v", *presigned, *presigned, *presigned))
	held := struct {
		Value codeant.PresignedUpload
		value codeant.PresignedUpload
		point *codeant.PresignedUpload
	}{*presigned, *presigned, presigned}
	var printed bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&printed, verb+verb+verb, *presigned, held, &held)
	}
	asJSON, err := json.Marshal([]any{*presigned, presigned, held})
	require.NoError(t, err)
	printed.Write(asJSON)
	for _, handler := range []slog.Handler{slog.NewTextHandler(&printed, nil), slog.NewJSONHandler(&printed, nil)} {
		slog.New(handler).Info("m", "value", *presigned, "pointer", presigned, "held", held)
	}
	printed.WriteString(spew.Sdump(*presigned, presigned, held))
	printed.WriteString((&spew.ConfigState{DisableMethods: true}).Sdump(*presigned, presigned, held))
	diff := &quiet{}
	assert.Equal(diff, presigned, &codeant.PresignedUpload{})
	printed.WriteString(diff.String())
	assert.NotContains(t, printed.String(), "feedface")
	assert.NotContains(t, printed.String(), "X-Amz-Signature")
	assert.Empty(t, (*codeant.PresignedUpload)(nil).Reveal())
	assert.Equal(t, "no URL", codeant.PresignedUpload{}.String())
}

// quiet keeps what an assertion would print.
type quiet struct{ strings.Builder }

func (q *quiet) Errorf(format string, args ...any) { fmt.Fprintf(q, format, args...) }

func TestAStorageErrorIsLoggedInParts(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	logger := slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
	logger.Error("upload", "err", &codeant.StorageError{StatusCode: 403, Code: "AccessDenied", RequestID: "R1", Host: "bucket.example", Attempts: 1})
	assert.JSONEq(t, `{"level":"ERROR","msg":"upload","err":{
		"error":"codeant: coverage.put: the report was not stored: 403 Forbidden: AccessDenied (host bucket.example, 1 attempt, request id R1); the upload URL does not permit storing the report: report it to CodeAnt support",
		"op":"coverage.put","status":403,"code":"AccessDenied","request_id":"R1","host":"bucket.example","attempts":1}}`, log.String())
	var none *codeant.StorageError
	assert.Equal(t, "codeant: no error", none.LogValue().String())
	assert.False(t, none.Retryable())
}

func TestCoverageWithoutAClientAnswersWithAnError(t *testing.T) {
	t.Parallel()
	const text = "codeant: client was not created by New; use codeant.New"
	for _, service := range []*codeant.CoverageService{nil, {}, (&codeant.Client{}).Coverage} {
		_, err := service.Upload(t.Context(), upload())
		assert.EqualError(t, err, text)
		_, err = service.Presign(t.Context(), codeant.CoverageTarget{Revision: shop})
		assert.EqualError(t, err, text)
		_, err = service.Complete(t.Context(), codeant.CoverageTarget{Revision: shop})
		assert.EqualError(t, err, text)
	}
	client := coverageClient(t, httpmock.NewMockTransport())
	var none context.Context
	_, err := client.Coverage.Upload(none, upload())
	assert.EqualError(t, err, "codeant: context is nil; use the caller's context, or context.Background()")
	_, err = codeant.DetectReportFormat(nil)
	assert.EqualError(t, err, "codeant: reader is nil; pass the coverage report")
	assert.ErrorIs(t, err, codeant.ErrInvalidRequest)
}
