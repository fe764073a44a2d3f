package sarif

import (
	"cmp"
	"net/url"
	"slices"
	"strings"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"

	"github.com/codeant-sdk/codeant"
)

// newProvenance is nil where the address of the repository is not known: a wrong one would be worse than none.
func newProvenance(rev codeant.Revision) *sarif.VersionControlDetails {
	if rev.Validate() != nil {
		return nil
	}
	address := repositoryURI(rev)
	if address == "" {
		return nil
	}
	details := sarif.NewVersionControlDetails().
		WithRepositoryURI(address).
		WithRevisionID(rev.Commit).
		WithMappedTo(sarif.NewArtifactLocation().WithURIBaseID(sourceRoot))
	if rev.Branch != "" {
		details.WithBranch(rev.Branch)
	}
	return details
}

// repositoryURI is where a browser finds the repository of a valid revision, or for Bitbucket Data Center, where git
// does. It is empty for a name that is not in the manner of the provider.
func repositoryURI(rev codeant.Revision) string {
	segments := strings.Split(rev.Repo, "/")
	if slices.ContainsFunc(segments, func(s string) bool { return s == "" || s == "." || s == ".." }) {
		return ""
	}
	base, repo := webAddress(rev.ProviderURL), "/"+escapePath(rev.Repo)
	switch {
	case rev.Provider == codeant.GitHub && len(segments) == 2:
		return cmp.Or(base, "https://github.com") + repo
	case rev.Provider == codeant.GitLab:
		return cmp.Or(base, "https://gitlab.com") + repo
	case rev.Provider == codeant.AzureDevOps && len(segments) == 3:
		project, name := escapePath(segments[0]+"/"+segments[1]), escapePath(segments[2])
		return cmp.Or(base, "https://dev.azure.com") + "/" + project + "/_git/" + name
	case rev.Provider == codeant.Bitbucket && len(segments) == 2:
		switch base {
		case "", "https://bitbucket.org", "https://api.bitbucket.org", "https://api.bitbucket.org/2.0":
			return "https://bitbucket.org" + repo
		}
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
