package codeant_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant"
)

const (
	mebibyte   = 1 << 20
	largeBytes = 256 * mebibyte
)

// bigReport is an LCOV report of any size that takes no memory. It counts what is read of it.
type bigReport struct {
	size, at int64
	read     atomic.Int64
}

var lcovRecord = []byte("SF:a.js\nDA:1,1\nend_of_record\n")

func (r *bigReport) Read(p []byte) (int, error) {
	if r.at >= r.size {
		return 0, io.EOF
	}
	n := int(min(int64(len(p)), r.size-r.at))
	for filled := 0; filled < n; {
		filled += copy(p[filled:n], lcovRecord[(r.at+int64(filled))%int64(len(lcovRecord)):])
	}
	r.at += int64(n)
	r.read.Add(int64(n))
	return n, nil
}

func (r *bigReport) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += r.at
	case io.SeekEnd:
		offset += r.size
	}
	if offset < 0 {
		return 0, errors.New("before the start")
	}
	r.at = offset
	return offset, nil
}

// storageAndAPI answers all three calls on one address; failures of the PUT come after the body was read.
func storageAndAPI(tb testing.TB, failures int32) (base string, received *atomic.Int64) {
	tb.Helper()
	received = &atomic.Int64{}
	var failed atomic.Int32
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	tb.Cleanup(server.Close)
	mux.HandleFunc("POST /pr/analysis/coverage/presign", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"coverage_url":"%s/bucket/report?X-Amz-Signature=feedfacecafe"}`, server.URL)
	})
	mux.HandleFunc("PUT /bucket/report", func(w http.ResponseWriter, req *http.Request) {
		n, err := io.Copy(io.Discard, req.Body)
		received.Add(n)
		if err != nil || n != req.ContentLength || failed.Add(1) <= failures {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	mux.HandleFunc("POST /pr/analysis/coverage/complete", func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, `{"status":"success"}`)
	})
	return server.URL, received
}

// This test is not parallel: it measures the memory of the whole process.
func TestALargeUploadTakesConstantMemoryAndReadsTheReportOncePerAttempt(t *testing.T) {
	base, received := storageAndAPI(t, 1)
	client, err := codeant.New(codeant.WithToken(coverageToken), codeant.WithBaseURL(base))
	require.NoError(t, err)
	t.Cleanup(client.CloseIdleConnections)
	_, err = client.Coverage.Upload(t.Context(), codeant.CoverageUpload{Revision: shop, Body: bytes.NewReader([]byte(lcovReport))})
	require.NoError(t, err, "the first, failing attempt is this one's; the client is warm now")
	received.Store(0)

	inUse := func() uint64 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapInuse + m.StackInuse
	}
	runtime.GC()
	idle := inUse()
	peak, next := idle, int64(0)
	report := &bigReport{size: largeBytes}
	result, err := client.Coverage.Upload(t.Context(), codeant.CoverageUpload{
		Revision: shop, Body: report,
		Progress: func(sent, _ int64) {
			if sent >= next { // measuring stops the world: once per 8 MiB is enough
				peak, next = max(peak, inUse()), sent+8*mebibyte
			}
		},
	})

	require.NoError(t, err)
	assert.Equal(t, int64(largeBytes), result.Bytes)
	assert.Equal(t, int64(largeBytes), received.Load())
	assert.Equal(t, int64(largeBytes+128<<10), report.read.Load(), "the report once, and the window that recognises it")
	assert.LessOrEqual(t, peak-idle, uint64(8*mebibyte))
}

func TestEachAttemptReadsTheReportOnce(t *testing.T) {
	t.Parallel()
	base, received := storageAndAPI(t, 1)
	client, err := codeant.New(codeant.WithToken(coverageToken), codeant.WithBaseURL(base))
	require.NoError(t, err)
	t.Cleanup(client.CloseIdleConnections)
	report := &bigReport{size: 3 * mebibyte}

	_, err = client.Coverage.Upload(t.Context(), codeant.CoverageUpload{Revision: shop, Body: report})

	require.NoError(t, err)
	assert.Equal(t, int64(6*mebibyte), received.Load())
	assert.Equal(t, int64(6*mebibyte+128<<10), report.read.Load())
}

// BenchmarkUpload stands beside what one would write by hand with net/http: three requests on the same server.
func BenchmarkUpload(b *testing.B) {
	const size = 8 * mebibyte
	base, _ := storageAndAPI(b, 0)
	b.Run("codeant", func(b *testing.B) {
		client, err := codeant.New(codeant.WithToken(coverageToken), codeant.WithBaseURL(base))
		require.NoError(b, err)
		defer client.CloseIdleConnections()
		b.SetBytes(size)
		b.ReportAllocs()
		for b.Loop() {
			if _, err := client.Coverage.Upload(b.Context(), codeant.CoverageUpload{Revision: shop, Body: &bigReport{size: size}}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("net-http", func(b *testing.B) {
		hc := &http.Client{Transport: &http.Transport{}}
		defer hc.CloseIdleConnections()
		send := func(method, url string, body io.Reader, length int64) {
			req, err := http.NewRequestWithContext(b.Context(), method, url, body)
			if err != nil {
				b.Fatal(err)
			}
			req.ContentLength = length
			res, err := hc.Do(req)
			if err != nil {
				b.Fatal(err)
			}
			io.Copy(io.Discard, res.Body)
			res.Body.Close()
			if res.StatusCode != http.StatusOK {
				b.Fatal(res.Status)
			}
		}
		body := []byte(`{"access_token":"x","repo":"acme/shop"}`)
		b.SetBytes(size)
		b.ReportAllocs()
		for b.Loop() {
			send(http.MethodPost, base+"/pr/analysis/coverage/presign", bytes.NewReader(body), int64(len(body)))
			send(http.MethodPut, base+"/bucket/report", &bigReport{size: size}, size)
			send(http.MethodPost, base+"/pr/analysis/coverage/complete", bytes.NewReader(body), int64(len(body)))
		}
	})
}
