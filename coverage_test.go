package codeant_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant"
)

const (
	coverageToken = "cdt_coverageTests0123456789"
	lcovReport    = "TN:\nSF:a.js\nDA:1,1\nend_of_record\n"
	signedQuery   = "X-Amz-Expires=100&X-Amz-Signature=feedfacecafe"
	uploadURL     = "https://bucket.example/report.xml?" + signedQuery
	presignURL    = "https://api.codeant.ai/pr/analysis/coverage/presign"
	completeURL   = "https://api.codeant.ai/pr/analysis/coverage/complete"
	putPattern    = "https://bucket.example/report.xml"
)

var shop = codeant.Revision{Provider: codeant.GitHub, Repo: "acme/shop", Commit: "8f3b2c1d9e7a6b5c4d3e2f1a0b9c8d7e6f5a4b3c", Branch: "main"}

func coverageClient(t *testing.T, mock *httpmock.MockTransport, opts ...codeant.Option) *codeant.Client {
	t.Helper()
	all := append([]codeant.Option{
		codeant.WithToken(coverageToken), codeant.WithBaseURL(codeant.DefaultBaseURL), codeant.WithHTTPClient(&http.Client{Transport: mock}),
	}, opts...)
	client, err := codeant.New(all...)
	require.NoError(t, err)
	return client
}

func presigns(mock *httpmock.MockTransport) {
	mock.RegisterResponder("POST", presignURL, httpmock.NewStringResponder(200, fmt.Sprintf(`{"coverage_url":%q}`, uploadURL)))
}

func completes(mock *httpmock.MockTransport) {
	mock.RegisterResponder("POST", completeURL, httpmock.NewStringResponder(200, `{"status":"success","message":"thank you"}`))
}

// puts answers the uploads one after the other, the last answer again and again, and keeps what was sent.
func puts(mock *httpmock.MockTransport, answers ...httpmock.Responder) *[]string {
	var bodies []string
	mock.RegisterResponder("PUT", putPattern, func(req *http.Request) (*http.Response, error) {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return nil, err
		}
		bodies = append(bodies, string(body))
		return answers[min(len(bodies), len(answers))-1](req)
	})
	return &bodies
}

func storageXML(status int, code, message string) httpmock.Responder {
	return httpmock.NewStringResponder(status, fmt.Sprintf("<?xml version=\"1.0\"?>\n<Error><Code>%s</Code><Message>%s</Message><RequestId>R7</RequestId><StringToSign>secret-to-sign</StringToSign></Error>", code, message))
}

func upload() codeant.CoverageUpload {
	return codeant.CoverageUpload{Revision: shop, Body: strings.NewReader(lcovReport)}
}

func TestUploadPresignsPutsAndCompletes(t *testing.T) {
	t.Parallel()
	mock := httpmock.NewMockTransport()
	var told []map[string]any
	tell := func(answer string) httpmock.Responder {
		return func(req *http.Request) (*http.Response, error) {
			var body map[string]any
			if err := json.NewDecoder(req.Body).Decode(&body); err != nil {
				return nil, err
			}
			told = append(told, body)
			return httpmock.NewStringResponse(200, answer), nil
		}
	}
	mock.RegisterResponder("POST", presignURL, tell(fmt.Sprintf(`{"coverage_url":%q}`, uploadURL)))
	mock.RegisterResponder("POST", completeURL, tell(`{"message":"thank you"}`))
	mock.RegisterResponder("PUT", putPattern, func(req *http.Request) (*http.Response, error) {
		assert.Equal(t, int64(len(lcovReport)), req.ContentLength)
		assert.Empty(t, req.TransferEncoding)
		assert.Equal(t, signedQuery, req.URL.RawQuery)
		assert.Equal(t, []string{"application/xml"}, req.Header["Content-Type"])
		assert.NotContains(t, req.Header, "Authorization")
		body, err := io.ReadAll(req.Body)
		assert.Equal(t, lcovReport, string(body))
		return httpmock.NewStringResponse(204, ""), err
	})
	var progress [][2]int64
	up := upload()
	up.Module, up.ModulePath, up.Revision.ProviderURL = "frontend", "web/frontend", "https://github.acme.example"
	up.Progress = func(sent, total int64) { progress = append(progress, [2]int64{sent, total}) }

	result, err := coverageClient(t, mock).Coverage.Upload(t.Context(), up)

	require.NoError(t, err)
	assert.Equal(t, &codeant.CoverageResult{Format: codeant.FormatLCOV, Bytes: 33, Message: "thank you", Raw: json.RawMessage(`{"message":"thank you"}`)}, result)
	body := map[string]any{
		"access_token": coverageToken, "repo": "acme/shop", "commit_id": shop.Commit, "platform": "github", "branch": "main",
		"module": "frontend", "module_path": "web/frontend", "vcs_base_url": "https://github.acme.example",
	}
	assert.Equal(t, []map[string]any{body, body}, told)
	assert.Equal(t, [][2]int64{{0, 33}, {33, 33}}, progress)
}

func TestCompleteNeverFollowsAFailedPut(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		put    httpmock.Responder
		puts   int
		signed int
		kinds  []error
		not    []error
		text   string
	}{
		{
			"forbidden", storageXML(403, "AccessDenied", "Access Denied"), 1, 1,
			[]error{codeant.ErrStorage},
			[]error{codeant.ErrUnavailable},
			"codeant: coverage.put: the report was not stored: 403 Forbidden: AccessDenied: Access Denied (host bucket.example, 1 attempt, request id R7); the upload URL does not permit storing the report: report it to CodeAnt support",
		},
		{
			"wrong signature", storageXML(403, "SignatureDoesNotMatch", "no"), 1, 1,
			[]error{codeant.ErrStorage},
			[]error{codeant.ErrUnavailable},
			"codeant: coverage.put: the report was not stored: 403 Forbidden: SignatureDoesNotMatch: no (host bucket.example, 1 attempt, request id R7); the signature of the upload URL does not match the request: report it to CodeAnt support",
		},
		{
			"overloaded to the end", storageXML(503, "SlowDown", "Reduce your request rate"), 3, 1,
			[]error{codeant.ErrStorage, codeant.ErrUnavailable},
			nil,
			"codeant: coverage.put: the report was not stored: 503 Service Unavailable: SlowDown: Reduce your request rate (host bucket.example, 3 attempts, request id R7); try again later",
		},
		{
			"stalled sender, as S3 says it", storageXML(400, "RequestTimeout", "slow"), 3, 1,
			[]error{codeant.ErrStorage, codeant.ErrUnavailable},
			nil,
			"codeant: coverage.put: the report was not stored: 400 Bad Request: RequestTimeout: slow (host bucket.example, 3 attempts, request id R7); try again later",
		},
		{
			"expired twice", storageXML(403, "AccessDenied", "Request has expired"), 2, 2,
			[]error{codeant.ErrStorage},
			[]error{codeant.ErrUnavailable},
			"codeant: coverage.put: the report was not stored: 403 Forbidden: AccessDenied: Request has expired; the upload URL expired, and so did its replacement (host bucket.example, 2 attempts, request id R7); the URL expires before the transfer ends, or the clock of the machine that signed it is wrong: report it to CodeAnt support",
		},
		{
			"redirect", httpmock.ResponderFromResponse(&http.Response{StatusCode: 301, Header: http.Header{"Location": {"https://elsewhere.example/x?X-Amz-Signature=feedfacecafe"}}, Body: http.NoBody}), 1, 1,
			[]error{codeant.ErrStorage, codeant.ErrRedirect},
			[]error{codeant.ErrUnavailable},
			"codeant: coverage.put: the report was not stored: 301 Moved Permanently: a redirect to elsewhere.example (host bucket.example, 1 attempt); redirects are not followed, because they could send the signed URL to another host: report it to CodeAnt support",
		},
		{
			"redirect to nowhere", storageXML(307, "TemporaryRedirect", "Go elsewhere"), 1, 1,
			[]error{codeant.ErrStorage, codeant.ErrRedirect},
			[]error{codeant.ErrUnavailable},
			"codeant: coverage.put: the report was not stored: 307 Temporary Redirect: TemporaryRedirect: Go elsewhere (host bucket.example, 1 attempt, request id R7); redirects are not followed, because they could send the signed URL to another host: report it to CodeAnt support",
		},
		{
			"a refusal with an address", storageXML(403, "AccessDenied", "Access Denied").HeaderSet(http.Header{"Location": {"https://elsewhere.example/x"}}), 1, 1,
			[]error{codeant.ErrStorage},
			[]error{codeant.ErrRedirect},
			"codeant: coverage.put: the report was not stored: 403 Forbidden: AccessDenied: Access Denied (host bucket.example, 1 attempt, request id R7); the upload URL does not permit storing the report: report it to CodeAnt support",
		},
		{
			"too large for Azure", storageXML(400, "RequestBodyTooLarge", "no"), 1, 1,
			[]error{codeant.ErrStorage, codeant.ErrTooLarge},
			[]error{codeant.ErrUnavailable},
			"codeant: coverage.put: the report was not stored: 400 Bad Request: RequestBodyTooLarge: no (host bucket.example, 1 attempt, request id R7); the storage does not accept a report of this size: split it by module, or exclude generated code",
		},
		{
			"too many", storageXML(429, "TooManyRequests", "no"), 3, 1,
			[]error{codeant.ErrStorage, codeant.ErrRateLimited},
			[]error{codeant.ErrUnavailable},
			"codeant: coverage.put: the report was not stored: 429 Too Many Requests: TooManyRequests: no (host bucket.example, 3 attempts, request id R7); try again later",
		},
		{
			"an error with status 200", storageXML(200, "InternalError", "We lost it"), 1, 1,
			[]error{codeant.ErrStorage},
			nil,
			"codeant: coverage.put: the report was not stored: 200 OK: InternalError: the answer speaks of an error; We lost it (host bucket.example, 1 attempt, request id R7); try again; if that does not help, report it to CodeAnt support",
		},
		{
			"a transport that repeats the URL", httpmock.NewErrorResponder(errors.New("no way to " + uploadURL)), 1, 1,
			[]error{codeant.ErrStorage, codeant.ErrUnavailable},
			nil,
			"codeant: coverage.put: the report was not stored: no way to https://bucket.example/report.xml?… (host bucket.example, 1 attempt); check that this network allows connections to the storage host, which is not the API's host",
		},
		{
			"an answer that is not HTTP", httpmock.NewErrorResponder(errors.New(`malformed HTTP response "hello"`)), 1, 1,
			[]error{codeant.ErrStorage, codeant.ErrUnavailable, codeant.ErrBadResponse},
			[]error{codeant.ErrTooLarge},
			`codeant: coverage.put: the report was not stored: it is not valid HTTP: malformed HTTP response "hello" (host bucket.example, 1 attempt); check that this network allows connections to the storage host, which is not the API's host`,
		},
		{
			"the connection breaks each time", httpmock.NewErrorResponder(io.ErrUnexpectedEOF), 3, 1,
			[]error{codeant.ErrStorage, codeant.ErrUnavailable, io.ErrUnexpectedEOF},
			nil,
			"codeant: coverage.put: the report was not stored: the connection broke: unexpected EOF (host bucket.example, 3 attempts); check that this network allows connections to the storage host, which is not the API's host",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				mock := httpmock.NewMockTransport()
				presigns(mock)
				completes(mock)
				sent := puts(mock, tt.put)
				var log bytes.Buffer
				logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))

				result, err := coverageClient(t, mock, codeant.WithLogger(logger)).Coverage.Upload(t.Context(), upload())

				assert.Nil(t, result)
				assert.EqualError(t, err, tt.text)
				var storageErr *codeant.StorageError
				require.ErrorAs(t, err, &storageErr)
				for _, kind := range tt.kinds {
					assert.ErrorIs(t, err, kind)
				}
				for _, kind := range tt.not {
					assert.NotErrorIs(t, err, kind)
				}
				for _, body := range *sent {
					assert.Equal(t, lcovReport, body, "every attempt sends the whole report")
				}
				calls := mock.GetCallCountInfo()
				assert.Equal(t, tt.puts, calls["PUT "+putPattern])
				assert.Equal(t, tt.signed, calls["POST "+presignURL])
				assert.Zero(t, calls["POST "+completeURL])
				asJSON, _ := json.Marshal(err)
				printed := log.String() + string(asJSON)
				for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
					printed += fmt.Sprintf(verb, err) + fmt.Sprintf(verb, storageErr)
				}
				for _, secret := range []string{"feedfacecafe", coverageToken, "secret-to-sign"} {
					assert.NotContains(t, printed, secret)
				}
			})
		})
	}
}

func TestOneBlipOfTheStorageIsForgivenAndTheReportSentAgainFromItsStart(t *testing.T) {
	t.Parallel()
	for name, blip := range map[string]httpmock.Responder{
		"503":     storageXML(503, "SlowDown", "slow"),
		"500":     storageXML(500, "InternalError", "oops"),
		"reset":   httpmock.NewErrorResponder(io.ErrUnexpectedEOF),
		"refused": httpmock.NewErrorResponder(errors.New("stream error: stream ID 1; REFUSED_STREAM")),
		"expired": storageXML(403, "AccessDenied", "Request has expired"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				mock := httpmock.NewMockTransport()
				presigns(mock)
				completes(mock)
				sent := puts(mock, blip, httpmock.NewStringResponder(200, ""))
				var progress []int64
				up := upload()
				up.Progress = func(done, _ int64) { progress = append(progress, done) }

				_, err := coverageClient(t, mock).Coverage.Upload(t.Context(), up)

				require.NoError(t, err)
				assert.Equal(t, []string{lcovReport, lcovReport}, *sent)
				assert.Equal(t, []int64{0, 33, 0, 33}, progress)
				assert.Equal(t, 1, mock.GetCallCountInfo()["POST "+completeURL])
			})
		})
	}
}

// A renewed URL gives another attempt even if there is only one, but no more than one.
func TestARenewedURLAllowsOneMoreAttempt(t *testing.T) {
	t.Parallel()
	expired, busy, stored := storageXML(403, "AccessDenied", "Request has expired"), storageXML(500, "InternalError", "oops"), httpmock.NewStringResponder(200, "")
	for _, tt := range []struct {
		name     string
		attempts int
		answers  []httpmock.Responder
		puts     int
		stored   bool
	}{
		{"the only attempt", 1, []httpmock.Responder{expired, stored}, 2, true},
		{"the only attempt, busy then", 1, []httpmock.Responder{expired, busy, stored}, 2, false},
		{"the first of two, busy then", 2, []httpmock.Responder{expired, busy, stored}, 2, false},
		{"the first of three, busy then", 3, []httpmock.Responder{expired, busy, stored}, 3, true},
		{"the last of two", 2, []httpmock.Responder{busy, expired, stored}, 3, true},
		{"the last of two, busy then", 2, []httpmock.Responder{busy, expired, busy, stored}, 3, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				mock := httpmock.NewMockTransport()
				presigns(mock)
				completes(mock)
				puts(mock, tt.answers...)
				client := coverageClient(t, mock, codeant.WithRetry(codeant.RetryPolicy{MaxAttempts: tt.attempts}))
				_, err := client.Coverage.Upload(t.Context(), upload())
				assert.Equal(t, tt.stored, err == nil, "%v", err)
				assert.Equal(t, tt.puts, mock.GetCallCountInfo()["PUT "+putPattern])
				assert.Equal(t, 2, mock.GetCallCountInfo()["POST "+presignURL])
			})
		})
	}
}

func TestABusyStorageIsGivenMoreTime(t *testing.T) {
	t.Parallel()
	for code, want := range map[int]time.Duration{
		429: 500 * time.Millisecond, 503: 500 * time.Millisecond, 500: 100 * time.Millisecond, 408: 100 * time.Millisecond,
	} {
		synctest.Test(t, func(t *testing.T) {
			mock := httpmock.NewMockTransport()
			presigns(mock)
			completes(mock)
			puts(mock, httpmock.NewStringResponder(code, ""), httpmock.NewStringResponder(200, ""))
			client := coverageClient(t, mock)
			client.PinJitter()
			began := time.Now()
			_, err := client.Coverage.Upload(t.Context(), upload())
			require.NoError(t, err)
			assert.Equal(t, want, time.Since(began), code)
		})
	}
}

func TestAURLThatGrewOldDuringAPauseIsRenewedBeforeTheNextAttempt(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		query, retryAfter string
		signed            int
	}{
		{signedQuery, "90", 2},
		{signedQuery, "81", 2},
		{signedQuery, "80", 1}, // four fifths of the 100 s have not passed yet
		{"X-Amz-Expires=0&X-Amz-Signature=feedfacecafe", "90", 1},
		{"X-Amz-Expires=-100&X-Amz-Signature=feedfacecafe", "90", 1},
		{"X-Amz-Expires=99999999999&X-Amz-Signature=feedfacecafe", "90", 1},
		{"X-Amz-Signature=feedfacecafe", "90", 1}, // the URL does not say how long it is valid
	} {
		synctest.Test(t, func(t *testing.T) {
			mock := httpmock.NewMockTransport()
			mock.RegisterResponder("POST", presignURL, httpmock.NewStringResponder(200, fmt.Sprintf(`{"coverage_url":%q}`, putPattern+"?"+tt.query)))
			completes(mock)
			slow := httpmock.ResponderFromResponse(&http.Response{StatusCode: 503, Header: http.Header{"Retry-After": {tt.retryAfter}}, Body: http.NoBody})
			puts(mock, slow, httpmock.NewStringResponder(200, ""))

			_, err := coverageClient(t, mock, codeant.WithRetry(codeant.RetryPolicy{MaxRetryAfter: 2 * time.Minute})).Coverage.Upload(t.Context(), upload())

			require.NoError(t, err)
			assert.Equal(t, tt.signed, mock.GetCallCountInfo()["POST "+presignURL], "%s, %s s", tt.query, tt.retryAfter)
			assert.Equal(t, 2, mock.GetCallCountInfo()["PUT "+putPattern], "the renewed URL is used")
		})
	}
}

func TestAnUploadWhoseURLCannotBeRenewedFails(t *testing.T) {
	t.Parallel()
	for name, refused := range map[string]httpmock.Responder{
		"old":     httpmock.ResponderFromResponse(&http.Response{StatusCode: 503, Header: http.Header{"Retry-After": {"90"}}, Body: http.NoBody}),
		"expired": storageXML(403, "AccessDenied", "Request has expired"),
	} {
		synctest.Test(t, func(t *testing.T) {
			mock := httpmock.NewMockTransport()
			mock.RegisterResponder("POST", presignURL, inOrder(status(200, fmt.Sprintf(`{"coverage_url":%q}`, uploadURL)), status(403, "")))
			completes(mock)
			puts(mock, refused)
			_, err := coverageClient(t, mock, codeant.WithRetry(codeant.RetryPolicy{MaxRetryAfter: 2 * time.Minute})).Coverage.Upload(t.Context(), upload())
			var apiErr *codeant.APIError
			require.ErrorAs(t, err, &apiErr, name)
			assert.Equal(t, 403, apiErr.StatusCode, name)
			assert.Equal(t, 1, mock.GetCallCountInfo()["PUT "+putPattern], name)
			assert.Zero(t, mock.GetCallCountInfo()["POST "+completeURL], name)
		})
	}
}

func TestACompleteThatFailsIsRepeatedAloneAndToldApart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		mock := httpmock.NewMockTransport()
		presigns(mock)
		puts(mock, httpmock.NewStringResponder(200, ""))
		mock.RegisterResponder("POST", completeURL, httpmock.NewStringResponder(502, "<html><title>Bad gateway</title></html>"))

		_, err := coverageClient(t, mock).Coverage.Upload(t.Context(), upload())

		assert.EqualError(t, err, "codeant: coverage.complete: 502 Bad Gateway: the answer is a web page, not CodeAnt's JSON: Bad gateway (POST /pr/analysis/coverage/complete, host api.codeant.ai, 3 attempts); try again later (the report is stored, but CodeAnt was not notified: upload it again)")
		assert.ErrorIs(t, err, codeant.ErrUnavailable)
		calls := mock.GetCallCountInfo()
		assert.Equal(t, 1, calls["PUT "+putPattern])
		assert.Equal(t, 3, calls["POST "+completeURL])
	})
}

func TestAnUnusableUploadAddressEndsTheUploadAndIsNotShown(t *testing.T) {
	t.Parallel()
	for answer, reason := range map[string]string{
		`{}`:                                    `field "coverage_url" is missing`,
		`{"coverage_url":""}`:                   `field "coverage_url" is missing`,
		`{"coverage_url":"None"}`:               `field "coverage_url" is not a usable upload URL: it must start with https://`,
		`{"coverage_url":"file:///etc/passwd"}`: `field "coverage_url" is not a usable upload URL: it must start with https://`,
		`{"coverage_url":"http://bucket.example/x?X-Amz-Signature=feedfacecafe"}`:     `field "coverage_url" is not a usable upload URL: it is plain http to bucket.example, which would show secrets to the network: use https://`,
		`{"coverage_url":"https://me:pw@bucket.example/x"}`:                           `field "coverage_url" is not a usable upload URL: it holds a user name or password, which does not belong there`,
		`{"coverage_url":"https://b.example/x?X-Amz-SignedHeaders=host%3Bx-amz-acl"}`: `field "coverage_url" is not a usable upload URL: its signature wants the header "x-amz-acl", which this client does not send`,
	} {
		t.Run(answer, func(t *testing.T) {
			t.Parallel()
			mock := httpmock.NewMockTransport()
			mock.RegisterResponder("POST", presignURL, httpmock.NewStringResponder(200, answer))
			_, err := coverageClient(t, mock).Coverage.Upload(t.Context(), upload())
			assert.EqualError(t, err, "codeant: coverage.presign: 200 OK: the answer cannot be used: "+reason+" (POST /pr/analysis/coverage/presign, host api.codeant.ai, 1 attempt); check the base URL, and that no proxy or login page answers in CodeAnt's place")
			assert.ErrorIs(t, err, codeant.ErrBadResponse)
			assert.Equal(t, 1, mock.GetTotalCallCount())
		})
	}
}

func TestABadReportIsRefusedBeforeAnythingIsSent(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		return path
	}
	for _, tt := range []struct {
		name  string
		up    codeant.CoverageUpload
		kinds []error
		text  string
	}{
		{"none", codeant.CoverageUpload{Revision: shop}, []error{codeant.ErrInvalidRequest}, "codeant: coverage report is missing; set Path or Body"},
		{"two", codeant.CoverageUpload{Revision: shop, Path: "a", Body: strings.NewReader("b")}, []error{codeant.ErrInvalidRequest}, `codeant: coverage report "a" is given twice; set Path or Body, not both`},
		{"missing", codeant.CoverageUpload{Revision: shop, Path: "no/such.xml"}, []error{codeant.ErrInvalidReport, os.ErrNotExist}, `codeant: coverage report "no/such.xml" cannot be used: the file does not exist; does the test step write it to this path, and does it run before this step?`},
		{"directory", codeant.CoverageUpload{Revision: shop, Path: "."}, []error{codeant.ErrInvalidReport}, `codeant: coverage report "." cannot be used: it is a directory; use the path of the report in it`},
		{"device", codeant.CoverageUpload{Revision: shop, Path: os.DevNull}, []error{codeant.ErrInvalidReport}, `codeant: coverage report "/dev/null" cannot be used: it is a device; write the report to a regular file first`},
		{"empty", codeant.CoverageUpload{Revision: shop, Path: write("empty", "")}, []error{codeant.ErrInvalidReport}, ""},
		{"empty body", codeant.CoverageUpload{Revision: shop, Body: strings.NewReader("")}, []error{codeant.ErrInvalidReport}, "codeant: coverage report cannot be used: it is empty; did the tests run?"},
		{"HTML", codeant.CoverageUpload{Revision: shop, Path: write("html", "<!DOCTYPE html><html></html>")}, []error{codeant.ErrInvalidReport}, ""},
		{"JUnit", codeant.CoverageUpload{Revision: shop, Path: write("junit", "<testsuites><testsuite/></testsuites>")}, []error{codeant.ErrInvalidReport}, ""},
		{"Go profile", codeant.CoverageUpload{Revision: shop, Path: write("go", "mode: set\nexample.com/m/a.go:1.1,2.2 1 1\n")}, []error{codeant.ErrInvalidReport}, ""},
		{"archive", codeant.CoverageUpload{Revision: shop, Path: write("gz", "\x1f\x8b\x08\x00\x00\x00\x00\x00")}, []error{codeant.ErrInvalidReport}, ""},
		{"unknown format", codeant.CoverageUpload{Revision: shop, Path: "a", Format: "opencover"}, []error{codeant.ErrInvalidRequest}, `codeant: report format "opencover" is not known; omit it, or use cobertura, jacoco, lcov, clover or json`},
		{"bad module", codeant.CoverageUpload{Revision: shop, Body: strings.NewReader(lcovReport), Module: "a\nb"}, []error{codeant.ErrInvalidRequest}, `codeant: module "a b" contains a control character; remove line breaks and other invisible characters`},
		{"no revision", codeant.CoverageUpload{Body: strings.NewReader(lcovReport)}, []error{codeant.ErrInvalidRequest}, "codeant: provider is missing; use github, gitlab, bitbucket or azuredevops"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			mock := httpmock.NewMockTransport()
			_, err := coverageClient(t, mock).Coverage.Upload(t.Context(), tt.up)
			require.Error(t, err)
			if tt.text != "" {
				assert.EqualError(t, err, tt.text)
			}
			for _, kind := range tt.kinds {
				assert.ErrorIs(t, err, kind)
			}
			assert.Zero(t, mock.GetTotalCallCount())
		})
	}
}

func TestABodyIsSentFromItsOffsetAndLeftThere(t *testing.T) {
	t.Parallel()
	mock := httpmock.NewMockTransport()
	presigns(mock)
	completes(mock)
	sent := puts(mock, httpmock.NewStringResponder(200, ""))
	body := strings.NewReader("header to skip" + lcovReport)
	_, err := body.Seek(int64(len("header to skip")), io.SeekStart)
	require.NoError(t, err)

	result, err := coverageClient(t, mock).Coverage.Upload(t.Context(), codeant.CoverageUpload{Revision: shop, Body: body})

	require.NoError(t, err)
	assert.Equal(t, int64(33), result.Bytes)
	assert.Equal(t, []string{lcovReport}, *sent)
	assert.Equal(t, len(lcovReport), body.Len())
}

func TestAReportThatShrinksWhileItIsSentIsNotSentAgain(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lcov.info")
	require.NoError(t, os.WriteFile(path, []byte(lcovReport), 0o600))
	mock := httpmock.NewMockTransport()
	completes(mock)
	mock.RegisterResponder("POST", presignURL, func(*http.Request) (*http.Response, error) {
		return httpmock.NewStringResponse(200, fmt.Sprintf(`{"coverage_url":%q}`, uploadURL)), os.Truncate(path, 10)
	})
	sent := puts(mock, httpmock.NewStringResponder(200, ""))

	_, err := coverageClient(t, mock).Coverage.Upload(t.Context(), codeant.CoverageUpload{Revision: shop, Path: path})

	assert.ErrorIs(t, err, codeant.ErrInvalidReport)
	assert.ErrorContains(t, err, "changed while it was sent: it has 23 bytes less than when the upload began")
	assert.Empty(t, *sent)
	assert.Zero(t, mock.GetCallCountInfo()["POST "+completeURL])
}

func TestAnEndedContextStopsTheUploadAndIsTold(t *testing.T) {
	t.Parallel()
	mock := httpmock.NewMockTransport()
	presigns(mock)
	completes(mock)
	ctx, cancel := context.WithCancel(t.Context())
	puts(mock, func(*http.Request) (*http.Response, error) {
		cancel()
		return nil, context.Canceled
	})
	_, err := coverageClient(t, mock).Coverage.Upload(ctx, upload())
	assert.ErrorIs(t, err, context.Canceled)
	assert.ErrorIs(t, err, codeant.ErrStorage)
	assert.Zero(t, mock.GetCallCountInfo()["POST "+completeURL])
}

func TestAPresignedUploadIsPrintedWithoutItsQuery(t *testing.T) {
	t.Parallel()
	mock := httpmock.NewMockTransport()
	presigns(mock)
	presigned, err := coverageClient(t, mock).Coverage.Presign(t.Context(), codeant.CoverageTarget{Revision: shop})
	require.NoError(t, err)
	assert.Equal(t, uploadURL, presigned.Reveal())
	const shown = "https://bucket.example/report.xml?…"
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		assert.Equal(t, shown, fmt.Sprintf(verb, presigned), verb)
	}
	asJSON, err := json.Marshal(map[string]any{"url": presigned})
	require.NoError(t, err)
	assert.JSONEq(t, `{"url":"`+shown+`"}`, string(asJSON))
	hidden := struct{ inside *codeant.PresignedUpload }{presigned}
	assert.NotContains(t, fmt.Sprintf("%+v %#v", hidden, hidden), "feedface")
}
