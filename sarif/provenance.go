package sarif

import (
	"net/url"
	"slices"
	"strings"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/internal/provider"
)

// newProvenance returns nil if the address of the repository is not known: a wrong one would be worse than none.
func newProvenance(rev codeant.Revision) []provenance {
	if rev.Validate() != nil {
		return nil
	}
	address := repositoryURI(rev)
	if address == "" {
		return nil
	}
	return []provenance{{
		RepositoryURI: address, RevisionID: rev.Commit, Branch: rev.Branch, MappedTo: artifactLocation{URIBaseID: sourceRoot},
	}}
}

// repositoryURI returns the web address of the repository of a valid revision, or for Bitbucket Data Center the address
// for git. It is empty for a name that is impossible at the provider.
func repositoryURI(rev codeant.Revision) string {
	segments := strings.Split(rev.Repo, "/")
	if slices.ContainsFunc(segments, func(s string) bool { return s == "" || s == "." || s == ".." }) {
		return ""
	}
	name := string(rev.Provider)
	public := rev.ProviderURL == "" || provider.IsPublic(name, rev.ProviderURL)
	base, repo := provider.Web(name), "/"+escapePath(rev.Repo)
	if !public {
		base = webAddress(rev.ProviderURL)
	}
	switch {
	case rev.Provider == codeant.GitHub && len(segments) == 2, rev.Provider == codeant.GitLab:
		return base + repo
	case rev.Provider == codeant.AzureDevOps && len(segments) == 3:
		return base + "/" + escapePath(segments[0]+"/"+segments[1]) + "/_git/" + escapePath(segments[2])
	case rev.Provider == codeant.Bitbucket && len(segments) == 2 && public:
		return base + repo
	case rev.Provider == codeant.Bitbucket && len(segments) == 2:
		return base + "/scm" + repo + ".git"
	}
	return ""
}

// webAddress writes a base URL in its strict form, without a slash or a question mark at its end.
func webAddress(base string) string {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" {
		return ""
	}
	strict := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, RawPath: u.RawPath}
	return strings.TrimRight(strict.String(), "/")
}
