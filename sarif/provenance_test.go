package sarif_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant"
)

func TestTheRepositoryHasItsAddress(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		provider         codeant.Provider
		repo, base, want string
	}{
		{codeant.GitHub, "acme/shop", "", "https://github.com/acme/shop"},
		{codeant.GitHub, "acme/shop", "https://git.acme.example:8443/", "https://git.acme.example:8443/acme/shop"},
		{codeant.GitHub, "acme/shop", "https://git.acme.example/a b?", "https://git.acme.example/a%20b/acme/shop"},
		{codeant.GitLab, "a/b/c", "", "https://gitlab.com/a/b/c"},
		{codeant.Bitbucket, "acme/shop", "", "https://bitbucket.org/acme/shop"},
		{codeant.Bitbucket, "acme/shop", "https://api.bitbucket.org/2.0", "https://bitbucket.org/acme/shop"},
		{codeant.Bitbucket, "acme/shop", "https://bitbucket.org/", "https://bitbucket.org/acme/shop"},
		{codeant.Bitbucket, "acme/shop", "https://bitbucket.org.acme.example", "https://bitbucket.org.acme.example/scm/acme/shop.git"},
		{codeant.Bitbucket, "ACME/shop", "https://bb.acme.example", "https://bb.acme.example/scm/ACME/shop.git"},
		{codeant.AzureDevOps, "org/my project/shop", "", "https://dev.azure.com/org/my%20project/_git/shop"},

		{codeant.GitHub, "acme", "", ""},
		{codeant.GitHub, "acme/shop/more", "", ""},
		{codeant.GitHub, "acme/..", "", ""},
		{codeant.GitHub, "https://github.com/acme/shop", "", ""},
		{codeant.GitHub, "acme/shop", "https://user:secret@git.acme.example", ""},
		{codeant.GitHub, "acme/shop", "git.acme.example", ""},
		{codeant.AzureDevOps, "org/shop", "", ""},
		{"svn", "acme/shop", "", ""},
	} {
		report := reportOf()
		report.Revision = codeant.Revision{Provider: c.provider, Repo: c.repo, Commit: commit, ProviderURL: c.base}
		document := write(t, report)
		assert.NotContains(t, string(document), "secret")
		details := parse(t, document).VersionControlProvenance
		if c.want == "" {
			assert.Empty(t, details, c.repo)
			continue
		}
		requireValid(t, document)
		require.Len(t, details, 1, c.repo)
		assert.Equal(t, c.want, details[0].RepositoryURI)
		assert.Equal(t, commit, details[0].RevisionID)
		assert.Empty(t, details[0].Branch)
	}
}

func TestTheBranchIsToldWhereItIsKnown(t *testing.T) {
	t.Parallel()
	details := parse(t, write(t, reportOf())).VersionControlProvenance
	require.Len(t, details, 1)
	assert.Equal(t, "main", details[0].Branch)
}
