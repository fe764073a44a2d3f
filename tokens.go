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

const useTheApp = "this server offers no endpoint for tokens: use Settings -> API tokens in CodeAnt's web app"

var (
	opTokensCreate = operation{name: "tokens.create", path: "/api/tokens/create", unsupported: useTheApp}
	opTokensList   = operation{name: "tokens.list", path: "/api/tokens/list", idempotent: true, unsupported: useTheApp}
	opTokensRevoke = operation{name: "tokens.revoke", path: "/api/tokens/revoke", idempotent: true, unsupported: useTheApp}
)

// MaxTokenNameLength is how long a token's name may be, in characters (docs.codeant.ai, settings/api-tokens).
const MaxTokenNameLength = 60

// takeBackTimeout limits the revocation of a token whose deployment failed. It has no other limit: the context of Rotate may
// have ended.
const takeBackTimeout = 30 * time.Second

// TokensService manages the API tokens of the organization that the client's token belongs to.
//
// Experimental: CodeAnt documents the management of tokens as pages of its web app and publishes no endpoint for it. The
// endpoints used here are inferred from its other ones. If the server does not offer them, the error is ErrUnsupported.
type TokensService struct{ client *Client }

// TokenStatus says whether a token is valid.
type TokenStatus string

// The states of a token. Revocation is immediate and final.
const (
	TokenActive  TokenStatus = "Active"
	TokenRevoked TokenStatus = "Revoked"
)

// TokenInfo is what CodeAnt keeps of a token: all but its value.
type TokenInfo struct {
	ID           string
	Name         string
	Last4        string
	Provider     Provider
	Organization string
	CreatedAt    time.Time
	Status       TokenStatus
}

// Masked returns the form in which CodeAnt lists a token: cdt_•••• and the last four characters.
func (i TokenInfo) Masked() string {
	return TokenPrefix + redact.Bullets + redact.Text(lastRunes(i.Last4, 4), 4)
}

// printedID returns the ID, which is the server's text, fit for an error.
func (i TokenInfo) printedID() string { return redact.Text(i.ID, maxPrintedValue) }

func lastRunes(s string, n int) string {
	runes := []rune(s)
	return string(runes[max(0, len(runes)-n):])
}

// CreatedToken is a new token. This is the only time that its value is seen.
type CreatedToken struct {
	TokenInfo
	Token Token
}

// CreateTokenRequest asks for a token.
type CreateTokenRequest struct {
	// Name has 1 to MaxTokenNameLength characters. It says later what the token is for. Required.
	Name string
}

// newTokenInfo reads what an answer says of a token. A field that cannot be read is left empty.
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

// Create makes a token. A bad name is ErrInvalidRequest. It is not repeated when the answer is lost, because each call makes
// another token: that is ErrUnknownOutcome, and the token may exist although nobody knows its value. Find it by its name with
// List, and revoke it.
//
// Experimental: inferred; ErrUnsupported if the server does not offer it.
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

// decodeCreatedToken wants the value alone: it is seen only this once, so that broken metadata must not lose it.
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
// Experimental: inferred; ErrUnsupported if the server does not offer it.
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

// Revoke revokes a token by its ID, not by its value. It takes effect at once and cannot be undone. To revoke a revoked token
// is not an error. An unknown ID is ErrNotFound and also ErrUnsupported, because it looks the same as a missing endpoint.
//
// Experimental: inferred; ErrUnsupported if the server does not offer it.
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

// RotateTokenRequest asks to replace a token.
type RotateTokenRequest struct {
	// ID of the token to replace. Required.
	ID string
	// Name of the new token, as for Create. Required.
	Name string
	// Deploy puts the new token wherever the old one is used and returns only when it is in use there. It is called once,
	// with the context of Rotate. Required.
	Deploy func(ctx context.Context, created *CreatedToken) error
}

// TokenRotation is the outcome of Rotate.
type TokenRotation struct {
	Created   *CreatedToken // the new token
	RevokedID string        // the ID of the old token, if it was revoked; otherwise empty
}

// Rotate replaces a token so that one that works is in place at every moment: it creates the new one, calls Deploy, and only
// then revokes the old one.
//
// If Deploy fails or panics, the new token is revoked and the old one stays valid; the error of Deploy is returned, and a
// panic goes on. If a revocation fails, the result comes together with the error, because the new token is valid. The
// clean-up after a failed Deploy also runs if ctx has ended, for at most 30 s.
//
// Experimental: inferred; ErrUnsupported if the server does not offer Create or Revoke.
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

// deploy calls Deploy, and takes the new token back if that does not return because of a panic.
func (s *TokensService) deploy(ctx context.Context, req RotateTokenRequest, created *CreatedToken) error {
	returned := false
	defer func() {
		if !returned {
			_ = s.takeBack(ctx, created.ID) // nobody is there to read its error
		}
	}()
	err := req.Deploy(ctx, created)
	returned = true
	return err
}

// revokeReplaced revokes the old token. If the client itself uses the old one, a repetition after a lost answer is refused
// because the first attempt had worked; the new token then finds out.
func (s *TokensService) revokeReplaced(ctx context.Context, id string, fresh Token) error {
	err := s.client.revoke(ctx, opTokensRevoke, id)
	if errors.Is(err, ErrUnauthorized) {
		op := opTokensRevoke
		op.source = StaticToken(fresh)
		return s.client.revoke(ctx, op, id)
	}
	return err
}

// notDeployed is the end of a rotation whose Deploy failed.
func (s *TokensService) notDeployed(ctx context.Context, created *CreatedToken, deployErr error) (*TokenRotation, error) {
	if created.ID == "" {
		return &TokenRotation{Created: created}, fmt.Errorf("%w; the old token stays valid; the new one %s came without an ID, "+
			"so revoke it in CodeAnt under Settings -> API tokens", deployErr, created.Masked())
	}
	if err := s.takeBack(ctx, created.ID); err != nil {
		return &TokenRotation{Created: created}, fmt.Errorf("%w; the old token stays valid; the new one %s (ID %s) could not be taken back: %w",
			deployErr, created.Masked(), created.printedID(), err)
	}
	return nil, fmt.Errorf("%w; the old token stays valid, the new one was revoked", deployErr)
}

// takeBack revokes a token that was not deployed, also if ctx has ended.
func (s *TokensService) takeBack(ctx context.Context, id string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), takeBackTimeout)
	defer cancel()
	return s.client.revoke(ctx, opTokensRevoke, id)
}

// newDeployError reports what Deploy said, which may repeat the token that it was handed.
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
			"give the function that puts the new token in place; without it the old one would be revoked while in use")
	}
	return nil
}

func validateTokenName(name string) error {
	const hint = "give a name of 1 to 60 characters that says what the token is for"
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
