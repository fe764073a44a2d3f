package codeant_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant"
)

const (
	createURL   = "https://api.codeant.ai/api/tokens/create"
	listURL     = "https://api.codeant.ai/api/tokens/list"
	revokeURL   = "https://api.codeant.ai/api/tokens/revoke"
	newToken    = "cdt_brandNewToken01234567"
	createdBody = `{"status":"success","token":{"id":"t2","name":"ci","last4":"4567","provider":"azure_devops","organization":"acme","created_at":"2026-03-01T10:00:00Z","status":"active"},"value":"` + newToken + `"}`
)

func TestParseTokenSaysWhatIsWrongAndNeverTheValue(t *testing.T) {
	t.Parallel()
	const is = "codeant: not a CodeAnt API token: "
	for value, text := range map[string]string{
		"":                                   is + "it is empty",
		" \n":                                is + "it is empty",
		"Bearer cdt_0123456789":              is + "it begins with part of an HTTP header; use only the token, which starts with cdt_",
		"ghp_0123456789abcdef":               is + "this is a GitHub token; CodeAnt tokens start with cdt_",
		"github_pat_0123456789abcdef":        is + "this is a GitHub token; CodeAnt tokens start with cdt_",
		"glpat-0123456789abcdef":             is + "this is a GitLab token; CodeAnt tokens start with cdt_",
		"ATBB0123456789abcdef":               is + "this is a Bitbucket token; CodeAnt tokens start with cdt_",
		strings.Repeat("a2", 26):             is + "this is an Azure DevOps token; CodeAnt tokens start with cdt_",
		strings.Repeat("x", 76) + "AZDOxxxx": is + "this is an Azure DevOps token; CodeAnt tokens start with cdt_",
		strings.Repeat("x", 77) + "AZDOxxxx": is + "CodeAnt tokens start with cdt_",
		strings.Repeat("x", 84):              is + "CodeAnt tokens start with cdt_",
		"cdt_01234 56789":                    is + "it contains a space, a line break or another character that no token has; was more than the token copied?",
		"cdt_0123456789\x7f":                 is + "it contains a space, a line break or another character that no token has; was more than the token copied?",
		"cdt_" + strings.Repeat("x", 4093):   is + "it is too long; was a whole file pasted?",
		"cdt_••••1234":                       is + "this is the masked form that CodeAnt shows in its list; the value itself was shown once, when the token was created",
		"cdt_01234\n56789":                   is + "it contains a space, a line break or another character that no token has; was more than the token copied?",
		"cdt_0123456é789":                    is + "it contains a space, a line break or another character that no token has; was more than the token copied?",
		"cdt_0123456789\x00":                 is + "it contains a space, a line break or another character that no token has; was more than the token copied?",
		"0123456789abcdef":                   is + "CodeAnt tokens start with cdt_",
		"cdt_0123456789cdt_0123456789":       is + "it contains cdt_ twice; was it pasted twice?",
		"cdt_0123456":                        is + "it is too short; was it cut off?",
		"cdt_" + strings.Repeat("x", 5000):   is + "it is too long; was a whole file pasted?",
	} {
		token, err := codeant.ParseToken(value)
		assert.EqualError(t, err, text)
		assert.ErrorIs(t, err, codeant.ErrInvalidToken)
		assert.True(t, token.IsZero())
		if secret := strings.TrimSpace(value); len(secret) > 6 && secret != "cdt_••••1234" {
			assert.NotContains(t, err.Error(), secret)
		}
	}
	token, err := codeant.ParseToken(" \ufeff cdt_0123456789\r\n")
	require.NoError(t, err)
	assert.Equal(t, "cdt_0123456789", token.Reveal())
	assert.Equal(t, "6789", token.Last4())
	for _, value := range []string{
		"cdt_01234567", "cdt_0123456!~", "cdt_" + strings.Repeat("x", 4092), "cdt_" + strings.Repeat("x", 76) + "AZDO",
		"cdt_" + strings.Repeat("x", 80), "cdt_" + strings.Repeat("x", 48),
	} {
		token, err := codeant.ParseToken(value)
		require.NoError(t, err)
		assert.Equal(t, value, token.Reveal())
	}
}

func TestATokenIsMaskedHoweverItIsPrinted(t *testing.T) {
	t.Parallel()
	token, err := codeant.ParseToken(newToken)
	require.NoError(t, err)
	const masked = "cdt_••••4567"
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%T"} {
		if verb != "%T" {
			assert.Equal(t, masked, fmt.Sprintf(verb, token), verb)
		}
	}
	hidden := struct {
		inside codeant.Token
		Shown  codeant.Token
		Made   codeant.CreatedToken
	}{token, token, codeant.CreatedToken{Token: token}}
	asJSON, err := json.Marshal(map[string]any{"token": token, "made": hidden.Made})
	require.NoError(t, err)
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "token", token, "all", hidden)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "token", token, "all", hidden)
	printed := fmt.Sprintf("%v %+v %#v %s %v", hidden, hidden, hidden, asJSON, &hidden) + log.String()
	assert.Contains(t, printed, masked)
	assert.NotContains(t, printed, "brandNew")
	client, err := codeant.New(codeant.WithToken(newToken))
	require.NoError(t, err)
	assert.NotContains(t, fmt.Sprintf("%v %+v %#v", client, client, client), "brandNew")
}

func TestAFileTokenFollowsItsFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "token")
	source := codeant.FileToken(path)
	_, err := source.Token(t.Context())
	assert.ErrorIs(t, err, codeant.ErrMissingToken)
	assert.ErrorIs(t, err, os.ErrNotExist)
	for _, step := range []struct{ content, want string }{
		{"cdt_firstFirst\n", "cdt_firstFirst"},
		{"cdt_secondSecond\r\n", "cdt_secondSecond"},
		{"", "cdt_secondSecond"}, // while it is being written
		{"\ufeffcdt_thirdThird", "cdt_thirdThird"},
	} {
		require.NoError(t, os.WriteFile(path, []byte(step.content), 0o600))
		token, err := source.Token(t.Context())
		require.NoError(t, err)
		assert.Equal(t, step.want, token.Reveal())
	}
	require.NoError(t, os.WriteFile(path, []byte("ghp_0123456789abcdef"), 0o600))
	_, err = source.Token(t.Context())
	assert.EqualError(t, err, "codeant: not a CodeAnt API token: this is a GitHub token; CodeAnt tokens start with cdt_ (from the file "+path+")")
	_, err = codeant.FileToken(t.TempDir()).Token(t.Context())
	assert.ErrorIs(t, err, codeant.ErrMissingToken)

	longest := "cdt_" + strings.Repeat("x", 4092)
	require.NoError(t, os.WriteFile(path, []byte(longest+"\r\n"), 0o600))
	token, err := source.Token(t.Context())
	require.NoError(t, err)
	assert.Equal(t, longest, token.Reveal(), "all of the longest token is read")
	require.NoError(t, os.WriteFile(path, []byte(longest+"x"), 0o600))
	_, err = source.Token(t.Context())
	assert.EqualError(t, err, "codeant: not a CodeAnt API token: it is too long; was a whole file pasted? (from the file "+path+")")

	empty := filepath.Join(t.TempDir(), "empty")
	require.NoError(t, os.WriteFile(empty, []byte(" \n"), 0o600))
	_, err = codeant.FileToken(empty).Token(t.Context())
	assert.EqualError(t, err, "codeant: no API token: the file "+empty+" is empty")
}

func TestTheEnvironmentIsTheFallback(t *testing.T) {
	t.Setenv(codeant.TokenEnv, "")
	_, err := codeant.New()
	assert.EqualError(t, err, "codeant: no API token: set the environment variable CODEANT_API_TOKEN or use WithToken; create a token in CodeAnt under Settings -> API tokens")
	assert.ErrorIs(t, err, codeant.ErrMissingToken)
	_, err = codeant.EnvToken(codeant.TokenEnv).Token(t.Context())
	assert.EqualError(t, err, "codeant: no API token: the environment variable CODEANT_API_TOKEN is not set")
	t.Setenv(codeant.TokenEnv, "ghp_0123456789abcdef")
	_, err = codeant.New()
	assert.EqualError(t, err, "codeant: not a CodeAnt API token: this is a GitHub token; CodeAnt tokens start with cdt_ (from the environment variable CODEANT_API_TOKEN)")
	_, err = codeant.EnvToken(codeant.TokenEnv).Token(t.Context())
	assert.EqualError(t, err, "codeant: not a CodeAnt API token: this is a GitHub token; CodeAnt tokens start with cdt_ (from the environment variable CODEANT_API_TOKEN)")
	t.Setenv(codeant.TokenEnv, newToken)
	token, err := codeant.EnvToken(codeant.TokenEnv).Token(t.Context())
	require.NoError(t, err)
	assert.Equal(t, newToken, token.Reveal())
	t.Setenv(codeant.BaseURLEnv, "http://codeant.acme.example")
	_, err = codeant.New()
	assert.EqualError(t, err, `codeant: base URL (from the environment variable CODEANT_API_URL) "http://codeant.acme.example" is unusable: it is plain http to codeant.acme.example, which would show secrets to the network: use https://; or use WithInsecureHTTP on purpose`)
	t.Setenv(codeant.BaseURLEnv, "https://codeant.acme.example/prefix/")
	mock := httpmock.NewMockTransport()
	mock.RegisterResponder("POST", "https://codeant.acme.example/prefix/api/tokens/list", httpmock.NewStringResponder(200, `{"tokens":[]}`))
	client, err := codeant.New(codeant.WithHTTPClient(&http.Client{Transport: mock}))
	require.NoError(t, err)
	infos, err := client.Tokens.List(t.Context())
	require.NoError(t, err)
	assert.Empty(t, infos)
}

func TestAllThatIsWrongWithTheOptionsIsToldAtOnceInAnyOrder(t *testing.T) {
	t.Parallel()
	_, err := codeant.New(codeant.WithToken("x"), codeant.WithBaseURL("ftp://a"), codeant.WithAttemptTimeout(-1), codeant.WithRetry(codeant.RetryPolicy{MaxAttempts: -1}), codeant.WithGatePolicy(codeant.GatePolicy{PassingStatuses: []string{"failed"}}), codeant.WithUserAgent("a\nb"))
	assert.EqualError(t, err, `codeant: base URL "ftp://a" is unusable: it must start with https://; use an address such as https://api.codeant.ai; not a CodeAnt API token: CodeAnt tokens start with cdt_; user agent "a b" cannot be sent in a header; use a product such as "mytool/1.2"; timeout "-1ns" is not positive; give the time for one attempt, such as 30s; passing status "FAILED" cannot count as passed; use another status of a gate, such as SKIPPED; retry policy has a negative value; use zero for a default, and MaxAttempts: 1 for no retries`)
	assert.ErrorIs(t, err, codeant.ErrInvalidToken)
	assert.ErrorIs(t, err, codeant.ErrInvalidRequest)
	_, other := codeant.New(codeant.WithUserAgent("a\nb"), codeant.WithGatePolicy(codeant.GatePolicy{PassingStatuses: []string{"failed"}}), codeant.WithRetry(codeant.RetryPolicy{MaxAttempts: -1}), codeant.WithAttemptTimeout(-1), codeant.WithBaseURL("ftp://a"), codeant.WithToken("x"))
	assert.EqualError(t, other, err.Error())
	_, err = codeant.New(codeant.WithAttemptTimeout(-1), codeant.WithToken("x"), codeant.WithToken(newToken), codeant.WithAttemptTimeout(time.Second))
	assert.NoError(t, err, "of two of one kind the later one holds")
	for _, base := range []string{"", "api.codeant.ai", "https://me:pw@a.example", "https://a.example?x=1", "https://a.example#x", "http://a.example"} {
		_, err := codeant.New(codeant.WithToken(newToken), codeant.WithBaseURL(base))
		assert.ErrorIs(t, err, codeant.ErrInvalidRequest, base)
		assert.NotContains(t, err.Error(), "me:pw")
	}
	for _, opts := range [][]codeant.Option{
		{codeant.WithInsecureHTTP(), codeant.WithBaseURL("http://a.example"), codeant.WithToken(newToken)},
		{codeant.WithToken(newToken), codeant.WithBaseURL("http://a.example"), codeant.WithInsecureHTTP()},
	} {
		_, err := codeant.New(opts...)
		assert.NoError(t, err)
	}
}

// tokenServer plays the three endpoints, keeps what is sent, and fails where told.
type tokenServer struct {
	mock  *httpmock.MockTransport
	calls []string
}

func newTokenServer(answers map[string]httpmock.Responder) *tokenServer {
	s := &tokenServer{mock: httpmock.NewMockTransport()}
	for url, good := range map[string]httpmock.Responder{
		createURL: status(200, createdBody),
		listURL:   status(200, `{"status":"success","tokens":[]}`),
		revokeURL: status(200, `{"status":"success","message":"done"}`),
	} {
		answer := good
		if other, ok := answers[url]; ok {
			answer = other
		}
		s.mock.RegisterResponder("POST", url, func(req *http.Request) (*http.Response, error) {
			body, err := io.ReadAll(req.Body)
			if err != nil {
				return nil, err
			}
			token := strings.TrimPrefix(req.Header.Get("Authorization"), "Bearer ")
			s.calls = append(s.calls, strings.TrimPrefix(req.URL.Path, "/api/tokens/")+" "+string(body)+" "+token[len(token)-4:])
			return answer(req)
		})
	}
	return s
}

func TestCreateReturnsTheTokenAndItsMetadata(t *testing.T) {
	t.Parallel()
	server := newTokenServer(nil)
	created, err := funnelClient(t, server.mock).Tokens.Create(t.Context(), codeant.CreateTokenRequest{Name: "ci"})
	require.NoError(t, err)
	assert.Equal(t, newToken, created.Token.Reveal())
	assert.Equal(t, codeant.TokenInfo{
		ID: "t2", Name: "ci", Last4: "4567", Provider: codeant.AzureDevOps, Organization: "acme",
		CreatedAt: time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC), Status: codeant.TokenActive,
	}, created.TokenInfo)
	assert.Equal(t, "cdt_••••4567", created.Masked())
	assert.Equal(t, []string{`create {"name":"ci"} 6789`}, server.calls)
}

func TestAValueIsNeverLostToBrokenMetadata(t *testing.T) {
	t.Parallel()
	for _, metadata := range []string{`null`, `7`, `{}`, `{"id":7,"name":["x"],"created_at":"yesterday"}`, `"x"`} {
		server := newTokenServer(map[string]httpmock.Responder{createURL: status(200, `{"token":`+metadata+`,"value":"`+newToken+`"}`)})
		created, err := funnelClient(t, server.mock).Tokens.Create(t.Context(), codeant.CreateTokenRequest{Name: "ci"})
		require.NoError(t, err, metadata)
		assert.Equal(t, newToken, created.Token.Reveal())
		assert.Equal(t, "4567", created.Last4)
	}
	for _, answer := range []string{`{}`, `{"value":""}`, `{"value":"ghp_0123456789abcdef"}`, `{"value":7}`, `[]`, `null`} {
		server := newTokenServer(map[string]httpmock.Responder{createURL: status(200, answer)})
		_, err := funnelClient(t, server.mock).Tokens.Create(t.Context(), codeant.CreateTokenRequest{Name: "ci"})
		assert.EqualError(t, err, `codeant: tokens.create: 200 OK: the answer cannot be used: field "value" holds no token (POST /api/tokens/create, host api.codeant.ai, 1 attempt); the server may have carried it out: check before you repeat it; if List shows an active token named "ci" that nobody uses, revoke it by its ID with Revoke`)
		assert.ErrorIs(t, err, codeant.ErrBadResponse)
		assert.ErrorIs(t, err, codeant.ErrUnknownOutcome)
	}
}

func TestAServerWithoutTheEndpointsIsUnsupported(t *testing.T) {
	t.Parallel()
	for _, code := range []int{404, 405, 501} {
		server := newTokenServer(map[string]httpmock.Responder{createURL: status(code, ""), listURL: status(code, ""), revokeURL: status(code, "")})
		tokens := funnelClient(t, server.mock).Tokens
		_, createErr := tokens.Create(t.Context(), codeant.CreateTokenRequest{Name: "ci"})
		_, listErr := tokens.List(t.Context())
		for _, err := range []error{createErr, listErr, tokens.Revoke(t.Context(), "t1")} {
			assert.ErrorIs(t, err, codeant.ErrUnsupported)
			assert.ErrorContains(t, err, "1 attempt); this server has no endpoint for tokens: use Settings -> API tokens in CodeAnt's web app")
			assert.Equal(t, code == 404, errors.Is(err, codeant.ErrNotFound))
		}
	}
}

func TestListWantsAWholeList(t *testing.T) {
	t.Parallel()
	for answer, reason := range map[string]string{
		`{}`:                               `field "tokens" is missing`,
		`{"tokens":null}`:                  `field "tokens" is missing`,
		`[]`:                               `it is a list`,
		`{"tokens":{}}`:                    `field "tokens" is an object`,
		`{"tokens":[{"id":"a"},{}]}`:       `token 2: field "id" is missing`,
		`{"tokens":[{"id":"a"},{"id":7}]}`: `token 2: field "id" is a number (`,
	} {
		server := newTokenServer(map[string]httpmock.Responder{listURL: status(200, answer)})
		_, err := funnelClient(t, server.mock).Tokens.List(t.Context())
		assert.ErrorIs(t, err, codeant.ErrBadResponse)
		assert.ErrorContains(t, err, reason, answer)
	}
}

func TestBadTokenNamesAndIDsAreRefusedBeforeAnythingIsSent(t *testing.T) {
	t.Parallel()
	server := newTokenServer(nil)
	tokens := funnelClient(t, server.mock).Tokens
	for _, name := range []string{strings.Repeat("é", 60), strings.Repeat("🚀", 60)} {
		_, err := tokens.Create(t.Context(), codeant.CreateTokenRequest{Name: name})
		assert.NoError(t, err)
	}
	server.calls = nil
	for name, text := range map[string]string{
		"":                      "codeant: token name is missing; use a name of 1 to 60 characters that says what the token is for",
		"  ":                    "codeant: token name is missing; use a name of 1 to 60 characters that says what the token is for",
		strings.Repeat("é", 61): `codeant: token name "` + strings.Repeat("é", 61) + `" has 61 characters; use a name of 1 to 60 characters that says what the token is for`,
		"a\tb":                  `codeant: token name "a b" contains a control character; remove line breaks and other invisible characters`,
		"a\xffb":                "codeant: token name \"a\ufffdb\" is not valid UTF-8; encode it as UTF-8",
	} {
		_, err := tokens.Create(t.Context(), codeant.CreateTokenRequest{Name: name})
		assert.EqualError(t, err, text)
		assert.ErrorIs(t, err, codeant.ErrInvalidRequest)
	}
	assert.EqualError(t, tokens.Revoke(t.Context(), ""), "codeant: token ID is missing; use the ID that List returns")
	assert.EqualError(t, tokens.Revoke(t.Context(), newToken), "codeant: token ID is a token's value; use the ID that List returns")
	_, err := tokens.Rotate(t.Context(), codeant.RotateTokenRequest{ID: "t1", Name: "ci"})
	assert.EqualError(t, err, "codeant: deploy is missing; set the function that puts the new token in place; without it the old one would be revoked while in use")
	_, err = tokens.Rotate(t.Context(), codeant.RotateTokenRequest{ID: "t1", Deploy: func(context.Context, *codeant.CreatedToken) error { return nil }})
	assert.ErrorIs(t, err, codeant.ErrInvalidRequest)
	assert.Empty(t, server.calls)
}

func TestRotateNeverLeavesYouWithoutAWorkingToken(t *testing.T) {
	t.Parallel()
	const (
		create    = `create {"name":"ci"} 6789`
		revokeOld = `revoke {"token_id":"t1"} 6789`
		revokeNew = `revoke {"token_id":"t2"} 6789`
	)
	noDeploy := errors.New("secret store is read-only; it got " + newToken)
	for _, tt := range []struct {
		name    string
		revoke  httpmock.Responder
		deploy  error
		cancel  bool
		calls   []string
		created bool
		revoked string
		kinds   []error
		text    string
	}{
		{"all well", nil, nil, false, []string{create, "deploy", revokeOld}, true, "t1", nil, ""},
		{
			"deploy fails", nil, noDeploy, false,
			[]string{create, "deploy", revokeNew},
			false, "",
			[]error{noDeploy},
			"codeant: the new token could not be deployed: secret store is read-only; it got cdt_••••4567; the old token stays valid, the new one was revoked",
		},
		{
			"deploy fails as the context ends", nil, noDeploy, true,
			[]string{create, "deploy", revokeNew},
			false, "",
			[]error{noDeploy},
			"codeant: the new token could not be deployed: secret store is read-only; it got cdt_••••4567; the old token stays valid, the new one was revoked",
		},
		{
			"deploy and clean-up fail", status(403, ""), noDeploy, false,
			[]string{create, "deploy", revokeNew},
			true, "",
			[]error{noDeploy, codeant.ErrForbidden},
			"codeant: the new token could not be deployed: secret store is read-only; it got cdt_••••4567; the old token stays valid; the new one cdt_••••4567 (ID t2) could not be revoked: codeant: tokens.revoke: 403 Forbidden (POST /api/tokens/revoke, host api.codeant.ai, 1 attempt); the token has no access to this repository or organization, a quota is used up, or the token is no longer valid",
		},
		{
			"the last revocation fails", status(403, ""), nil, false,
			[]string{create, "deploy", revokeOld},
			true, "",
			[]error{codeant.ErrForbidden},
			"codeant: the new token cdt_••••4567 (ID t2) is deployed, but the old one (ID t1) could not be revoked and is still valid; revoke it with Revoke: codeant: tokens.revoke: 403 Forbidden (POST /api/tokens/revoke, host api.codeant.ai, 1 attempt); the token has no access to this repository or organization, a quota is used up, or the token is no longer valid",
		},
		{
			"the client's own token is gone by then", status(401, "revoked").Then(status(200, `{"status":"success"}`)), nil, false,
			[]string{create, "deploy", revokeOld, `revoke {"token_id":"t1"} 4567`},
			true, "t1", nil, "",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			answers := map[string]httpmock.Responder{}
			if tt.revoke != nil {
				answers[revokeURL] = tt.revoke
			}
			server := newTokenServer(answers)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			rotation, err := funnelClient(t, server.mock).Tokens.Rotate(ctx, codeant.RotateTokenRequest{ID: "t1", Name: "ci", Deploy: func(_ context.Context, created *codeant.CreatedToken) error {
				server.calls = append(server.calls, "deploy")
				assert.Equal(t, newToken, created.Token.Reveal())
				if tt.cancel {
					cancel()
				}
				return tt.deploy
			}})
			assert.Equal(t, tt.calls, server.calls)
			if tt.text == "" {
				require.NoError(t, err)
			} else {
				assert.EqualError(t, err, tt.text)
			}
			for _, kind := range tt.kinds {
				assert.ErrorIs(t, err, kind)
			}
			if !tt.created {
				assert.Nil(t, rotation)
				return
			}
			assert.Equal(t, newToken, rotation.Created.Token.Reveal())
			assert.Equal(t, tt.revoked, rotation.RevokedID)
		})
	}
}

func TestARevisionIsCheckedBeforeAnythingIsSent(t *testing.T) {
	t.Parallel()
	change := func(f func(*codeant.Revision)) codeant.Revision { r := shop; f(&r); return r }
	for _, good := range []codeant.Revision{
		shop,
		change(func(r *codeant.Revision) { r.Branch = `fix-"quoted"\%2F../🚀` }),
		change(func(r *codeant.Revision) { r.Provider, r.Repo = codeant.GitLab, "a/b/c/d" }),
		change(func(r *codeant.Revision) { r.Commit, r.ProviderURL = "abcdef0", "http://git.acme.example" }),
	} {
		assert.NoError(t, good.Validate())
	}
	for text, bad := range map[string]codeant.Revision{
		"codeant: provider is missing; use github, gitlab, bitbucket or azuredevops":                                                                                                                    {},
		`codeant: provider "svn" is not known; use github, gitlab, bitbucket or azuredevops, or ParseProvider for other spellings`:                                                                      change(func(r *codeant.Revision) { r.Provider = "svn" }),
		"codeant: repo is missing; use owner/repository, as in the repository's address":                                                                                                                change(func(r *codeant.Revision) { r.Repo = "" }),
		`codeant: repo "shop" has no owner or no name; use owner/repository, as in the repository's address`:                                                                                            change(func(r *codeant.Revision) { r.Repo = "shop" }),
		"codeant: commit is missing; use the full hash of the commit, as git rev-parse HEAD prints it":                                                                                                  change(func(r *codeant.Revision) { r.Commit = "" }),
		`codeant: commit "HEAD" is not 7 to 64 hexadecimal digits; use the full hash of the commit, as git rev-parse HEAD prints it`:                                                                    change(func(r *codeant.Revision) { r.Commit = "HEAD" }),
		`codeant: commit "cdt_••••4567" is not 7 to 64 hexadecimal digits; use the full hash of the commit, as git rev-parse HEAD prints it`:                                                            change(func(r *codeant.Revision) { r.Commit = newToken }),
		`codeant: branch "a b" contains a control character; remove line breaks and other invisible characters`:                                                                                         change(func(r *codeant.Revision) { r.Branch = "a\nb" }),
		`codeant: provider URL "https://…@git.acme.example" is unusable: it holds a user name or password, which does not belong there; use the provider's address, such as https://github.example.com`: change(func(r *codeant.Revision) { r.ProviderURL = "https://me:pw@git.acme.example" }),
	} {
		err := bad.Validate()
		assert.EqualError(t, err, text)
		assert.ErrorIs(t, err, codeant.ErrInvalidRequest)
	}
	for spelling, want := range map[string]codeant.Provider{"GitHub": codeant.GitHub, "azure_devops": codeant.AzureDevOps, "Azure DevOps": codeant.AzureDevOps, "ado": codeant.AzureDevOps, "BITBUCKET": codeant.Bitbucket} {
		got, err := codeant.ParseProvider(spelling)
		assert.NoError(t, err)
		assert.Equal(t, want, got)
	}
}

func TestErrorsMadeByHandPrintAndMatchToo(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "codeant: failed (not sent)", (&codeant.APIError{}).Error())
	assert.ErrorIs(t, &codeant.APIError{StatusCode: 404}, codeant.ErrNotFound)
	for _, err := range []error{&codeant.UnauthorizedError{}, &codeant.TokenRevokedError{}} {
		assert.ErrorIs(t, err, codeant.ErrUnauthorized)
		assert.NotPanics(t, func() { _ = fmt.Sprintf("%v %+v %#v", err, err, err) })
	}
	assert.ErrorIs(t, &codeant.TokenRevokedError{}, codeant.ErrTokenRevoked)
	assert.ErrorIs(t, &codeant.StorageError{}, codeant.ErrStorage)
	assert.NotEmpty(t, (&codeant.StorageError{}).Error())
}

func TestAPanicOfDeployTakesTheNewTokenBackAndGoesOn(t *testing.T) {
	t.Parallel()
	for name, leave := range map[string]func(){"panic": func() { panic("no such vault") }, "exit of the goroutine": runtime.Goexit} {
		server := newTokenServer(nil)
		tokens := funnelClient(t, server.mock).Tokens
		ctx, cancel := context.WithCancel(t.Context())
		var recovered any
		done := make(chan struct{})
		go func() {
			defer close(done)
			defer func() { recovered = recover() }()
			_, _ = tokens.Rotate(ctx, codeant.RotateTokenRequest{ID: "t1", Name: "ci", Deploy: func(context.Context, *codeant.CreatedToken) error {
				cancel()
				leave()
				return nil
			}})
			t.Error("Rotate returned")
		}()
		<-done
		assert.Equal(t, []string{`create {"name":"ci"} 6789`, `revoke {"token_id":"t2"} 6789`}, server.calls, name)
		if name == "panic" {
			assert.Equal(t, "no such vault", recovered)
		}
	}
}

func TestAPanicOfDeployRevokesNothingIfTheNewTokenHasNoID(t *testing.T) {
	t.Parallel()
	server := newTokenServer(map[string]httpmock.Responder{createURL: status(200, `{"value":"cdt_new_token_of_6789"}`)})
	tokens := funnelClient(t, server.mock).Tokens
	assert.PanicsWithValue(t, "no such vault", func() {
		_, _ = tokens.Rotate(t.Context(), codeant.RotateTokenRequest{ID: "t1", Name: "ci", Deploy: func(context.Context, *codeant.CreatedToken) error {
			panic("no such vault")
		}})
	})
	assert.Equal(t, []string{`create {"name":"ci"} 6789`}, server.calls)
}

func TestALostTokenCanBeFoundByItsName(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]httpmock.Responder{
		"502": status(502, ""), "a reset": httpmock.NewErrorResponder(io.ErrUnexpectedEOF), "an answer that breaks off": status(200, `{"value":"cdt_`),
	} {
		server := newTokenServer(map[string]httpmock.Responder{createURL: answer})
		tokens := funnelClient(t, server.mock).Tokens
		_, err := tokens.Create(t.Context(), codeant.CreateTokenRequest{Name: "ci of shop"})
		require.ErrorIs(t, err, codeant.ErrUnknownOutcome, name)
		const advice = `; if List shows an active token named "ci of shop" that nobody uses, revoke it by its ID with Revoke`
		assert.Regexp(t, `^codeant: tokens\.create: [^\n]*`+regexp.QuoteMeta(advice)+"$", err.Error(), name)
		var apiErr *codeant.APIError
		assert.ErrorAs(t, err, &apiErr, name)
		_, err = tokens.Rotate(t.Context(), codeant.RotateTokenRequest{ID: "t1", Name: "ci of shop", Deploy: func(context.Context, *codeant.CreatedToken) error { return nil }})
		assert.ErrorContains(t, err, advice, name)
	}
	server := newTokenServer(map[string]httpmock.Responder{createURL: status(403, "")})
	_, err := funnelClient(t, server.mock).Tokens.Create(t.Context(), codeant.CreateTokenRequest{Name: "ci"})
	assert.NotContains(t, err.Error(), "List", "nothing was created")
}

func TestATokenSourceCanBeAFunction(t *testing.T) {
	t.Parallel()
	token, err := codeant.ParseToken(newToken)
	require.NoError(t, err)
	asked := 0
	source := codeant.TokenSourceFunc(func(ctx context.Context) (codeant.Token, error) {
		asked++
		return token, ctx.Err()
	})
	server := newTokenServer(map[string]httpmock.Responder{listURL: status(200, `{"status":"success","tokens":[]}`)})
	client, err := codeant.New(codeant.WithTokenSource(source), codeant.WithHTTPClient(&http.Client{Transport: server.mock}))
	require.NoError(t, err)
	_, err = client.Tokens.List(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 1, asked)

	_, err = codeant.TokenSourceFunc(nil).Token(t.Context())
	assert.EqualError(t, err, "codeant: no API token: the TokenSourceFunc is nil")
	assert.ErrorIs(t, err, codeant.ErrMissingToken)
}
