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
	"strings"
	"testing"
	"unicode"

	"github.com/davecgh/go-spew/spew"
	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant"
)

// canary is in the bodies of answers, and must not be in anything that is printed.
const canary = "AKIACANARY0123456789"

// everyForm prints an error in every way that a program prints one.
func everyForm(t *testing.T, err error) string {
	t.Helper()
	var b bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
		fmt.Fprintf(&b, verb+"\n", err)
	}
	for e := err; e != nil; e = errors.Unwrap(e) {
		fmt.Fprintf(&b, "%v %+v %#v\n", e, e, e)
	}
	logger := slog.New(slog.NewJSONHandler(&b, nil))
	logger.Error("failed", "error", err)
	slog.New(slog.NewTextHandler(&b, nil)).Error("failed", "error", err)
	asJSON, jsonErr := json.Marshal(err)
	require.NoError(t, jsonErr)
	b.Write(asJSON)
	var apiErr *codeant.APIError
	if errors.As(err, &apiErr) {
		asJSON, jsonErr = json.Marshal(*apiErr)
		require.NoError(t, jsonErr)
		b.Write(asJSON)
	}
	return b.String()
}

func TestAnAnswerThatCannotBeUsedIsNeverQuoted(t *testing.T) {
	t.Parallel()
	calls := map[string]func(*codeant.Client) error{
		"scans.results.secrets": func(c *codeant.Client) error {
			_, err := c.Scans.Results(t.Context(), shop, codeant.Secrets)
			return err
		},
		"tokens.create": func(c *codeant.Client) error {
			_, err := c.Tokens.Create(t.Context(), codeant.CreateTokenRequest{Name: "ci"})
			return err
		},
		"coverage.presign": func(c *codeant.Client) error {
			_, err := c.Coverage.Presign(t.Context(), codeant.CoverageTarget{Revision: shop})
			return err
		},
	}
	for name, body := range map[string]string{
		"truncated JSON": `{"value":"` + canary + `","results":{"secrets":[{"match":"` + canary,
		"plain text":     canary,
		"a page":         "<html><title>" + canary + "</title>" + canary,
		"a list":         `["` + canary + `"]`,
		"no known field": `{"message":"` + canary + `","match":"` + canary + `"}`,
		"trailing data":  `{"match":"` + canary + `"}{"x":"` + canary + `"}`,
	} {
		for op, call := range calls {
			t.Run(op+", "+name, func(t *testing.T) {
				t.Parallel()
				mock := httpmock.NewMockTransport()
				mock.RegisterNoResponder(httpmock.NewStringResponder(200, body))
				var log bytes.Buffer
				client := funnelClient(t, mock, codeant.WithLogger(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))))
				err := call(client)
				assert.ErrorIs(t, err, codeant.ErrBadResponse)
				assert.NotContains(t, everyForm(t, err)+log.String(), canary)
			})
		}
	}
}

// failingTransport fails as a transport does that quotes what it sends.
type failingTransport struct {
	quote func(header, body string) string
}

func (f failingTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	var body bytes.Buffer
	if req.Body != nil {
		_, _ = body.ReadFrom(req.Body)
	}
	return nil, errors.New("cannot send " + f.quote(req.Header.Get("Authorization"), body.String()))
}

func TestATokenOfAnyVisibleASCIIIsMaskedInWhateverFormATransportQuotesIt(t *testing.T) {
	t.Parallel()
	const token = `cdt_p!a:s@s&w"o<r>d'/?=%+\end`
	for name, quote := range map[string]func(header, body string) string{
		"raw":             func(header, _ string) string { return header },
		"JSON body":       func(_, body string) string { return body },
		"Go-quoted":       func(header, _ string) string { return fmt.Sprintf("%q", header) },
		"query-escaped":   func(header, _ string) string { return "x?t=" + escape(strings.TrimPrefix(header, "Bearer ")) },
		"quoted and JSON": func(header, body string) string { return fmt.Sprintf("%q %s", header, body) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, err := codeant.New(codeant.WithToken(token), codeant.WithHTTPClient(&http.Client{Transport: failingTransport{quote}}), impatient)
			require.NoError(t, err)
			_, err = client.Scans.Start(t.Context(), codeant.ScanRequest{Revision: shop})
			require.Error(t, err)
			printed := everyForm(t, err)
			for _, part := range []string{"p!a", "s@s", "w\"o", "r>d", "o<r", "%21a", "p%21", `o\u003c`} {
				assert.NotContains(t, printed, part)
			}
		})
	}
}

func escape(s string) string {
	return strings.NewReplacer("!", "%21", ":", "%3A", "@", "%40", "&", "%26", `"`, "%22", "<", "%3C", ">", "%3E", "'", "%27", "/", "%2F", "?", "%3F", "=", "%3D", "%", "%25", "+", "%2B", `\`, "%5C").Replace(s)
}

func TestATokenSourceThatQuotesTheTokenDoesNotPrintIt(t *testing.T) {
	t.Parallel()
	cause := errors.New("vault: lease of cdt_vaultSecret!0123456789 is over")
	client, err := codeant.New(codeant.WithTokenSource(codeant.TokenSourceFunc(func(context.Context) (codeant.Token, error) {
		return codeant.Token{}, cause
	})))
	require.NoError(t, err)
	err = read(t.Context(), client)
	assert.EqualError(t, err, "codeant: call: vault: lease of cdt_•••• is over")
	assert.ErrorIs(t, err, cause)
	assert.NotContains(t, everyForm(t, err), "vaultSecret")
}

func TestATokenInThePathOrTheQueryOfACallIsNotPrinted(t *testing.T) {
	t.Parallel()
	mock := httpmock.NewMockTransport()
	mock.RegisterNoResponder(httpmock.NewStringResponder(404, ""))
	var log bytes.Buffer
	client := funnelClient(t, mock, codeant.WithLogger(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))))
	for _, path := range []string{"/api/" + funnelToken + "/x", "/api/x?t=" + funnelToken, "/api/x#" + funnelToken, funnelToken, "/api/../" + funnelToken} {
		err := client.Call(t.Context(), codeant.Request{Path: path}, nil)
		require.Error(t, err)
		assert.NotContains(t, everyForm(t, err)+log.String(), funnelToken)
	}
}

func TestReflectionPrintersDoNotFindTheToken(t *testing.T) {
	t.Parallel()
	token, err := codeant.ParseToken(funnelToken)
	require.NoError(t, err)
	created := &codeant.CreatedToken{Token: token}
	for _, printed := range []string{
		spew.Sdump(token), spew.Sdump(created), spew.Sprintf("%#+v", created), fmt.Sprintf("%#v %v %+v %d %x %q", created, *created, created, token, token, token),
		fmt.Sprint(struct{ T any }{token}), fmt.Sprintf("%s", struct{ T codeant.Token }{token}),
	} {
		assert.NotContains(t, printed, "Tests0123456789")
		assert.NotContains(t, printed, "746573747330") // in hexadecimal
	}
	other, err := codeant.ParseToken("cdt_" + `otherToken0123"56`)
	require.NoError(t, err)
	asJSON, err := json.Marshal(other)
	require.NoError(t, err)
	assert.Equal(t, `"cdt_••••3\"56"`, string(asJSON))
	same, err := codeant.ParseToken(funnelToken)
	require.NoError(t, err)
	assert.Equal(t, token, same)
}

func TestPagesOfProxiesAreNotBlamedOnTheTokenOrTheRequest(t *testing.T) {
	t.Parallel()
	for status, kind := range map[int]error{400: codeant.ErrInvalidRequest, 401: codeant.ErrUnauthorized, 403: codeant.ErrForbidden} {
		mock := httpmock.NewMockTransport()
		page := httpmock.NewStringResponse(status, "<html><title>Access revoked by policy</title></html>")
		page.Header.Set("Content-Type", "text/html")
		mock.RegisterNoResponder(httpmock.ResponderFromResponse(page))
		err := start(t.Context(), funnelClient(t, mock))
		assert.ErrorIs(t, err, kind)
		assert.ErrorIs(t, err, codeant.ErrBadResponse)
		assert.NotErrorIs(t, err, codeant.ErrTokenRevoked)
		assert.EqualError(t, err, fmt.Sprintf("codeant: call: %d %s: the answer is a web page, not CodeAnt's JSON (text/html): Access revoked by policy "+
			"(POST /api/read, host api.codeant.ai, 1 attempt); a proxy or a login page seems to answer in CodeAnt's place: "+
			"check the proxy of this network and the base URL", status, http.StatusText(status)))
	}
}

func TestARevokedTokenIsAlsoAnUnauthorizedError(t *testing.T) {
	t.Parallel()
	mock := httpmock.NewMockTransport()
	mock.RegisterNoResponder(httpmock.NewStringResponder(401, `{"message":"token revoked"}`))
	err := read(t.Context(), funnelClient(t, mock))
	var revoked *codeant.TokenRevokedError
	var unauthorized *codeant.UnauthorizedError
	require.ErrorAs(t, err, &revoked)
	require.ErrorAs(t, err, &unauthorized)
	assert.Same(t, revoked.APIError, unauthorized.APIError)
}

func TestErrorsThatAreNilOrZeroPrint(t *testing.T) {
	t.Parallel()
	for _, err := range []error{
		(*codeant.APIError)(nil), (*codeant.UnauthorizedError)(nil), (*codeant.TokenRevokedError)(nil), (*codeant.StorageError)(nil),
		&codeant.UnauthorizedError{}, &codeant.TokenRevokedError{},
	} {
		assert.Equal(t, "codeant: no error", err.Error())
		assert.Equal(t, "codeant: no error", fmt.Sprintf("%v", err))
		assert.NotErrorIs(t, err, codeant.ErrConflict)
	}
}

func TestTheWordsOfAHostileServerAreBoundedAndPrintable(t *testing.T) {
	t.Parallel()
	const escapes, shown = "\x1b[31m\u202e\r\n::error::", "[31m ::error::"
	for contentType, limit := range map[string]int{"application/json": 300, "text/html": 200} {
		body, err := json.Marshal(map[string]string{"message": escapes + strings.Repeat("m", 5000)})
		require.NoError(t, err)
		if contentType == "text/html" {
			body = []byte("<html><title>" + escapes + strings.Repeat("m", 5000) + "</title></html>")
		}
		mock := httpmock.NewMockTransport()
		mock.RegisterNoResponder(httpmock.ResponderFromResponse(&http.Response{
			StatusCode: 409, Body: io.NopCloser(bytes.NewReader(body)),
			Header: http.Header{"Content-Type": {contentType}, "X-Request-Id": {escapes + strings.Repeat("r", 5000)}},
		}))
		var apiErr *codeant.APIError
		require.ErrorAs(t, read(t.Context(), funnelClient(t, mock)), &apiErr)
		assert.Equal(t, shown+strings.Repeat("m", limit-1-len(shown))+"…", apiErr.Message)
		assert.Equal(t, shown+strings.Repeat("r", 80-1-len(shown))+"…", apiErr.RequestID)
		assert.Equal(t, -1, strings.IndexFunc(apiErr.Error(), unicode.IsControl))
		assert.NotContains(t, apiErr.Error(), "\u202e")
	}
}

func TestAHostileTokenIDStaysOnOneLine(t *testing.T) {
	t.Parallel()
	mock := httpmock.NewMockTransport()
	mock.RegisterResponder("POST", codeant.DefaultBaseURL+"/api/tokens/create", httpmock.NewStringResponder(200,
		`{"value":"cdt_createdToken0123456789","token":{"id":"t2\n::set-output name=x::pwned\u202e","last4":"\n::x"}}`))
	mock.RegisterNoResponder(httpmock.NewStringResponder(403, `{"message":"no\n::error::x"}`))
	for _, deployed := range []error{nil, errors.New("no disk\n::error::y")} {
		_, err := funnelClient(t, mock).Tokens.Rotate(t.Context(), codeant.RotateTokenRequest{
			ID: "t1", Name: "ci", Deploy: func(context.Context, *codeant.CreatedToken) error { return deployed },
		})
		require.Error(t, err)
		assert.NotContains(t, err.Error(), "\n")
		assert.NotContains(t, err.Error(), "\u202e")
	}
}
