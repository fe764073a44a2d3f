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

// Token is a CodeAnt API token. It authenticates to CodeAnt, never to the Git provider, and belongs to one organization of
// one provider. Every printed form is cdt_•••• and the last four characters; only Reveal returns the value.
type Token struct{ value secret.Value }

// ParseToken parses a token and ignores white space around it. A text that cannot be a CodeAnt token is ErrInvalidToken; an
// empty one is also ErrMissingToken. The error says what the text seems to be and never contains it.
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
		return badToken("it begins with part of an HTTP header; use only the token, which starts with " + TokenPrefix)
	case owner != "":
		return badToken("this is " + owner + " token; CodeAnt tokens start with " + TokenPrefix)
	case strings.ContainsAny(s, "•*…"):
		return badToken("this is the masked form that CodeAnt shows in its list; the value itself was shown once, when the token was created")
	case strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' }):
		return badToken("it contains a space, a line break or another character that no token has; was more than the token copied?")
	case !strings.HasPrefix(s, TokenPrefix):
		return badToken("CodeAnt tokens start with " + TokenPrefix)
	case strings.Contains(s[len(TokenPrefix):], TokenPrefix):
		return badToken("it contains " + TokenPrefix + " twice; was it pasted twice?")
	case len(s) < len(TokenPrefix)+minTokenSecret:
		return badToken("it is too short; was it cut off?")
	case len(s) > maxTokenLength:
		return badToken("it is too long; was a whole file pasted?")
	}
	return nil
}

// foreignToken returns the provider whose token s seems to be, with an article, or "".
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
	// Azure DevOps: 52 characters of base32, or 84 that contain AZDO (learn.microsoft.com, "Use personal access tokens").
	switch {
	case len(s) == 52 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz234567") == "":
		return "an Azure DevOps"
	case len(s) == 84 && strings.Contains(s, "AZDO") && !strings.HasPrefix(s, TokenPrefix):
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

// Reveal returns the token's value. Nothing else does.
func (t Token) Reveal() string { return t.value.Reveal() }

// Last4 returns the last four characters, as CodeAnt's list of tokens shows them.
func (t Token) Last4() string { return redact.Last4(t.Reveal()) }

// IsZero reports whether t is empty.
func (t Token) IsZero() bool { return t.value.IsZero() }

// String returns cdt_•••• and the last four characters.
func (t Token) String() string { return redact.Mask(TokenPrefix, t.Reveal()) }

// GoString returns the masked form.
func (t Token) GoString() string { return t.String() }

// Format prints the masked form, whatever the verb.
func (t Token) Format(f fmt.State, _ rune) { io.WriteString(f, t.String()) }

// LogValue returns the masked form, for package log/slog.
func (t Token) LogValue() slog.Value { return slog.StringValue(t.String()) }

// MarshalText returns the masked form, for encoders.
func (t Token) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// MarshalJSON returns the masked form as a JSON string.
func (t Token) MarshalJSON() ([]byte, error) { return json.Marshal(t.String()) }

// TokenSource provides the token for each attempt of a call. It must be safe for concurrent use. After a 401 it is asked
// once more, and the call is repeated if it returns another token.
type TokenSource interface {
	Token(ctx context.Context) (Token, error)
}

// TokenSourceFunc is an adapter to use a function as a TokenSource.
type TokenSourceFunc func(ctx context.Context) (Token, error)

// Token returns f(ctx). If f is nil, the error is ErrMissingToken.
func (f TokenSourceFunc) Token(ctx context.Context) (Token, error) {
	if f == nil {
		return Token{}, missingToken("the TokenSourceFunc is nil")
	}
	return f(ctx)
}

type staticToken struct{ token Token }

// StaticToken returns a TokenSource that always returns t.
func StaticToken(t Token) TokenSource { return staticToken{t} }

func (s staticToken) Token(context.Context) (Token, error) {
	if s.token.IsZero() {
		return Token{}, missingToken("the token given to StaticToken is empty; use ParseToken")
	}
	return s.token, nil
}

type envToken string

// EnvToken returns a TokenSource that reads the environment variable name before each attempt. If the variable is unset or
// empty, the error is ErrMissingToken.
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
	turn chan struct{} // one reader at a time: two readers of a pipe would each get half a token
	last Token
}

// FileToken returns a TokenSource that reads a file before each attempt, so that a changed file, such as a secret mounted
// by Kubernetes or written by Vault's agent, takes effect without a restart. If the file does not exist, the error is
// ErrMissingToken and os.ErrNotExist. If the file is empty, because it is just being written, the previous token stays in
// use. A pipe is read once, until ctx ends, and its token stays in use.
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

// read returns the content of the file, or "" for a pipe that was already read.
func (s *fileToken) read(ctx context.Context) (string, error) {
	if info, err := os.Stat(s.path); err == nil && !info.Mode().IsRegular() && !info.IsDir() && !s.last.IsZero() {
		return "", nil
	}
	f, err := openfile.Open(s.path)
	for range 2 {
		if !errors.Is(err, fs.ErrNotExist) {
			break
		}
		f, err = openfile.Open(s.path) // a mounted secret was replaced while its links were followed
	}
	if err != nil {
		return "", s.failed("opened", err)
	}
	defer f.Close()
	// Reading beyond the longest token shows that a file is too large to be a token file.
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
	return fmt.Errorf("reading the token from the file %s was interrupted: %w", s.path, contextError(ctx))
}

// authTransport adds the credential to a request: the header, and the field of the body if the operation has one. It does so
// only for requests whose scheme, host and port are those of the base URL.
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

// bodyOf returns the body of a request. Middleware may have replaced it.
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
		return nil, errors.New("middleware replaced the body with one that is not a JSON object, so the token cannot be added")
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
