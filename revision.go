package codeant

import (
	"cmp"
	"strings"

	"github.com/codeant-sdk/codeant/internal/origin"
	"github.com/codeant-sdk/codeant/internal/provider"
)

// Provider is the service that hosts a repository. Its values are spelled as the scan and coverage endpoints expect them.
type Provider string

// The providers CodeAnt works with.
const (
	GitHub      Provider = "github"
	GitLab      Provider = "gitlab"
	Bitbucket   Provider = "bitbucket"
	AzureDevOps Provider = "azuredevops"
)

// ParseProvider parses the name of a provider in any of its usual spellings, such as "GitHub", "azure_devops",
// "Azure DevOps" or "ado". Letter case, spaces, dashes and underscores do not matter. Any other name is ErrInvalidRequest.
func ParseProvider(s string) (Provider, error) {
	if p := knownProvider(s); p != "" {
		return p, nil
	}
	return "", invalid("provider", s, "is not known", "use github, gitlab, bitbucket or azuredevops")
}

// providerOf returns the provider that an answer names, or the name itself if it is not known.
func providerOf(s string) Provider { return cmp.Or(knownProvider(s), Provider(s)) }

func knownProvider(s string) Provider {
	letters := strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' || r == '_' {
			return -1
		}
		return r
	}, strings.ToLower(s))
	switch letters {
	case "github":
		return GitHub
	case "gitlab":
		return GitLab
	case "bitbucket":
		return Bitbucket
	case "azuredevops", "azure", "azurerepos", "ado", "vsts", "tfsgit":
		return AzureDevOps
	}
	return ""
}

func (p Provider) validate() error {
	switch p {
	case GitHub, GitLab, Bitbucket, AzureDevOps:
		return nil
	case "":
		return invalid("provider", "", "is missing", "use github, gitlab, bitbucket or azuredevops")
	}
	return invalid("provider", string(p), "is not known", "use github, gitlab, bitbucket or azuredevops, or ParseProvider for other spellings")
}

// addressOf returns the provider's address to send to CodeAnt: address, or that of the public service in the form that the
// API documentation shows.
func (p Provider) addressOf(address string) string {
	if address == "" || provider.IsPublic(string(p), address) {
		return provider.API(string(p))
	}
	return address
}

// scanAddress returns the provider's address to send with a scan. Like start_scan.sh, it is empty for Bitbucket Cloud.
func scanAddress(rev Revision) string {
	address := rev.Provider.addressOf(rev.ProviderURL)
	if rev.Provider == Bitbucket && provider.IsPublic(string(Bitbucket), address) {
		return ""
	}
	return address
}

// baseURLs are the fields in which most endpoints expect the provider's address. Only one of them is sent.
type baseURLs struct {
	GitHub      string `json:"github_base_url,omitempty"`
	GitLab      string `json:"gitlab_base_url,omitempty"`
	AzureDevOps string `json:"azure_devops_base_url,omitempty"`
	Bitbucket   string `json:"bitbucket_base_url,omitempty"`
}

func newBaseURLs(p Provider, address string) baseURLs {
	switch p {
	case GitHub:
		return baseURLs{GitHub: address}
	case GitLab:
		return baseURLs{GitLab: address}
	case AzureDevOps:
		return baseURLs{AzureDevOps: address}
	}
	return baseURLs{Bitbucket: address}
}

// Revision identifies a commit of a repository.
type Revision struct {
	// Provider is the service that hosts the repository. Required.
	Provider Provider `json:"provider"`
	// Repo is owner/repository; group/subgroup/project on GitLab; org/project/repository on Azure DevOps. Required.
	Repo string `json:"repo"`
	// Commit is the full hash of the commit. 7 to 64 hexadecimal digits are accepted. Required.
	Commit string `json:"commit"`
	// Branch is the branch's name without refs/heads/. Optional.
	Branch string `json:"branch,omitempty"`
	// ProviderURL is the address of a self-hosted provider, such as "https://github.acme.example". It is passed on to
	// CodeAnt; this package sends no request to it. Optional.
	ProviderURL string `json:"provider_url,omitempty"`
}

// Validate returns nil if r is valid, and otherwise an ErrInvalidRequest that names the first invalid field. Every method
// that takes a Revision validates it before sending anything.
func (r Revision) Validate() error {
	if err := r.Provider.validate(); err != nil {
		return err
	}
	if err := validateRepo(r.Repo); err != nil {
		return err
	}
	if err := validateCommit(r.Commit); err != nil {
		return err
	}
	if err := validateText("branch", r.Branch); err != nil {
		return err
	}
	return validateProviderURL(r.ProviderURL)
}

func validateRepo(repo string) error {
	const want = "use owner/repository, as in the repository's address"
	if repo == "" {
		return invalid("repo", "", "is missing", want)
	}
	if err := validateText("repo", repo); err != nil {
		return err
	}
	switch {
	case strings.Contains(repo, "://"):
		return invalid("repo", repo, "is a URL", want)
	case strings.TrimSpace(repo) != repo:
		return invalid("repo", repo, "has white space around it", want)
	case strings.HasPrefix(repo, "/"), strings.HasSuffix(repo, "/"), strings.Contains(repo, "//"), !strings.Contains(repo, "/"):
		return invalid("repo", repo, "has no owner or no name", want)
	}
	return nil
}

func validateCommit(commit string) error {
	const want = "use the full hash of the commit, as git rev-parse HEAD prints it"
	if commit == "" {
		return invalid("commit", "", "is missing", want)
	}
	if len(commit) < 7 || len(commit) > 64 || strings.Trim(commit, "0123456789abcdefABCDEF") != "" {
		return invalid("commit", commit, "is not 7 to 64 hexadecimal digits", want)
	}
	return nil
}

func validateProviderURL(raw string) error {
	if raw == "" {
		return nil
	}
	u, err := origin.Parse(raw)
	if err != nil {
		return invalid("provider URL", raw, "is unusable: "+err.Error(), "use the provider's address, such as https://github.example.com")
	}
	if u.RawQuery != "" {
		return invalid("provider URL", raw, "has a query", "use the provider's address, such as https://github.example.com")
	}
	return nil
}
