package provider_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/codeant-sdk/codeant/internal/provider"
)

func TestAddresses(t *testing.T) {
	t.Parallel()
	for name, want := range map[string][2]string{
		"github":      {"https://github.com", "https://github.com"},
		"gitlab":      {"https://gitlab.com", "https://gitlab.com"},
		"bitbucket":   {"https://bitbucket.org", "https://api.bitbucket.org/2.0"},
		"azuredevops": {"https://dev.azure.com", "https://dev.azure.com"},
		"svn":         {},
		"":            {},
	} {
		assert.Equal(t, want, [2]string{provider.Web(name), provider.API(name)}, name)
	}
}

func TestIsPublic(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, address string
		want          bool
	}{
		{"bitbucket", "https://bitbucket.org", true},
		{"bitbucket", "https://bitbucket.org/", true},
		{"bitbucket", "HTTP://BitBucket.org:80//", true},
		{"bitbucket", "https://api.bitbucket.org", true},
		{"bitbucket", "https://api.bitbucket.org/2.0", true},
		{"bitbucket", "https://api.bitbucket.org/2.0/", true},
		{"bitbucket", "https://bitbucket.org.acme.example", false},
		{"bitbucket", "https://bitbucket.org/2.0/repositories", false},
		{"bitbucket", "https://bitbucket.org:8443", false},
		{"bitbucket", "https://ada@bitbucket.org", false},
		{"bitbucket", "https://bitbucket.org?x=y", false},
		{"bitbucket", "https://github.com", false},
		{"bitbucket", "bitbucket.org", false},
		{"bitbucket", "", false},
		{"github", "https://github.com/", true},
		{"github", "https://github.com/acme", false},
		{"github", "https://ghe.acme.example", false},
		{"gitlab", "https://gitlab.com:443", true},
		{"gitlab", "https://gitlab.com/gitlab", false},
		{"azuredevops", "https://dev.azure.com/", true},
		{"azuredevops", "https://dev.azure.com/acme", false},
		{"svn", "", false},
		{"svn", "https:///", false},
		{"github", ":", false},
	} {
		assert.Equal(t, c.want, provider.IsPublic(c.name, c.address), "%s %s", c.name, c.address)
	}
}
