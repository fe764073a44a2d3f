package ci

import (
	"fmt"
	"strings"
	"testing"

	"github.com/codeant-sdk/codeant"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseRemote(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		raw, web string
		as       codeant.Provider
		repo     string
	}{
		{"https://github.com/acme/shop", "github.com", codeant.GitHub, "acme/shop"},
		{"https://github.com/acme/shop.git/", "github.com", codeant.GitHub, "acme/shop"},
		{"HTTPS://GitHub.com/acme/shop.git", "github.com", codeant.GitHub, "acme/shop"},
		{"https://github.com./acme/shop", "github.com", codeant.GitHub, "acme/shop"},
		{"http://github.com:80/acme/shop", "github.com", codeant.GitHub, "acme/shop"},
		{"https://github.com:443/acme/shop", "github.com", codeant.GitHub, "acme/shop"},
		{"https://hunter22@github.com/acme/shop", "github.com", codeant.GitHub, "acme/shop"},
		{"https://ada:hunter22@github.com/acme/shop", "github.com", codeant.GitHub, "acme/shop"},
		{"https://ada:hunt@er22@github.com/acme/shop", "github.com", codeant.GitHub, "acme/shop"},
		{"https://github.com/acme/shop?token=hunter22#hunter22", "github.com", codeant.GitHub, "acme/shop"},
		{"git@github.com:acme/shop.git", "github.com", codeant.GitHub, "acme/shop"},
		{"git@github.com:/acme/shop.git", "github.com", codeant.GitHub, "acme/shop"},
		{"github.com:acme/shop", "github.com", codeant.GitHub, "acme/shop"},
		{"ssh://git@github.com/acme/shop.git", "github.com", codeant.GitHub, "acme/shop"},
		{"ssh://git@ssh.github.com:443/acme/shop.git", "ssh.github.com", codeant.GitHub, "acme/shop"},
		{"git+ssh://git@github.com/acme/shop.git", "github.com", codeant.GitHub, "acme/shop"},
		{"git://github.com/acme/shop.git", "github.com", codeant.GitHub, "acme/shop"},
		{"https://ghe.acme.example:8443/acme/shop", "ghe.acme.example:8443", codeant.GitHub, "acme/shop"},
		{"ssh://git@ghe.acme.example:2222/acme/shop", "ghe.acme.example", codeant.GitHub, "acme/shop"},
		{"https://github.com/acme/.github", "github.com", codeant.GitHub, "acme/.github"},
		{"https://gitlab.com/acme/backend/eu/shop.git", "gitlab.com", codeant.GitLab, "acme/backend/eu/shop"},
		{"git@altssh.gitlab.com:acme/backend/shop.git", "altssh.gitlab.com", codeant.GitLab, "acme/backend/shop"},
		{"https://x-token-auth:hunter22@bitbucket.org/acme/shop.git", "bitbucket.org", codeant.Bitbucket, "acme/shop"},
		{"https://bitbucket.org/scm/shop.git", "bitbucket.org", codeant.Bitbucket, "scm/shop"},
		{"https://bitbucket.acme.example/scm/shop/web.git", "bitbucket.acme.example", codeant.Bitbucket, "shop/web"},
		{"ssh://git@bitbucket.acme.example:7999/shop/web.git", "bitbucket.acme.example", codeant.Bitbucket, "shop/web"},
		{"https://acme@dev.azure.com/acme/My%20Project/_git/web%20shop", "dev.azure.com", codeant.AzureDevOps, "acme/My Project/web shop"},
		{"https://dev.azure.com/acme/My Project/_git/web.git", "dev.azure.com", codeant.AzureDevOps, "acme/My Project/web.git"},
		{"https://dev.azure.com/acme/_git/web", "dev.azure.com", codeant.AzureDevOps, "acme/web/web"},
		{"git@ssh.dev.azure.com:v3/acme/My%20Project/web", "ssh.dev.azure.com", codeant.AzureDevOps, "acme/My Project/web"},
		{"acme@vs-ssh.visualstudio.com:v3/acme/Shop/web", "vs-ssh.visualstudio.com", codeant.AzureDevOps, "acme/Shop/web"},
		{"https://acme.visualstudio.com/Shop/_git/web", "acme.visualstudio.com", codeant.AzureDevOps, "acme/Shop/web"},
		{"https://acme.visualstudio.com/DefaultCollection/_git/web", "acme.visualstudio.com", codeant.AzureDevOps, "acme/web/web"},
		{"https://tfs.acme.example/tfs/Main/Shop/_git/web", "tfs.acme.example", codeant.AzureDevOps, "Main/Shop/web"},
		{"https://tfs.acme.example/Main/_git/web", "tfs.acme.example", codeant.AzureDevOps, "Main/web/web"},
	} {
		r, ok := parseRemote(tt.raw)
		require.True(t, ok, tt.raw)
		assert.Equal(t, tt.web, r.web, tt.raw)
		repo, ok := r.repo(tt.as, "")
		assert.True(t, ok, tt.raw)
		assert.Equal(t, tt.repo, repo, tt.raw)
		assert.NotContains(t, fmt.Sprintf("%+v", r), "hunter22")
	}
}

func TestParseRemoteRefuses(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{
		"", "shop", "acme/shop", "/srv/git/shop.git", "./shop", "../shop", `C:\git\shop`, "C:/git/shop", "c:shop",
		"file:///srv/git/shop.git", "ftp://github.com/acme/shop", "https://", "https:///acme/shop", "https://github.com", "https://github.com/",
		"https://git hub.com/acme/shop", "https://github.com:hunter22/acme/shop", "https://ada:hunt/er22@github.com/acme/shop",
		"https://hunter22#@github.com/acme/shop", "https://hunter22?@github.com/acme/shop", "ada:hunter22@github.com:acme/shop",
		"https://github.com/acme/../shop", "https://github.com/acme/%2e%2e", "https://github.com/acme/a%2Fb", "https://github.com/acme/%zz",
		"https://github.com/acme/shop\n", "https://github.com/acme/%0a", "https://github.com/acme/\xff", "https://github.com/acme/%20",
		"https://[::1]/acme/shop", "git@:acme/shop", "git@github.com:", "git@github.com:/",
	} {
		r, ok := parseRemote(raw)
		assert.False(t, ok, "%q gives %+v", raw, r)
	}
}

func TestRepoRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		as  codeant.Provider
		raw string
	}{
		{codeant.GitHub, "https://github.com/acme"},
		{codeant.GitHub, "https://github.com/acme/backend/shop"},
		{codeant.GitHub, "https://github.com/acme/.git"},
		{codeant.GitLab, "https://gitlab.com/shop"},
		{codeant.Bitbucket, "https://bitbucket.org/acme/backend/shop"},
		{codeant.Bitbucket, "https://bitbucket.acme.example/scm/shop"},
		{codeant.AzureDevOps, "https://dev.azure.com/_git/web"},
		{codeant.AzureDevOps, "https://dev.azure.com/acme/Shop/web"},
		{codeant.AzureDevOps, "https://dev.azure.com/acme/Shop/More/_git/web"},
		{codeant.AzureDevOps, "https://dev.azure.com/acme/Shop/_git/web/more"},
		{codeant.AzureDevOps, "https://dev.azure.com/_git"},
		{codeant.AzureDevOps, "https://a.b.visualstudio.com/Shop/_git/web"},
		{codeant.AzureDevOps, "ssh://acme@vs-ssh.visualstudio.com:22/Shop/_ssh/web"},
		{codeant.AzureDevOps, "git@ssh.dev.azure.com:v3/acme/web"},
		{codeant.AzureDevOps, "https://tfs.acme.example/_git/web"},
	} {
		r, ok := parseRemote(tt.raw)
		require.True(t, ok, tt.raw)
		repo, ok := r.repo(tt.as, "")
		assert.False(t, ok, "%s gives %s", tt.raw, repo)
	}
}

func TestWellKnown(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]codeant.Provider{
		"github.com": codeant.GitHub, "ssh.github.com": codeant.GitHub, "acme.ghe.com": codeant.GitHub,
		"gitlab.com": codeant.GitLab, "altssh.gitlab.com": codeant.GitLab,
		"bitbucket.org": codeant.Bitbucket, "altssh.bitbucket.org": codeant.Bitbucket,
		"dev.azure.com": codeant.AzureDevOps, "ssh.dev.azure.com": codeant.AzureDevOps, "acme.visualstudio.com": codeant.AzureDevOps,
		"vs-ssh.visualstudio.com": codeant.AzureDevOps,
		"github.com.acme.example": "", "notgithub.com": "", "gist.github.com": "", "github.acme.example": "", "gitlab.acme.example": "",
		"visualstudio.com": "", "ghe.com": "", "notghe.com": "",
	} {
		got, address := wellKnown(host)
		assert.Equal(t, want, got, host)
		assert.Equal(t, want == "", address == "", host)
	}
}

func TestRepoOfChange(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"https://github.com/acme/shop/pull/7":                                             "https://github.com/acme/shop",
		"https://github.com/acme/shop/pull/7/files":                                       "https://github.com/acme/shop",
		"https://github.com/acme/pull/pull/7":                                             "https://github.com/acme/pull",
		"https://gitlab.com/acme/backend/shop/-/merge_requests/7":                         "https://gitlab.com/acme/backend/shop",
		"https://gitlab.com/acme/shop/merge_requests/7":                                   "https://gitlab.com/acme/shop",
		"https://bitbucket.org/acme/shop/pull-requests/7":                                 "https://bitbucket.org/acme/shop",
		"https://dev.azure.com/acme/Shop/_git/web/pullrequest/7":                          "https://dev.azure.com/acme/Shop/_git/web",
		"https://bitbucket.acme.example/projects/SHOP/repos/web/pull-requests/7/overview": "https://bitbucket.acme.example/SHOP/web",
		"https://bitbucket.acme.example/users/ada/repos/web/pull-requests/7/overview":     "https://bitbucket.acme.example/users/ada/repos/web",
		"https://review.acme.example/c/shop/+/123":                                        "https://review.acme.example/c/shop/+/123",
	} {
		assert.Equal(t, want, repoOfChange(raw))
	}
}

// FuzzRemote: whatever the address, nothing panics, no user information comes out, and what comes out is accepted by
// every call of the client.
func FuzzRemote(f *testing.F) {
	for _, raw := range []string{
		"https://%s@github.com/acme/shop.git", "https://ada:%s@git.acme.example:8443/acme/backend/shop", "%s@github.com:acme/shop",
		"ssh://%s@ssh.dev.azure.com/v3/acme/My%%20Project/web", "https://%s@acme.visualstudio.com/_git/web", "http://%s@tfs.acme.example/tfs/c/_git/w",
		"https://a/%s@github.com/acme/shop", "https://%s#@github.com/acme/shop", "ada:%s@github.com:acme/shop", `C:\%s`, "https://%s@[::1]:1/a/b",
	} {
		f.Add(raw)
	}
	const secret = "hunter22hunter22"
	f.Fuzz(func(t *testing.T, raw string) {
		before, after, secretive := strings.Cut(raw, "%s")
		// A secret can be told from a host only where an @ follows it.
		secretive = secretive && strings.Contains(after, "@") && !strings.Contains(raw, secret[:8])
		if secretive {
			raw = before + secret + after
		}
		for _, provider := range []string{"", "github", "gitlab", "bitbucket", "azuredevops"} {
			env := map[string]string{
				"BUILDKITE": "true", "BUILDKITE_REPO": raw, "BUILDKITE_COMMIT": strings.Repeat("1", 40), "BUILDKITE_PULL_REQUEST": "7",
				"BUILDKITE_PULL_REQUEST_REPO": raw, "CODEANT_PROVIDER": provider,
			}
			b, err := DetectFrom(func(name string) (string, bool) { v, ok := env[name]; return v, ok }, nil)
			if secretive {
				assert.NotContains(t, fmt.Sprintf("%+v %v", b, err), secret)
			}
			if err != nil {
				assert.ErrorIs(t, err, codeant.ErrInvalidRequest)
				assert.NotContains(t, err.Error(), "\n")
				continue
			}
			assert.NoError(t, b.Revision.Validate())
			assert.True(t, strings.HasPrefix(b.Revision.ProviderURL, "https://"), b.Revision.ProviderURL)
		}
	})
}
