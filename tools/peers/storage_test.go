package peers

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/codeanttest"
)

// The sizes of reports: below and above the bound from which the client asks before it sends, and a very large one.
const (
	small  = 20_000
	medium = 8 << 20
	large  = 256 << 20
)

// report returns an LCOV report of exactly size bytes.
func report(size int) []byte {
	const begin, end, lines = "TN:\nSF:shop/cart.go\n", "end_of_record\n", "DA:17,3\nDA:18,0\nDA:19,3\nDA:23,12\n"
	b := make([]byte, 0, size)
	b = append(b, begin...)
	b = append(b, bytes.Repeat([]byte(lines), (size-len(begin)-len(end)-len(lines))/len(lines))...)
	b = append(b, "# "+strings.Repeat("-", size-len(b)-len(end)-3)+"\n"...)
	return append(b, end...)
}

// sink is a storage that takes everything.
type sink struct {
	*httptest.Server
	mu      sync.Mutex
	reports int
	bytes   int64 // of the last one
}

func newSink(t *testing.T) *sink {
	t.Helper()
	s := &sink{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		n, err := io.Copy(io.Discard, r.Body)
		if err != nil {
			return
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.reports, s.bytes = s.reports+1, n
	}))
	t.Cleanup(func() {
		s.CloseClientConnections()
		s.Close()
	})
	return s
}

// assertTook says that the report arrived once, whole.
func (s *sink) assertTook(t *testing.T, size int) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	assert.Equal(t, 1, s.reports, "reports that arrived")
	assert.Equal(t, int64(size), s.bytes)
}

func (s *sink) url() string { return s.URL + sinkPath }

const sinkPath = "/coverage.xml?sig=aSignatureThatIsSecret"

// presigner is the API of codeanttest, which hands out URLs that are made elsewhere.
type presigner struct {
	*codeanttest.Server
	urls []string
}

// newPresigner hands out the URLs one after the other.
func newPresigner(t *testing.T, urls ...string) *presigner {
	t.Helper()
	p := &presigner{codeanttest.NewServer(t), urls}
	for _, u := range urls {
		body, err := json.Marshal(map[string]string{"coverage_url": u})
		require.NoError(t, err)
		p.Inject("coverage.presign", codeanttest.Fault{Status: 200, Body: string(body)})
	}
	p.Inject("coverage.complete", codeanttest.Fault{Status: 200, Body: `{"status":"success","message":"Coverage report received"}`})
	return p
}

// upload sends the report to the URLs. The error may not show anything of their queries.
func (p *presigner) upload(ctx context.Context, t *testing.T, body []byte, opts ...codeant.Option) (*codeant.CoverageResult, error) {
	t.Helper()
	return p.send(ctx, t, codeant.CoverageUpload{Revision: revision, Body: bytes.NewReader(body)}, opts...)
}

func (p *presigner) send(
	ctx context.Context, t *testing.T, up codeant.CoverageUpload, opts ...codeant.Option,
) (*codeant.CoverageResult, error) {
	t.Helper()
	result, err := newClient(t, p.Server, p.URL(), opts...).Coverage.Upload(ctx, up)
	if err != nil {
		for _, u := range p.urls {
			_, query, _ := strings.Cut(u, "?")
			for _, printed := range []string{err.Error(), fmt.Sprintf("%+v", err), fmt.Sprintf("%#v", err)} {
				for pair := range strings.SplitSeq(query, "&") {
					if _, value, _ := strings.Cut(pair, "="); len(value) > 12 {
						assert.NotContains(t, printed, value)
					}
				}
			}
		}
	}
	return result, err
}

// assertStored compares what the storage holds with what was sent, and that CodeAnt was told once.
func (p *presigner) assertStored(t *testing.T, sent []byte, result *codeant.CoverageResult, err error, file string) {
	t.Helper()
	if !assert.NoError(t, err) {
		return
	}
	assert.Equal(t, codeant.FormatLCOV, result.Format)
	assert.Equal(t, int64(len(sent)), result.Bytes)
	assert.Equal(t, 1, seen(p.Server, "coverage.complete"))
	sum := sha256.Sum256(sent)
	assert.Equal(t, hex.EncodeToString(sum[:]), hashOf(t, file))
}

func hashOf(t *testing.T, file string) string {
	t.Helper()
	f, err := os.Open(file)
	if !assert.NoError(t, err) {
		return ""
	}
	defer f.Close()
	sum := sha256.New()
	_, err = io.Copy(sum, f)
	assert.NoError(t, err)
	return hex.EncodeToString(sum.Sum(nil))
}

// refused is what an upload that the storage refuses comes to.
type refused struct {
	status   int
	code     string
	kinds    []error
	text     []string
	presigns int // 1 if 0
	attempts int // 1 if 0
}

func (p *presigner) assertRefused(t *testing.T, want refused, result *codeant.CoverageResult, err error) {
	t.Helper()
	assert.Nil(t, result)
	assert.ErrorIs(t, err, codeant.ErrStorage)
	for _, kind := range want.kinds {
		assert.ErrorIs(t, err, kind)
	}
	for _, text := range want.text {
		assert.ErrorContains(t, err, text)
	}
	var storageErr *codeant.StorageError
	if assert.ErrorAs(t, err, &storageErr) {
		assert.Equal(t, want.status, storageErr.StatusCode, "%v", err)
		assert.Equal(t, want.code, storageErr.Code, "%v", err)
		assert.Equal(t, max(1, want.attempts), storageErr.Attempts, "%v", err)
	}
	if err != nil {
		assert.NotContains(t, err.Error(), "\n")
		assert.NotContains(t, err.Error(), "<")
	}
	assert.Equal(t, max(1, want.presigns), seen(p.Server, "coverage.presign"))
	assert.Zero(t, seen(p.Server, "coverage.complete"), "a report that was not stored must not be completed")
}

// assertUnfinished is for an upload that fails without a refusal.
func (p *presigner) assertUnfinished(t *testing.T, result *codeant.CoverageResult, err error) {
	t.Helper()
	assert.Nil(t, result)
	assert.ErrorIs(t, err, codeant.ErrStorage)
	assert.Zero(t, seen(p.Server, "coverage.complete"), "a report that was not stored must not be completed")
	if err != nil {
		assert.False(t, errors.Is(err, context.DeadlineExceeded), "%v", err)
	}
}

// objectFile is where a storage that keeps objects as files keeps this one.
func objectFile(dir, bucket, object string) string { return filepath.Join(dir, bucket, object) }

const life = 10 * time.Minute // of a presigned URL
