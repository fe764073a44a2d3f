package codeant

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"

	"github.com/codeant-sdk/codeant/internal/openfile"
	"github.com/codeant-sdk/codeant/internal/origin"
	"github.com/codeant-sdk/codeant/internal/redact"
	"github.com/codeant-sdk/codeant/internal/secret"
)

// TokenPrefix begins every CodeAnt API token (docs.codeant.ai, settings/api-tokens).
const TokenPrefix = "cdt_"

const (
	minTokenSecret = 8    // characters behind the prefix
	maxTokenLength = 4096 // more than any server takes in a header
)

// Token is a CodeAnt API token. It authenticates to CodeAnt, never to the Git provider, and belongs to one provider and
// one organization. However it is printed, it shows cdt_•••• and its last four characters; Reveal alone gives the value.
type Token struct{ value secret.Value }

// ParseToken reads a token, white space at its ends aside. A text that is empty or cannot be a CodeAnt token is
// ErrInvalidToken, with an error that names what it seems to be and never holds the text itself.
func ParseToken(s string) (Token, error) {
	s = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(s), "\uFEFF"))
	if err := checkToken(s); err != nil {
		return Token{}, err
	}
	return Token{secret.New(s)}, nil
}

func checkToken(s string) error {
	lower := strings.ToLower(s)
	owner := foreignToken(s)
	switch {
	case s == "":
		return &tokenError{reason: "it is empty", kinds: []error{ErrInvalidToken, ErrMissingToken}}
	case strings.HasPrefix(lower, "bearer ") || strings.HasPrefix(lower, "authorization:"):
		return badToken("it begins with a piece of the HTTP header; give the token alone, which starts with " + TokenPrefix)
	case owner != "":
		return badToken("this is " + owner + " token; CodeAnt tokens start with " + TokenPrefix)
	case strings.ContainsAny(s, "•*…"):
		return badToken("this is the masked form that CodeAnt shows in its list; the value itself was shown once, when the token was created")
	case strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' }):
		return badToken("it has a space, a line break or another character in it that no token has; was more than the token copied?")
	case !strings.HasPrefix(s, TokenPrefix):
		return badToken("CodeAnt tokens start with " + TokenPrefix)
	case strings.Contains(s[len(TokenPrefix):], TokenPrefix):
		return badToken(TokenPrefix + " occurs in it twice; was it pasted twice?")
	case len(s) < len(TokenPrefix)+minTokenSecret:
		return badToken("it is too short; was it cut off?")
	case len(s) > maxTokenLength:
		return badToken("it is too long; was a whole file pasted?")
	}
	return nil
}

// foreignToken names whose token s is by its well-known prefix, with an article, or returns nothing.
func foreignToken(s string) string {
	for _, known := range []struct{ owner, prefixes string }{
		{"a GitHub", "ghp_ gho_ ghu_ ghs_ ghr_ github_pat_"},
		{"a GitLab", "glpat- glptt- gldt- glrt- glcbt- gloas- glft- glsoat-"},
		{"a Bitbucket", "ATBB ATCTT ATATT"},
	} {
		for prefix := range strings.FieldsSeq(known.prefixes) {
			if strings.HasPrefix(s, prefix) {
				return known.owner
			}
		}
	}
	// Azure DevOps: 52 characters of base32, or 84 with the signature AZDO in them (learn.microsoft.com, "Use personal
	// access tokens").
	switch {
	case len(s) == 52 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz234567") == "":
		return "an Azure DevOps"
	case len(s) == 84 && strings.Contains(s, "AZDO"):
		return "an Azure DevOps"
	}
	return ""
}

type tokenError struct {
	reason string
	kinds  []error
}

func badToken(reason string) error {
	return &tokenError{reason: reason, kinds: []error{ErrInvalidToken}}
}

func missingToken(reason string) error {
	return &tokenError{reason: reason, kinds: []error{ErrMissingToken}}
}

func (e *tokenError) Error() string   { return e.kinds[0].Error() + ": " + e.reason }
func (e *tokenError) Unwrap() []error { return e.kinds }

// Reveal returns the token's value: the only way to it.
func (t Token) Reveal() string { return t.value.Reveal() }

// Last4 returns the last four characters, which CodeAnt shows in its list of tokens.
func (t Token) Last4() string { return redact.Last4(t.Reveal()) }

// IsZero reports whether t holds no token.
func (t Token) IsZero() bool { return t.value.IsZero() }

// String returns cdt_•••• and the last four characters.
func (t Token) String() string { return redact.Mask(TokenPrefix, t.Reveal()) }

// GoString returns the masked form.
func (t Token) GoString() string { return t.String() }

// Format prints the masked form for every verb.
func (t Token) Format(f fmt.State, _ rune) { io.WriteString(f, t.String()) }

// LogValue gives package log/slog the masked form.
func (t Token) LogValue() slog.Value { return slog.StringValue(t.String()) }

// MarshalText gives encoders the masked form.
func (t Token) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// MarshalJSON gives the masked form.
func (t Token) MarshalJSON() ([]byte, error) { return json.Marshal(t.String()) }

// TokenSource hands out the token for each attempt of a call. It may be used by many goroutines at once. After a 401 it
// is asked once more, and the call is repeated if it hands out another token.
type TokenSource interface {
	Token(ctx context.Context) (Token, error)
}

// TokenSourceFunc is a function that is a TokenSource.
type TokenSourceFunc func(ctx context.Context) (Token, error)

// Token calls f. If f is nil, the error is ErrMissingToken.
func (f TokenSourceFunc) Token(ctx context.Context) (Token, error) {
	if f == nil {
		return Token{}, missingToken("the function of a TokenSourceFunc is nil")
	}
	return f(ctx)
}

type staticToken struct{ token Token }

// StaticToken always hands out t.
func StaticToken(t Token) TokenSource { return staticToken{t} }

func (s staticToken) Token(context.Context) (Token, error) {
	if s.token.IsZero() {
		return Token{}, missingToken("the token given to StaticToken is empty; use ParseToken")
	}
	return s.token, nil
}

type envToken string

// EnvToken reads the token from the environment variable name at each attempt. An unset or empty variable is
// ErrMissingToken.
func EnvToken(name string) TokenSource { return envToken(name) }

func (name envToken) Token(context.Context) (Token, error) {
	value := os.Getenv(string(name))
	if strings.TrimSpace(value) == "" {
		return Token{}, missingToken("the environment variable " + string(name) + " is not set")
	}
	t, err := ParseToken(value)
	if err != nil {
		return Token{}, fmt.Errorf("%w (from the environment variable %s)", err, string(name))
	}
	return t, nil
}

type fileToken struct {
	path string
	turn chan struct{} // one reads at a time: two readers of a pipe would have half a token each
	last Token
}

// FileToken reads the token from a file at each attempt, so that a new token takes effect without a restart as soon as
// the file changes: a secret mounted by Kubernetes, a file that Vault's agent writes. A missing file is ErrMissingToken
// and os.ErrNotExist. If the file is empty, because it is being written at this moment, the last token stays in use. A
// pipe gives its token once, and that stays in use; waiting for it ends with the context.
func FileToken(path string) TokenSource {
	return &fileToken{path: path, turn: make(chan struct{}, 1)}
}

func (s *fileToken) Token(ctx context.Context) (Token, error) {
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return Token{}, s.interrupted(ctx)
	}
	value, err := s.read(ctx)
	switch {
	case err != nil:
		return Token{}, err
	case strings.TrimSpace(value) != "":
		t, err := ParseToken(value)
		if err != nil {
			return Token{}, fmt.Errorf("%w (from the file %s)", err, s.path)
		}
		s.last = t
	case s.last.IsZero():
		return Token{}, missingToken("the file " + s.path + " is empty")
	}
	return s.last, nil
}

// read returns what the file holds, nothing for a pipe that was read already.
func (s *fileToken) read(ctx context.Context) (string, error) {
	if info, err := os.Stat(s.path); err == nil && !info.Mode().IsRegular() && !info.IsDir() && !s.last.IsZero() {
		return "", nil
	}
	f, err := openfile.Open(s.path)
	for range 2 {
		if !errors.Is(err, fs.ErrNotExist) {
			break
		}
		f, err = openfile.Open(s.path) // a mounted secret was swapped while its links were followed
	}
	if err != nil {
		return "", s.failed("opened", err)
	}
	defer f.Close()
	// One byte more than a token may have tells a file that is no token file from one that is.
	data, err := io.ReadAll(io.LimitReader(f.Reader(ctx), maxTokenLength+64))
	switch {
	case err == nil:
		return string(data), nil
	case ctx.Err() != nil:
		return "", s.interrupted(ctx)
	}
	return "", s.failed("read", err)
}

func (s *fileToken) failed(done string, err error) error {
	reason := "the file " + s.path + " cannot be " + done + ": " + pathReason(err)
	return &tokenError{reason: reason, kinds: []error{ErrMissingToken, err}}
}

func (s *fileToken) interrupted(ctx context.Context) error {
	return fmt.Errorf("no token came from the file %s: %w", s.path, contextError(ctx))
}

// authTransport is where the credential enters a request: it adds the token's header, and the token's field of the body if
// the operation has one, to requests whose scheme, host and port are those of the base URL, and to no others.
type authTransport struct {
	next   http.RoundTripper
	origin *url.URL
}

func (t *authTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	x, ours := req.Context().Value(requestKey{}).(*exchange)
	if !ours || !origin.Same(req.URL, t.origin) {
		return t.next.RoundTrip(req)
	}
	body, err := bodyOf(req)
	if err == nil && x.op.tokenField != "" {
		body, err = withCredential(body, x.op.tokenField, x.token)
	}
	if err != nil {
		return nil, err
	}
	header := maps.Clone(req.Header)
	header["Authorization"] = []string{"Bearer " + x.token.Reveal()}
	return x.roundTrip(t.next, req, header, body)
}

// bodyOf returns the body of a request, which middleware may have replaced.
func bodyOf(req *http.Request) ([]byte, error) {
	switch body := req.Body.(type) {
	case nil:
		return nil, nil
	case *payload:
		return body.data, nil
	default:
		defer body.Close()
		return io.ReadAll(body)
	}
}

// withCredential writes the token into a JSON object, as its first member.
func withCredential(object []byte, field string, token Token) ([]byte, error) {
	if len(object) < len(`{}`) || object[0] != '{' {
		return nil, errors.New("middleware changed the body so that the token has no place in it")
	}
	value := token.Reveal()
	out := make([]byte, 0, len(object)+len(field)+len(value)+len(`"":"",`)+4)
	out = append(out, '{')
	out = strconv.AppendQuote(out, field) // both are visible ASCII, which Go quotes as JSON does
	out = append(out, ':')
	out = strconv.AppendQuote(out, value)
	if object[1] != '}' {
		out = append(out, ',')
	}
	return append(out, object[1:]...), nil
}
