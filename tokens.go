package codeant

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/codeant-sdk/codeant/internal/jsonscan"
	"github.com/codeant-sdk/codeant/internal/redact"
)

const useTheApp = "this server has no endpoint for tokens: use Settings -> API tokens in CodeAnt's web app"

var (
	opTokensCreate = operation{name: "tokens.create", path: "/api/tokens/create", unsupported: useTheApp}
	opTokensList   = operation{name: "tokens.list", path: "/api/tokens/list", idempotent: true, unsupported: useTheApp}
	opTokensRevoke = operation{name: "tokens.revoke", path: "/api/tokens/revoke", idempotent: true, unsupported: useTheApp}
)

// MaxTokenNameLength is the maximum length of a token's name, in characters (docs.codeant.ai, settings/api-tokens).
const MaxTokenNameLength = 60

// takeBackTimeout limits the revocation of a token whose deployment failed. The context of Rotate cannot, because it may have
// ended.
const takeBackTimeout = 30 * time.Second

// TokensService manages the API tokens of the organization that the client's token belongs to.
//
// Experimental: CodeAnt documents how to manage tokens in its web app and publishes no endpoints for it. The endpoints used
// here are inferred from other ones. If the server does not have them, the error is ErrUnsupported.
type TokensService struct{ client *Client }

// TokenStatus is whether a token is valid.
type TokenStatus string

// The states of a token. Revocation is immediate and final.
const (
	TokenActive  TokenStatus = "Active"
	TokenRevoked TokenStatus = "Revoked"
)

// TokenInfo describes a token without its value.
type TokenInfo struct {
	ID           string
	Name         string
	Last4        string
	Provider     Provider
	Organization string
	CreatedAt    time.Time
	Status       TokenStatus
}

// Masked returns cdt_•••• and the last four characters, as CodeAnt lists a token.
func (i TokenInfo) Masked() string {
	return TokenPrefix + redact.Bullets + redact.Text(lastRunes(i.Last4, 4), 4)
}

// printedID returns the ID, which is the server's text, fit for an error.
func (i TokenInfo) printedID() string { return redact.Text(i.ID, maxPrintedValue) }

func lastRunes(s string, n int) string {
	runes := []rune(s)
	return string(runes[max(0, len(runes)-n):])
}

// CreatedToken is a new token with its value, which cannot be read again later.
type CreatedToken struct {
	TokenInfo
	Token Token
}

// CreateTokenRequest asks for a token.
type CreateTokenRequest struct {
	// Name describes what the token is for, in 1 to MaxTokenNameLength characters. Required.
	Name string
}

// newTokenInfo decodes the description of a token. A field that cannot be read stays empty.
func newTokenInfo(f jsonscan.Fields) TokenInfo {
	info := TokenInfo{
		ID: f.Text("id"), Name: f.Text("name"), Last4: lastRunes(f.Text("last4"), 4), Provider: providerOf(f.Text("provider")),
		Organization: f.Text("organization"), CreatedAt: f.Time("created_at"), Status: TokenStatus(f.Text("status")),
	}
	for _, known := range []TokenStatus{TokenActive, TokenRevoked} {
		if strings.EqualFold(string(info.Status), string(known)) {
			info.Status = known
		}
	}
	return info
}

// Create creates a token. If the answer is lost, Create is not retried, because that would create another token. The error is
// then ErrUnknownOutcome, and a token may exist whose value nobody knows: find it by its name with List and revoke it.
//
// Experimental: inferred. If the server does not have it, the error is ErrUnsupported.
//
// Evidence: inferred (CodeAnt's web app, Settings -> API tokens). Uncertain: everything.
func (s *TokensService) Create(ctx context.Context, req CreateTokenRequest) (*CreatedToken, error) {
	if err := validateTokenName(req.Name); err != nil {
		return nil, err
	}
	in := struct {
		Name string `json:"name"`
	}{req.Name}
	created, err := fetch(ctx, clientOf(s), opTokensCreate, in, decodeCreatedToken)
	if errors.Is(err, ErrUnknownOutcome) {
		return nil, fmt.Errorf("%w; if List shows an active token named %s that nobody uses, revoke it by its ID with Revoke",
			err, printedWord(req.Name))
	}
	return created, err
}

// decodeCreatedToken requires only the value, which must not be lost because of bad metadata: it cannot be read again.
func decodeCreatedToken(doc jsonscan.Document) (*CreatedToken, error) {
	token, err := ParseToken(doc.Text("value"))
	if err != nil {
		return nil, unusable(`field "value" holds no token`)
	}
	metadata, _ := fieldsOf(doc.Get("token"))
	created := &CreatedToken{TokenInfo: newTokenInfo(metadata), Token: token}
	if created.Last4 == "" {
		created.Last4 = token.Last4()
	}
	return created, nil
}

// List returns all tokens of the organization, revoked ones included, in the server's order.
//
// Experimental: inferred. If the server does not have it, the error is ErrUnsupported.
//
// Evidence: inferred (CodeAnt's web app, Settings -> API tokens). Uncertain: everything.
func (s *TokensService) List(ctx context.Context) ([]TokenInfo, error) {
	return fetch(ctx, clientOf(s), opTokensList, struct{}{}, func(doc jsonscan.Document) ([]TokenInfo, error) {
		return decodeList(doc, "tokens", "token", decodeToken)
	})
}

func decodeToken(doc jsonscan.Document) (TokenInfo, error) {
	_, err := wantText(doc.Fields, "id")
	return newTokenInfo(doc.Fields), err
}

// Revoke revokes the token with an ID, immediately and finally. Revoking a revoked token is not an error. An unknown ID is
// both ErrNotFound and ErrUnsupported, because the answer is the same as that of a missing endpoint.
//
// Experimental: inferred. If the server does not have it, the error is ErrUnsupported.
//
// Evidence: inferred (CodeAnt's web app, Settings -> API tokens). Uncertain: everything.
func (s *TokensService) Revoke(ctx context.Context, id string) error {
	if err := validateTokenID(id); err != nil {
		return err
	}
	return clientOf(s).revoke(ctx, opTokensRevoke, id)
}

func (c *Client) revoke(ctx context.Context, op operation, id string) error {
	in := struct {
		TokenID string `json:"token_id"`
	}{id}
	return c.send(ctx, op, in, wantSuccess)
}

// RotateTokenRequest asks to replace a token by a new one.
type RotateTokenRequest struct {
	// ID of the token to replace. Required.
	ID string
	// Name of the new token, as for Create. Required.
	Name string
	// Deploy replaces the old token by the new one wherever it is used, and returns when the new one is in use. It is called
	// once, with the context of Rotate. Required.
	Deploy func(ctx context.Context, created *CreatedToken) error
}

// TokenRotation is the result of Rotate.
type TokenRotation struct {
	Created   *CreatedToken // the new token
	RevokedID string        // the ID of the old token, if it was revoked; otherwise empty
}

// Rotate replaces a token so that a valid one is in use at all times: it creates the new token, calls Deploy, and only then
// revokes the old token.
//
// If Deploy fails, the new token is revoked, the old one stays valid and Rotate returns the error of Deploy. If Deploy panics,
// the new token is revoked and the panic continues. If a revocation fails, the result is returned with the error, because the
// new token is valid. The revocation after a failed Deploy runs for at most 30 s, even if ctx has ended.
//
// Experimental: inferred. If the server does not have Create or Revoke, the error is ErrUnsupported.
//
// Evidence: inferred (CodeAnt's web app, Settings -> API tokens). Uncertain: everything.
func (s *TokensService) Rotate(ctx context.Context, req RotateTokenRequest) (*TokenRotation, error) {
	if err := req.validate(); err != nil {
		return nil, err
	}
	created, err := s.Create(ctx, CreateTokenRequest{Name: req.Name})
	if err != nil {
		return nil, err
	}
	if err := s.deploy(ctx, req, created); err != nil {
		return s.notDeployed(ctx, created, newDeployError(ctx, err, created.Token))
	}
	rotation := &TokenRotation{Created: created}
	if err := s.revokeReplaced(ctx, req.ID, created.Token); err != nil {
		return rotation, fmt.Errorf("codeant: the new token %s (ID %s) is deployed, but the old one (ID %s) could not be revoked "+
			"and is still valid; revoke it with Revoke: %w", created.Masked(), created.printedID(), req.ID, err)
	}
	rotation.RevokedID = req.ID
	return rotation, nil
}

// deploy calls Deploy, and revokes the new token if Deploy panics.
func (s *TokensService) deploy(ctx context.Context, req RotateTokenRequest, created *CreatedToken) error {
	returned := false
	defer func() {
		if !returned && created.ID != "" {
			_ = s.takeBack(ctx, created.ID) // the panic continues, so the error cannot be returned
		}
	}()
	err := req.Deploy(ctx, created)
	returned = true
	return err
}

// revokeReplaced revokes the old token. If the client itself uses the old token and an answer is lost, the retry may be
// refused because the first attempt had succeeded. The new token is then used to make sure.
func (s *TokensService) revokeReplaced(ctx context.Context, id string, fresh Token) error {
	err := s.client.revoke(ctx, opTokensRevoke, id)
	if errors.Is(err, ErrUnauthorized) {
		op := opTokensRevoke
		op.source = StaticToken(fresh)
		return s.client.revoke(ctx, op, id)
	}
	return err
}

// notDeployed returns the result of a rotation whose Deploy failed.
func (s *TokensService) notDeployed(ctx context.Context, created *CreatedToken, deployErr error) (*TokenRotation, error) {
	if created.ID == "" {
		return &TokenRotation{Created: created}, fmt.Errorf("%w; the old token stays valid; the new one %s came without an ID, "+
			"so revoke it in CodeAnt under Settings -> API tokens", deployErr, created.Masked())
	}
	if err := s.takeBack(ctx, created.ID); err != nil {
		return &TokenRotation{Created: created}, fmt.Errorf("%w; the old token stays valid; the new one %s (ID %s) could not be revoked: %w",
			deployErr, created.Masked(), created.printedID(), err)
	}
	return nil, fmt.Errorf("%w; the old token stays valid, the new one was revoked", deployErr)
}

// takeBack revokes a token that was not deployed, even if ctx has ended.
func (s *TokensService) takeBack(ctx context.Context, id string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), takeBackTimeout)
	defer cancel()
	return s.client.revoke(ctx, opTokensRevoke, id)
}

// newDeployError wraps the error of Deploy and masks the token in it.
func newDeployError(ctx context.Context, err error, token Token) error {
	return fmt.Errorf("codeant: the new token could not be deployed: %w", newCause(ctx, err, token.Reveal()))
}

func (r RotateTokenRequest) validate() error {
	if err := validateTokenID(r.ID); err != nil {
		return err
	}
	if err := validateTokenName(r.Name); err != nil {
		return err
	}
	if r.Deploy == nil {
		return invalid("deploy", "", "is missing",
			"set the function that puts the new token in place; without it the old one would be revoked while in use")
	}
	return nil
}

func validateTokenName(name string) error {
	const hint = "use a name of 1 to 60 characters that says what the token is for"
	if strings.TrimSpace(name) == "" {
		return invalid("token name", "", "is missing", hint)
	}
	if err := validateText("token name", name); err != nil {
		return err
	}
	if n := utf8.RuneCountInString(name); n > MaxTokenNameLength {
		return invalid("token name", name, fmt.Sprintf("has %d characters", n), hint)
	}
	return nil
}

func validateTokenID(id string) error {
	const hint = "use the ID that List returns"
	switch {
	case id == "":
		return invalid("token ID", "", "is missing", hint)
	case strings.HasPrefix(id, TokenPrefix):
		return invalid("token ID", "", "is a token's value", hint)
	}
	return validateText("token ID", id)
}
