package codeant

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/codeant-sdk/codeant/internal/jsonscan"
)

var (
	opAccountVerify       = centreOperation("account.verify", "/extension/scans2/validate")
	opAccountRepositories = centreOperation("account.repositories", "/extension/scans2/listrepos")
)

// AccountService returns what the client's token has access to.
type AccountService struct{ client *Client }

// Identity describes whom a token belongs to.
type Identity struct {
	Email         string         // empty if the answer has none
	Organizations []Organization // a field is empty if the answer lacks it
	Raw           json.RawMessage
}

// Repository is a repository that CodeAnt is connected to. A field is zero if the answer lacks it.
type Repository struct {
	Provider      Provider  // copied from the Organization in the request
	FullName      string    // in the form of Revision.Repo
	DefaultBranch string    // such as "main"
	Language      string    // as the provider names it
	Private       bool      // not publicly readable
	Archived      bool      // read-only at the provider
	PushedAt      time.Time // of the last push
	Raw           json.RawMessage
}

// Verify returns whom the token belongs to and which organizations it has access to. It changes nothing. ErrForbidden and
// ErrUnsupported do not mean that the token is invalid: it may work for everything else.
//
// Evidence: observed (CodeAnt-AI/codeant-cli). Uncertain: whether a cdt_ token is accepted; if not, the error is ErrForbidden,
// ErrUnauthorized or ErrUnsupported.
func (s *AccountService) Verify(ctx context.Context) (*Identity, error) {
	in := struct {
		Extension string `json:"extension"`
	}{"cli"}
	return fetch(ctx, clientOf(s), opAccountVerify, in, decodeIdentity)
}

func decodeIdentity(doc jsonscan.Document) (*Identity, error) {
	if err := wantObject(doc); err != nil {
		return nil, err
	}
	if err := wantSuccess(doc); err != nil {
		return nil, err
	}
	data, err := fieldsOf(doc.Get("data"))
	if err != nil {
		return nil, err
	}
	if len(data) == 0 {
		return nil, unusable("field %q is missing or empty", "data")
	}
	identity := &Identity{Email: data.Text("email"), Raw: doc.Raw()}
	orgs := data.Get("orgs")
	switch orgs.Kind() {
	case jsonscan.Array, jsonscan.Null, jsonscan.Invalid:
	default:
		return nil, unusable("%v", wrongField("orgs", orgs))
	}
	for element := range orgs.Elements() {
		if len(identity.Organizations) == maxElements {
			return nil, tooLarge("it has more than %d organizations", maxElements)
		}
		if kind := element.Kind(); kind != jsonscan.Object {
			return nil, unusable("an organization is %s", kind)
		}
		f, err := fieldsOf(element)
		if err != nil {
			return nil, err
		}
		identity.Organizations = append(identity.Organizations, Organization{
			Provider: providerOf(f.Text("service")), Name: f.Text("organization_name"), ProviderURL: f.Text("base_url"),
		})
	}
	return identity, nil
}

// Repositories returns the repositories of an organization, most recently pushed first; those without a known push come
// last. Only the organization's name is sent, so the answer may be about an organization of the same name at another
// provider. The Provider of each Repository is copied from org.
//
// Evidence: observed (CodeAnt-AI/codeant-cli). Uncertain: whether a cdt_ token is accepted; if not, the error is ErrForbidden,
// ErrUnauthorized or ErrUnsupported.
func (s *AccountService) Repositories(ctx context.Context, org Organization) ([]Repository, error) {
	if err := validateText("organization", org.Name); err != nil {
		return nil, err
	}
	if strings.TrimSpace(org.Name) == "" {
		return nil, invalid("organization", "", "is missing", "use a name that Verify returns")
	}
	in := struct {
		Org string `json:"org"`
	}{org.Name}
	return fetch(ctx, clientOf(s), opAccountRepositories, in, func(doc jsonscan.Document) ([]Repository, error) {
		repositories, err := decodeList(doc, "repos", "repository", decodeRepository)
		for i := range repositories {
			repositories[i].Provider = org.Provider
		}
		slices.SortStableFunc(repositories, func(a, b Repository) int { return b.PushedAt.Compare(a.PushedAt) })
		return repositories, err
	})
}

func decodeRepository(doc jsonscan.Document) (Repository, error) {
	return Repository{
		FullName: doc.Text("full_name", "name"), DefaultBranch: doc.Text("default_branch"), Language: doc.Text("language"),
		Private: doc.True("private") || doc.Text("visibility") == "private", Archived: doc.True("archived"),
		PushedAt: timeOf(doc.Fields, "pushed_at"), Raw: doc.Raw(),
	}, nil
}
