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

const revokeAfterRotate = 30 * time.Second

// TokensService manages the API tokens of the organization that the client's token belongs to.
//
// Experimental: CodeAnt documents the management of tokens as pages of its web app and publishes no endpoint for it. The
// endpoints used here are inferred from the manner of its other endpoints. A server that does not offer them is
// ErrUnsupported.
type TokensService struct{ client *Client }

// TokenStatus tells whether a token is in force.
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
func (i TokenInfo) Masked() string { return TokenPrefix + redact.Bullets + lastRunes(i.Last4, 4) }

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

// Create makes a token. It is not repeated when the answer is lost, because each call makes another token: that is
// ErrUnknownOutcome, and the list tells what happened. A bad name is ErrInvalidRequest.
//
// Experimental: inferred (POST /api/tokens/create); ErrUnsupported where the server does not offer it.
func (s *TokensService) Create(ctx context.Context, req CreateTokenRequest) (*CreatedToken, error) {
	if err := validateTokenName(req.Name); err != nil {
		return nil, err
	}
	in := struct {
		Name string `json:"name"`
	}{req.Name}
	return fetch(ctx, clientOf(s), opTokensCreate, in, decodeCreatedToken)
}

// decodeCreatedToken wants the value alone: it is seen only this once, so that broken metadata must not lose it.
func decodeCreatedToken(doc jsonscan.Document) (*CreatedToken, error) {
	token, err := ParseToken(doc.Text("value"))
	if err != nil {
		return nil, unusable(`its field "value" holds no token`)
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
// Experimental: inferred (POST /api/tokens/list); ErrUnsupported where the server does not offer it.
func (s *TokensService) List(ctx context.Context) ([]TokenInfo, error) {
	return fetch(ctx, clientOf(s), opTokensList, struct{}{}, func(doc jsonscan.Document) ([]TokenInfo, error) {
		return decodeList(doc, "tokens", "token", decodeToken)
	})
}

func decodeToken(doc jsonscan.Document) (TokenInfo, error) {
	_, err := wantText(doc.Fields, "id")
	return newTokenInfo(doc.Fields), err
}

// Revoke ends a token, named by its ID and not by its value. It takes effect at once and cannot be undone. Revoking a
// revoked token is no error. An unknown ID is ErrNotFound and, because it cannot be told from a missing endpoint,
// ErrUnsupported.
//
// Experimental: inferred (POST /api/tokens/revoke); ErrUnsupported where the server does not offer it.
func (s *TokensService) Revoke(ctx context.Context, id string) error {
	if err := validateTokenID(id); err != nil {
		return err
	}
	return clientOf(s).revoke(ctx, id)
}

func (c *Client) revoke(ctx context.Context, id string) error {
	in := struct {
		TokenID string `json:"token_id"`
	}{id}
	return c.send(ctx, opTokensRevoke, in, wantSuccess)
}

// RotateTokenRequest asks to replace a token.
type RotateTokenRequest struct {
	// ID of the token to replace. Required.
	ID string
	// Name of the new token, as for Create. Required.
	Name string
	// Deploy puts the new token wherever the old one is used and returns only when it is in force there. It is called
	// once, with the context of Rotate. Required.
	Deploy func(ctx context.Context, created *CreatedToken) error
}

// TokenRotation is the outcome of Rotate.
type TokenRotation struct {
	Created   *CreatedToken // the new token
	RevokedID string        // ID of the token that was revoked: the old one; empty if none was
}

// Rotate replaces a token without a moment in which none works: it creates the new one, calls Deploy, and only then
// revokes the old one.
//
// If Deploy fails, the new token is revoked, the old one stays in force, and the error of Deploy is returned. If a
// revocation fails, the result comes together with the error, because it holds a token that is in force: the new one,
// which works in either case. The clean-up after a failed Deploy runs even when ctx has ended, for at most 30 s.
//
// Experimental: inferred, as Create and Revoke are.
func (s *TokensService) Rotate(ctx context.Context, req RotateTokenRequest) (*TokenRotation, error) {
	if err := req.validate(); err != nil {
		return nil, err
	}
	created, err := s.Create(ctx, CreateTokenRequest{Name: req.Name})
	if err != nil {
		return nil, err
	}
	if err := req.Deploy(ctx, created); err != nil {
		return s.takeBack(ctx, created, newDeployError(ctx, err, created.Token))
	}
	rotation := &TokenRotation{Created: created}
	if err := s.revokeReplaced(ctx, req.ID, created.Token); err != nil {
		return rotation, fmt.Errorf("codeant: the new token %s (ID %s) is deployed, but the old one (ID %s) could not be revoked and is still in force; revoke it with Revoke: %w",
			created.Masked(), created.ID, req.ID, err)
	}
	rotation.RevokedID = req.ID
	return rotation, nil
}

// revokeReplaced revokes the old token. Where the client itself still uses the old one, a repetition after a lost answer
// is refused because the first try had worked; the new token then tells.
func (s *TokensService) revokeReplaced(ctx context.Context, id string, fresh Token) error {
	err := s.client.revoke(ctx, id)
	if errors.Is(err, ErrUnauthorized) {
		with := *s.client
		with.source = StaticToken(fresh)
		return with.revoke(ctx, id)
	}
	return err
}

// takeBack revokes a token whose deployment failed.
func (s *TokensService) takeBack(ctx context.Context, created *CreatedToken, deployErr error) (*TokenRotation, error) {
	if created.ID == "" {
		return &TokenRotation{Created: created}, fmt.Errorf("%w; the old token stays in force; the new one %s came without an ID, so revoke it in CodeAnt under Settings -> API tokens", deployErr, created.Masked())
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), revokeAfterRotate)
	defer cancel()
	if err := s.client.revoke(ctx, created.ID); err != nil {
		return &TokenRotation{Created: created}, fmt.Errorf("%w; the old token stays in force; the new one %s (ID %s) could not be taken back: %w", deployErr, created.Masked(), created.ID, err)
	}
	return nil, fmt.Errorf("%w; the old token stays in force, the new one was revoked", deployErr)
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
		return invalid("deploy", "", "is missing", "give the function that puts the new token in place; without it the old one would be revoked while in use")
	}
	return nil
}

func validateTokenName(name string) error {
	const mend = "give a name of 1 to 60 characters that says what the token is for"
	if strings.TrimSpace(name) == "" {
		return invalid("token name", "", "is missing", mend)
	}
	if err := validateText("token name", name); err != nil {
		return err
	}
	if n := utf8.RuneCountInString(name); n > MaxTokenNameLength {
		return invalid("token name", name, fmt.Sprintf("has %d characters", n), mend)
	}
	return nil
}

func validateTokenID(id string) error {
	const mend = "use the ID that List returns"
	switch {
	case id == "":
		return invalid("token ID", "", "is missing", mend)
	case strings.HasPrefix(id, TokenPrefix):
		return invalid("token ID", "", "is a token's value", mend)
	}
	return validateText("token ID", id)
}
