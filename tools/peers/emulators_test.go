package peers

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	gcs "cloud.google.com/go/storage"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/sas"
	azure "github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/service"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant"
)

const s3rverKey = "S3RVER" // the server's only key, and its secret

// startS3rver starts an S3 server that still knows signatures of version 2.
func startS3rver(t *testing.T) (host, dir string) {
	t.Helper()
	dir = t.TempDir()
	port := freePort(t)
	start(t, port, program(t, "PEERS_S3RVER"), "--directory", dir, "--address", "127.0.0.1", "--port", strconv.Itoa(port), "--silent",
		"--no-vhost-buckets", "--configure-bucket", bucket)
	return address(port), dir
}

func TestSignatureV2(t *testing.T) {
	t.Parallel()
	host, dir := startS3rver(t)
	for _, size := range []int{small, medium} {
		object := strconv.Itoa(size) + ".xml"
		api := newPresigner(t, signV2(host, object, s3rverKey, time.Now().Add(life)))
		sent := report(size)
		result, err := api.upload(within(t, time.Minute), t, sent)
		api.assertStored(t, sent, result, err, filepath.Join(dir, bucket, object+"._S3rver_object"))
	}
	t.Run("signed without a content type", func(t *testing.T) { // version 2 signs it always, so no content type is one too
		api := newPresigner(t, signWithMinIO(t, credentials.NewStaticV2(s3rverKey, s3rverKey, ""), "http", host, "none.xml", false, ""))
		require.Contains(t, api.urls[0], "AWSAccessKeyId=", "version 2")
		result, err := api.upload(within(t, time.Minute), t, report(small))
		api.assertRefused(t, refused{status: 403, code: "SignatureDoesNotMatch", text: []string{"signature"}}, result, err)
	})
	t.Run("another secret", func(t *testing.T) {
		api := newPresigner(t, signV2(host, "secret.xml", "another", time.Now().Add(life)))
		result, err := api.upload(within(t, time.Minute), t, report(small))
		api.assertRefused(t, refused{status: 403, code: "SignatureDoesNotMatch", text: []string{"signature"}}, result, err)
	})
	t.Run("expired", func(t *testing.T) {
		api := newPresigner(t,
			signV2(host, "old.xml", s3rverKey, time.Now().Add(-time.Hour)),
			signV2(host, "new.xml", s3rverKey, time.Now().Add(life)))
		sent := report(small)
		result, err := api.upload(within(t, time.Minute), t, sent)
		api.assertStored(t, sent, result, err, filepath.Join(dir, bucket, "new.xml._S3rver_object"))
		assert.Equal(t, 2, seen(api.Server, "coverage.presign"))
	})
}

// signV2 signs with the content type, which minio-go cannot do for version 2.
func signV2(host, object, secret string, until time.Time) string {
	expires := strconv.FormatInt(until.Unix(), 10)
	mac := hmac.New(sha1.New, []byte(secret))
	io.WriteString(mac, "PUT\n\n"+contentType+"\n"+expires+"\n/"+bucket+"/"+object)
	query := url.Values{
		"AWSAccessKeyId": {s3rverKey}, "Expires": {expires}, "Signature": {base64.StdEncoding.EncodeToString(mac.Sum(nil))},
	}
	return "http://" + host + "/" + bucket + "/" + object + "?" + query.Encode()
}

func TestGoogleStoresReports(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, bucket), 0o755))
	port := freePort(t)
	start(t, port, program(t, "PEERS_FAKE_GCS"), "-scheme", "http", "-host", "127.0.0.1", "-port", strconv.Itoa(port),
		"-public-host", address(port), "-backend", "filesystem", "-filesystem-root", dir)
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	sign := func(t *testing.T, object, contentType string, headers ...string) string {
		t.Helper()
		signed, err := gcs.SignedURL(bucket, object, &gcs.SignedURLOptions{
			GoogleAccessID: "ci@example.com", PrivateKey: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}),
			Method: http.MethodPut, Expires: time.Now().Add(life), ContentType: contentType, Headers: headers,
			Scheme: gcs.SigningSchemeV4, Insecure: true, Hostname: address(port), Style: gcs.PathStyle(),
		})
		require.NoError(t, err)
		return signed
	}
	for _, signedType := range []string{"", contentType} {
		for _, size := range []int{small, medium} {
			object := strconv.Itoa(size) + strings.ReplaceAll(signedType, "/", "-") + ".xml"
			api := newPresigner(t, sign(t, object, signedType))
			sent := report(size)
			result, err := api.upload(within(t, time.Minute), t, sent)
			api.assertStored(t, sent, result, err, objectFile(dir, bucket, object))
		}
	}
	t.Run("a header is signed that the client does not send", func(t *testing.T) {
		api := newPresigner(t, sign(t, "header.xml", contentType, "x-goog-if-generation-match:0"))
		result, err := api.upload(within(t, time.Minute), t, report(small))
		assert.Nil(t, result)
		assert.ErrorIs(t, err, codeant.ErrBadResponse)
		assert.ErrorContains(t, err, "x-goog-if-generation-match")
		assert.NoFileExists(t, objectFile(dir, bucket, "header.xml"))
	})
}

// azurite is Azure's blob storage, with a container that is there.
type azurite struct {
	port int
	key  *azure.SharedKeyCredential
	*azure.Client
}

// The emulator's account, with its well-known key.
const (
	account    = "devstoreaccount1"
	accountKey = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)

func startAzurite(t *testing.T) *azurite {
	t.Helper()
	port := freePort(t)
	start(t, port, program(t, "PEERS_AZURITE"), "--blobHost", "127.0.0.1", "--blobPort", strconv.Itoa(port), "--location", t.TempDir(),
		"--silent", "--skipApiVersionCheck", "--disableProductStyleUrl")
	key, err := azure.NewSharedKeyCredential(account, accountKey)
	require.NoError(t, err)
	client, err := azure.NewClientWithSharedKeyCredential("http://"+address(port)+"/"+account, key, nil)
	require.NoError(t, err)
	_, err = client.CreateContainer(t.Context(), bucket, nil)
	require.NoError(t, err)
	return &azurite{port, key, client}
}

// sign returns the URL of a blob on origin, valid from an hour before until.
func (a *azurite) sign(t *testing.T, origin, container, blob string, until time.Time) string {
	t.Helper()
	query, err := sas.BlobSignatureValues{
		Protocol: sas.ProtocolHTTPSandHTTP, StartTime: until.Add(-time.Hour).UTC(), ExpiryTime: until.UTC(),
		Permissions: (&sas.BlobPermissions{Create: true, Write: true}).String(), ContainerName: container, BlobName: blob,
	}.SignWithSharedKey(a.key)
	require.NoError(t, err)
	return origin + "/" + account + "/" + container + "/" + blob + "?" + query.Encode()
}

// Azure wants a header that no presigned URL can ask for. A gateway that adds it makes the rest of Azure visible.
func TestBetweenNginxAndAzure(t *testing.T) {
	t.Parallel()
	server := startAzurite(t)
	front := startNginx(t, false, address(server.port), nginx{limit: "0", location: "proxy_set_header x-ms-blob-type BlockBlob;"})
	for _, size := range []int{small, medium} {
		blob := strconv.Itoa(size) + ".xml"
		api := newPresigner(t, server.sign(t, front.url, bucket, blob, time.Now().Add(life)))
		sent := report(size)
		result, err := api.upload(within(t, time.Minute), t, sent)
		file := filepath.Join(t.TempDir(), blob)
		out, createErr := os.Create(file)
		require.NoError(t, createErr)
		_, downloadErr := server.NewContainerClient(bucket).NewBlobClient(blob).DownloadFile(t.Context(), out, nil)
		require.NoError(t, out.Close())
		assert.NoError(t, downloadErr)
		api.assertStored(t, sent, result, err, file)
	}
	good := server.sign(t, front.url, bucket, "refused.xml", time.Now().Add(life))
	for _, c := range []struct {
		name string
		url  string
		want refused
	}{
		{
			"expired", server.sign(t, front.url, bucket, "refused.xml", time.Now().Add(-time.Hour)),
			refused{status: 403, code: "AuthorizationFailure"},
		},
		{"a wrong signature", strings.Replace(good, "sig=", "sig=AAAA", 1), refused{status: 403, code: "AuthorizationFailure"}},
		{
			"the container is gone", server.sign(t, front.url, "gone", "refused.xml", time.Now().Add(life)),
			refused{status: 404, code: "ContainerNotFound"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, size := range []int{small, medium} {
				api := newPresigner(t, c.url, c.url)
				result, err := api.upload(within(t, time.Minute), t, report(size))
				api.assertRefused(t, c.want, result, err)
				var storageErr *codeant.StorageError
				if assert.ErrorAs(t, err, &storageErr) {
					assert.NotEmpty(t, storageErr.RequestID, "x-ms-request-id")
				}
			}
		})
	}
}

func TestAzureWantsAHeader(t *testing.T) {
	t.Parallel()
	server := startAzurite(t)
	for _, size := range []int{small, medium} {
		api := newPresigner(t, server.sign(t, "http://"+address(server.port), bucket, "coverage.xml", time.Now().Add(life)))
		result, err := api.upload(within(t, time.Minute), t, report(size))
		api.assertRefused(t, refused{status: 400}, result, err) // the emulator answers without a body and without a code
	}
}
