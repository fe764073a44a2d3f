package codeanttest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/codeanttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const report = `<?xml version="1.0"?><coverage line-rate="0.5"><packages></packages></coverage>`

var revision = codeant.Revision{Provider: codeant.GitHub, Repo: "acme/web", Commit: "0123456789abcdef0123456789abcdef01234567", Branch: "main"}

type response struct {
	Status int
	Body   string
}

func do(t *testing.T, hc *http.Client, method, url, body string, header map[string]string) (*http.Response, response) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	require.NoError(t, err)
	for name, value := range header {
		req.Header.Set(name, value)
	}
	res, err := hc.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return res, response{res.StatusCode, string(text)}
}

func post(t *testing.T, s *codeanttest.Server, path, body string) response {
	t.Helper()
	_, got := do(t, s.HTTPClient(), http.MethodPost, s.URL()+path, body, headers(s))
	return got
}

func headers(s *codeanttest.Server) map[string]string {
	return map[string]string{"Authorization": "Bearer " + s.Token().Reveal(), "Content-Type": "application/json"}
}

func target(s *codeanttest.Server) string {
	return fmt.Sprintf(`{"repo":%q,"commit_id":%q,"platform":"github","access_token":%q}`, revision.Repo, revision.Commit, s.Token().Reveal())
}

func newClient(t *testing.T, s *codeanttest.Server, opts ...codeant.Option) *codeant.Client {
	t.Helper()
	client, err := s.Client(opts...)
	require.NoError(t, err)
	return client
}

// everywhere runs a test over sockets and in memory.
func everywhere(t *testing.T, test func(t *testing.T, s *codeanttest.Server), opts ...codeanttest.Option) {
	t.Run("sockets", func(t *testing.T) {
		t.Parallel()
		test(t, codeanttest.NewServer(t, opts...))
	})
	t.Run("memory", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			test(t, codeanttest.NewServer(t, append(opts, codeanttest.InMemory())...))
		})
	})
}

func TestUpload(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, s *codeanttest.Server) {
		result, err := newClient(t, s).Coverage.Upload(t.Context(), codeant.CoverageUpload{
			Revision: revision, Module: "web", Body: strings.NewReader(report),
		})
		require.NoError(t, err)
		assert.Equal(t, &codeant.CoverageResult{
			Format: codeant.FormatCobertura, Bytes: int64(len(report)), Message: "Coverage report received",
			Raw: json.RawMessage(`{"message":"Coverage report received","status":"success"}`),
		}, result)
		assert.Equal(t, []codeanttest.Upload{
			{Revision: revision, Module: "web", Bytes: int64(len(report)), Content: []byte(report), Completed: true},
		}, s.Uploads())
		var ops []string
		for _, r := range s.Requests() {
			ops = append(ops, r.Op+" "+r.Method+" "+r.Path)
		}
		assert.Equal(t, []string{
			"coverage.presign POST /pr/analysis/coverage/presign",
			"coverage.put PUT /coverage/1/coverage.xml",
			"coverage.complete POST /pr/analysis/coverage/complete",
		}, ops)
		assert.Equal(t, report, string(s.Requests()[1].Body))
		assert.Equal(t, "Bearer "+s.Token().Reveal(), s.Requests()[0].Header.Get("Authorization"))
	})
}

func TestDiscardUploads(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, s *codeanttest.Server) {
		big := report + strings.Repeat(" ", 3<<20)
		_, err := newClient(t, s).Coverage.Upload(t.Context(), codeant.CoverageUpload{Revision: revision, Body: strings.NewReader(big)})
		require.NoError(t, err)
		assert.Equal(t, []codeanttest.Upload{{Revision: revision, Bytes: int64(len(big)), Completed: true}}, s.Uploads())
		assert.Nil(t, s.Requests()[1].Body)
	}, codeanttest.DiscardUploads())
}

func TestTokens(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, s *codeanttest.Server) {
		client := newClient(t, s)
		created, err := client.Tokens.Create(t.Context(), codeant.CreateTokenRequest{Name: "second"})
		require.NoError(t, err)
		assert.Len(t, created.Token.Reveal(), 40)
		infos, err := client.Tokens.List(t.Context())
		require.NoError(t, err)
		require.Len(t, infos, 2)
		first := codeant.TokenInfo{
			ID: "tok_1", Name: "codeanttest", Last4: s.Token().Last4(), Provider: codeant.GitHub, Organization: "acme",
			CreatedAt: infos[0].CreatedAt, Status: codeant.TokenActive,
		}
		assert.Equal(t, []codeant.TokenInfo{first, created.TokenInfo}, infos)

		require.NoError(t, client.Tokens.Revoke(t.Context(), created.ID))
		require.NoError(t, client.Tokens.Revoke(t.Context(), created.ID))
		require.ErrorIs(t, client.Tokens.Revoke(t.Context(), "tok_9"), codeant.ErrNotFound)
		_, err = newClient(t, s, codeant.WithToken(created.Token.Reveal())).Tokens.List(t.Context())
		require.ErrorIs(t, err, codeant.ErrTokenRevoked)
		_, err = newClient(t, s, codeant.WithToken("cdt_unknown-token")).Tokens.List(t.Context())
		require.ErrorIs(t, err, codeant.ErrUnauthorized)
		require.NotErrorIs(t, err, codeant.ErrTokenRevoked)
	})
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	s := codeanttest.NewServer(t)
	for _, c := range []struct {
		path, body string
		want       response
	}{
		{"/nowhere", `{}`, response{404, `{"message":"there is no /nowhere"}`}},
		{"/api/tokens/create", `{}`, response{400, `{"message":"field \"name\" is missing"}`}},
		{"/api/tokens/create", `{"name":""}`, response{400, `{"message":"field \"name\" is empty"}`}},
		{"/api/tokens/create", `{"name":7}`, response{400, `{"message":"field \"name\" is not a string"}`}},
		{"/api/tokens/create", `{"name":null}`, response{400, `{"message":"field \"name\" is not a string"}`}},
		{"/api/tokens/create", `{"name":"` + strings.Repeat("ü", 61) + `"}`, response{400, `{"message":"field \"name\" has more than 60 characters"}`}},
		{"/api/tokens/list", `{"z":1,"b":1}`, response{400, `{"message":"field \"b\" is not known"}`}},
		{"/api/tokens/list", `[]`, response{400, `{"message":"the body is not a JSON object"}`}},
		{"/api/tokens/list", ``, response{400, `{"message":"the body is not a JSON object"}`}},
		{"/pr/analysis/coverage/complete", target(s), response{409, `{"message":"no report was uploaded for this commit and module"}`}},
		{
			"/pr/analysis/coverage/presign", strings.Replace(target(s), s.Token().Reveal(), "cdt_another", 1),
			response{400, `{"message":"field \"access_token\" is not the token of the Authorization header"}`},
		},
	} {
		assert.Equal(t, c.want, post(t, s, c.path, c.body), "%s %s", c.path, c.body)
	}
	res, got := do(t, s.HTTPClient(), http.MethodGet, s.URL()+"/api/tokens/list", "", headers(s))
	assert.Equal(t, response{405, `{"message":"use POST"}`}, got)
	assert.Equal(t, "req-12", res.Header.Get("X-Request-Id"))
	assert.NotEmpty(t, res.Header.Get("Date"))
	_, got = do(t, s.HTTPClient(), http.MethodPost, s.URL()+"/api/tokens/list", "{}", map[string]string{"Authorization": "Bearer " + s.Token().Reveal()})
	assert.Equal(t, response{415, `{"message":"the Content-Type must be application/json"}`}, got)
	_, got = do(t, s.HTTPClient(), http.MethodPost, s.URL()+"/api/tokens/list", "{}", nil)
	assert.Equal(t, response{401, `{"message":"the Authorization header is missing or holds no Bearer token"}`}, got)

	require.Equal(t, 200, post(t, s, "/api/tokens/revoke", `{"token_id":"tok_1"}`).Status)
	res, got = do(t, s.HTTPClient(), http.MethodPost, s.URL()+"/api/tokens/list", "{}", headers(s))
	assert.Equal(t, response{401, `{"message":"token revoked"}`}, got)
	assert.Equal(t, `Bearer error="invalid_token", error_description="token revoked"`, res.Header.Get("Www-Authenticate"))
}

func presign(t *testing.T, s *codeanttest.Server) string {
	t.Helper()
	got := post(t, s, "/pr/analysis/coverage/presign", target(s))
	var body map[string]string
	require.NoError(t, json.Unmarshal([]byte(got.Body), &body), got.Body)
	require.True(t, strings.HasPrefix(body["coverage_url"], s.StorageURL()+"/"))
	return body["coverage_url"]
}

func xmlError(status int, code, message string, id int) response {
	return response{status, fmt.Sprintf("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>%s</Code><Message>%s</Message><RequestId>req-%d</RequestId></Error>", code, message, id)}
}

func TestStorage(t *testing.T) {
	t.Parallel()
	s := codeanttest.NewServer(t)
	url := presign(t, s)
	const mismatch = "The request signature we calculated does not match the signature you provided."
	put := func(url, body string, extra ...string) response {
		header := map[string]string{"Content-Type": "application/xml"}
		for i := 0; i < len(extra); i += 2 {
			header[extra[i]] = extra[i+1]
		}
		_, got := do(t, s.HTTPClient(), http.MethodPut, url, body, header)
		return got
	}
	assert.Equal(t, xmlError(400, "InvalidArgument", "Only one auth mechanism allowed", 2), put(url, report, "Authorization", "Bearer x"))
	assert.Equal(t, xmlError(400, "InvalidArgument", "Only one auth mechanism allowed", 3), put(url, report, "X-Amz-Acl", "private"))
	assert.Equal(t, xmlError(403, "SignatureDoesNotMatch", mismatch, 4), put(url, report, "Content-Type", "text/xml"))
	assert.Equal(t, xmlError(403, "SignatureDoesNotMatch", mismatch, 5), put(strings.Replace(url, "Expires=900", "Expires=9000", 1), report))
	assert.Equal(t, xmlError(403, "SignatureDoesNotMatch", mismatch, 6), put(strings.Replace(url, "/coverage/1/", "/coverage/2/", 1), report))
	assert.Equal(t, xmlError(400, "InvalidRequest", "The report is empty", 7), put(url, ""))
	_, got := do(t, s.HTTPClient(), http.MethodGet, url, "", nil)
	assert.Equal(t, xmlError(405, "MethodNotAllowed", "The specified method is not allowed against this resource.", 8), got)

	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, url, io.MultiReader(strings.NewReader(report)))
	require.NoError(t, err)
	res, err := s.HTTPClient().Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	assert.Equal(t, xmlError(501, "NotImplemented", "A header you provided implies functionality that is not implemented", 9), response{res.StatusCode, string(text)})

	assert.Empty(t, s.Uploads())
	assert.Equal(t, response{200, ""}, put(url, report))
	assert.Equal(t, response{200, ""}, put(url, report+" "))
	stored := revision
	stored.Branch = ""
	assert.Equal(t, []codeanttest.Upload{{Revision: stored, Bytes: int64(len(report)) + 1, Content: []byte(report + " ")}}, s.Uploads())
}

func TestPresignedURLExpires(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := codeanttest.NewServer(t, codeanttest.InMemory())
		url := presign(t, s)
		xml := map[string]string{"Content-Type": "application/xml"}
		<-time.After(15 * time.Minute)
		_, got := do(t, s.HTTPClient(), http.MethodPut, url, report, xml)
		assert.Equal(t, response{200, ""}, got)
		<-time.After(5 * time.Minute)
		_, got = do(t, s.HTTPClient(), http.MethodPut, url, report, xml)
		assert.Equal(t, xmlError(403, "AccessDenied", "Request has expired", 3), got)
	})
}

func TestGates(t *testing.T) {
	t.Parallel()
	s := codeanttest.NewServer(t, codeanttest.PendingPolls(1))
	const results, start = "/analysis/ci/quality-gates/scan/results", "/analysis/ci/quality-gates/scan/start"
	body := fmt.Sprintf(`{"repo":%q,"commit_id":%q,"service":"github"}`, revision.Repo, revision.Commit)
	assert.Equal(t, 404, post(t, s, results, body).Status)
	assert.Equal(t, response{200, `{"message":"Quality gate scan queued","scan_id":"gates-req-2"}`}, post(t, s, start, body))
	assert.Equal(t, response{200, `{"status":"PENDING"}`}, post(t, s, results, body))
	assert.Equal(t, response{200, `{"duplicate_quality_gate":{"status":"PASSED"},"scan_id":"gates-req-2","secret_quality_gate":{"status":"PASSED"},"status":"COMPLETED"}`}, post(t, s, results, body))
	s.SetGates(revision, map[string]string{"secret": "FAILED"})
	post(t, s, results, body)
	assert.Equal(t, response{200, `{"scan_id":"gates-req-2","secret_quality_gate":{"status":"FAILED"},"status":"COMPLETED"}`}, post(t, s, results, body))
}

func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, s *codeanttest.Server) {
		client := newClient(t, s)
		done := make(chan error)
		for i := range 16 {
			go func() {
				_, err := client.Coverage.Upload(t.Context(), codeant.CoverageUpload{
					Revision: revision, Module: fmt.Sprint(i), Body: bytes.NewReader([]byte(report)),
				})
				s.Requests()
				done <- err
			}()
		}
		for range 16 {
			assert.NoError(t, <-done)
		}
		assert.Len(t, s.Uploads(), 16)
	})
}
