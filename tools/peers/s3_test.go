package peers

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	awscredentials "github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant"
)

const (
	accessKey   = "PEERSACCESSKEY"
	secretKey   = "peersSecretKey0123456789"
	region      = "us-east-1"
	bucket      = "reports"
	contentType = "application/xml" // what the client sends
)

// s3Server is an S3 gateway in front of a directory, over TLS.
type s3Server struct {
	*process
	port   int
	dir    string // buckets are folders, objects files
	launch func() *process
}

func startS3(t *testing.T, dir string) *s3Server {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, bucket), 0o755))
	port := freePort(t)
	s := &s3Server{port: port, dir: dir}
	s.launch = func() *process {
		return start(t, port, program(t, "PEERS_VERSITYGW"), "--access", accessKey, "--secret", secretKey, "--region", region,
			"--port", address(port), "--cert", certificate.chain, "--key", certificate.key,
			"--virtual-domain", "localhost:"+strconv.Itoa(port), "posix", dir)
	}
	s.process = s.launch()
	return s
}

func (s *s3Server) host() string { return "localhost:" + strconv.Itoa(s.port) }

// signer makes presigned URLs as a service such as CodeAnt's does.
type signer struct {
	name string
	sign func(t *testing.T, host, object string, virtualHost bool, contentType string) string
}

func signWithMinIO(t *testing.T, creds *credentials.Credentials, scheme, host, object string, virtualHost bool, contentType string) string {
	t.Helper()
	lookup := minio.BucketLookupPath
	if virtualHost {
		lookup = minio.BucketLookupDNS
	}
	client, err := minio.New(host, &minio.Options{Creds: creds, Secure: scheme == "https", Region: region, BucketLookup: lookup})
	require.NoError(t, err)
	var header http.Header
	if contentType != "" {
		header = http.Header{"Content-Type": {contentType}}
	}
	u, err := client.PresignHeader(t.Context(), http.MethodPut, bucket, object, life, url.Values{}, header)
	require.NoError(t, err)
	return u.String()
}

func signWithAWS(t *testing.T, host, object string, virtualHost bool, contentType string) string {
	t.Helper()
	client := s3.New(s3.Options{
		Region: region, BaseEndpoint: aws.String("https://" + host), UsePathStyle: !virtualHost,
		Credentials: awscredentials.NewStaticCredentialsProvider(accessKey, secretKey, ""),
	})
	in := &s3.PutObjectInput{Bucket: aws.String(bucket), Key: aws.String(object)}
	if contentType != "" {
		in.ContentType = aws.String(contentType)
	}
	req, err := s3.NewPresignClient(client).PresignPutObject(t.Context(), in, s3.WithPresignExpires(life))
	require.NoError(t, err)
	return req.URL
}

// signAt signs a PUT of any address as if it were another time, or with other keys.
func signAt(t *testing.T, address, access, secret string, when time.Time, expires time.Duration) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, address+"?X-Amz-Expires="+strconv.Itoa(int(expires.Seconds())), nil)
	require.NoError(t, err)
	signed, _, err := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true }).PresignHTTP(t.Context(),
		aws.Credentials{AccessKeyID: access, SecretAccessKey: secret}, req, "UNSIGNED-PAYLOAD", "s3", region, when)
	require.NoError(t, err)
	return signed
}

var signers = []signer{
	{"minio-go", func(t *testing.T, host, object string, virtualHost bool, contentType string) string {
		return signWithMinIO(t, credentials.NewStaticV4(accessKey, secretKey, ""), "https", host, object, virtualHost, contentType)
	}},
	{"aws-sdk-go-v2", func(t *testing.T, host, object string, virtualHost bool, contentType string) string {
		return signWithAWS(t, host, object, virtualHost, contentType)
	}},
}

// localhosts reaches "reports.localhost", which not every resolver knows, on loopback.
func localhosts(t *testing.T) codeant.Option {
	t.Helper()
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		_, port, err := net.SplitHostPort(addr)
		if err != nil {
			return nil, err
		}
		return new(net.Dialer).DialContext(ctx, network, net.JoinHostPort("127.0.0.1", port))
	}
	t.Cleanup(transport.CloseIdleConnections)
	return codeant.WithHTTPClient(&http.Client{Transport: transport})
}

func TestS3StoresReports(t *testing.T) {
	t.Parallel()
	server := startS3(t, t.TempDir())
	for _, signer := range signers {
		for _, virtualHost := range []bool{false, true} {
			for _, signedType := range []string{"", contentType} {
				for _, size := range []int{small, medium} {
					name := fmt.Sprintf("%s, virtual host %t, content type %q, %d bytes", signer.name, virtualHost, signedType, size)
					object := fmt.Sprintf("%x/coverage.xml", name)
					t.Run(name, func(t *testing.T) {
						t.Parallel()
						api := newPresigner(t, signer.sign(t, server.host(), object, virtualHost, signedType))
						var opts []codeant.Option
						if virtualHost {
							opts = append(opts, localhosts(t))
						}
						sent := report(size)
						result, err := api.upload(within(t, time.Minute), t, sent, opts...)
						api.assertStored(t, sent, result, err, objectFile(server.dir, bucket, object))
					})
				}
			}
		}
	}
}

func TestS3StoresAVeryLargeReport(t *testing.T) {
	t.Parallel()
	server := startS3(t, t.TempDir())
	api := newPresigner(t, signWithAWS(t, server.host(), "large.xml", false, contentType))
	sent := report(large)
	file := filepath.Join(t.TempDir(), "lcov.info")
	require.NoError(t, os.WriteFile(file, sent, 0o600))
	var last int64
	result, err := api.send(within(t, 2*time.Minute), t, codeant.CoverageUpload{
		Revision: revision, Path: file, Progress: func(sent, _ int64) { last = sent },
	})
	api.assertStored(t, sent, result, err, objectFile(server.dir, bucket, "large.xml"))
	assert.Equal(t, int64(large), last)
}

func TestS3Refusals(t *testing.T) {
	t.Parallel()
	server := startS3(t, t.TempDir())
	at := func(bucket string) string { return "https://" + server.host() + "/" + bucket + "/refused.xml" }
	now := time.Now()
	good := func(t *testing.T) string { return signAt(t, at(bucket), accessKey, secretKey, now, life) }
	for _, c := range []struct {
		name string
		urls func(t *testing.T) []string
		want refused
	}{
		{
			"expired twice",
			func(t *testing.T) []string {
				old := signAt(t, at(bucket), accessKey, secretKey, now.Add(-time.Hour), time.Minute)
				return []string{old, old, old}
			},
			refused{status: 403, code: "AccessDenied", text: []string{"expired"}, presigns: 2, attempts: 2},
		},
		{
			"signed with another secret",
			func(t *testing.T) []string {
				return []string{signAt(t, at(bucket), accessKey, "another", now, life), good(t)}
			},
			refused{status: 403, code: "SignatureDoesNotMatch", text: []string{"signature"}},
		},
		{
			"signed with a key that is not there",
			func(t *testing.T) []string {
				return []string{signAt(t, at(bucket), "NOBODY", secretKey, now, life), good(t)}
			},
			refused{status: 404, code: "XAdminUserNotFound", text: []string{"access key"}},
		},
		{
			"signed for another content type",
			func(t *testing.T) []string {
				return []string{signWithAWS(t, server.host(), "refused.xml", false, "text/plain"), good(t)}
			},
			refused{status: 403, code: "SignatureDoesNotMatch", text: []string{"signature"}},
		},
		{
			"the bucket is gone",
			func(t *testing.T) []string {
				return []string{signAt(t, at("gone"), accessKey, secretKey, now, life), good(t)}
			},
			refused{status: 404, code: "NoSuchBucket"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for _, size := range []int{small, medium, 8 * medium} {
				api := newPresigner(t, c.urls(t)...)
				result, err := api.upload(within(t, time.Minute), t, report(size))
				api.assertRefused(t, c.want, result, err)
			}
		})
	}
}

func TestS3TakesTheSecondURLAfterTheFirstExpired(t *testing.T) {
	t.Parallel()
	server := startS3(t, t.TempDir())
	at := "https://" + server.host() + "/" + bucket + "/renewed.xml"
	api := newPresigner(t,
		signAt(t, at, accessKey, secretKey, time.Now().Add(-time.Hour), time.Minute),
		signAt(t, at, accessKey, secretKey, time.Now(), life))
	sent := report(medium)
	result, err := api.upload(within(t, time.Minute), t, sent)
	api.assertStored(t, sent, result, err, objectFile(server.dir, bucket, "renewed.xml"))
	assert.Equal(t, 2, seen(api.Server, "coverage.presign"))
}

func TestS3KilledAndRestartedInTheMiddle(t *testing.T) {
	t.Parallel()
	server := startS3(t, t.TempDir())
	api := newPresigner(t, signWithAWS(t, server.host(), "restarted.xml", false, contentType))
	sent := report(8 * medium)
	var (
		once    sync.Once
		restart = make(chan struct{})
		group   sync.WaitGroup
		starts  int
	)
	group.Go(func() {
		<-restart
		server.process.end(syscall.SIGKILL)
		server.process = server.launch()
	})
	result, err := api.send(within(t, 2*time.Minute), t, codeant.CoverageUpload{
		Revision: revision, Body: bytes.NewReader(sent),
		Progress: func(n, total int64) {
			if n == 0 {
				starts++
			}
			if n > total/4 {
				once.Do(func() { close(restart); group.Wait() })
			}
		},
	}, codeant.WithRetry(codeant.RetryPolicy{MaxAttempts: 4}))
	once.Do(func() { close(restart) })
	group.Wait()
	api.assertStored(t, sent, result, err, objectFile(server.dir, bucket, "restarted.xml"))
	assert.Greater(t, starts, 1, "the first transfer was cut")
}

func TestS3Down(t *testing.T) {
	t.Parallel()
	host := "localhost:" + strconv.Itoa(freePort(t))
	api := newPresigner(t, signWithAWS(t, host, "down.xml", false, contentType))
	result, err := api.upload(within(t, time.Minute), t, report(small))
	api.assertRefused(t, refused{kinds: []error{codeant.ErrUnavailable}, text: []string{host, "refused"}, attempts: 3}, result, err)
}

// The script mounts a file system of 16 MiB.
func TestSmallDiskIsFull(t *testing.T) {
	t.Parallel()
	server := startS3(t, program(t, "PEERS_SMALL_DISK"))
	api := newPresigner(t, signWithAWS(t, server.host(), "full.xml", false, contentType))
	result, err := api.upload(within(t, time.Minute), t, report(8*medium))
	api.assertRefused(t, refused{status: 507, code: "InsufficientStorage"}, result, err)
	assert.NoFileExists(t, objectFile(server.dir, bucket, "full.xml"))
}

// nginx before the storage, with its own bound on the size of a body.
func TestBetweenNginxAndS3ABodyIsTooLarge(t *testing.T) {
	everyProtocol(t, func(t *testing.T, http2 bool) {
		server := startS3(t, t.TempDir())
		front := startNginx(t, http2, server.host(), nginx{scheme: "https"})
		host := strings.TrimPrefix(front.url, "https://")
		for _, size := range []int{medium, 8 * medium} {
			api := newPresigner(t, signWithAWS(t, host, "large.xml", false, contentType))
			result, err := api.upload(within(t, time.Minute), t, report(size))
			api.assertRefused(t, refused{status: 413, kinds: []error{codeant.ErrTooLarge}}, result, err)
		}
	})
}

func TestBetweenNginxAndS3ReportsAreStored(t *testing.T) {
	everyProtocol(t, func(t *testing.T, http2 bool) {
		server := startS3(t, t.TempDir())
		front := startNginx(t, http2, server.host(), nginx{scheme: "https", limit: "0", location: "proxy_request_buffering off;"})
		host := strings.TrimPrefix(front.url, "https://")
		for _, size := range []int{small, medium} {
			object := fmt.Sprintf("%d.xml", size)
			api := newPresigner(t, signWithAWS(t, host, object, false, contentType))
			sent := report(size)
			result, err := api.upload(within(t, time.Minute), t, sent)
			api.assertStored(t, sent, result, err, objectFile(server.dir, bucket, object))
		}
	})
}
