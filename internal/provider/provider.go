// Package provider knows the addresses of the public services of the Git providers. Providers go by the values of
// codeant.Provider, which this package cannot import.
package provider

import (
	"net/url"
	"strings"
)

type service struct{ web, api string }

func serviceOf(name string) service {
	switch name {
	case "github":
		return service{"https://github.com", "https://github.com"}
	case "gitlab":
		return service{"https://gitlab.com", "https://gitlab.com"}
	case "bitbucket":
		return service{"https://bitbucket.org", "https://api.bitbucket.org/2.0"}
	case "azuredevops":
		return service{"https://dev.azure.com", "https://dev.azure.com"}
	}
	return service{}
}

// Web returns the address at which people find the provider's public service, or "" for an unknown provider.
func Web(name string) string { return serviceOf(name).web }

// API returns the address that CodeAnt's API description gives as the default of the provider's field, or "" for an
// unknown provider. Only Bitbucket's differs from Web.
func API(name string) string { return serviceOf(name).api }

// IsPublic reports whether address is that of the provider's public service, of its pages or of its API. The scheme,
// the letter case of the host, a default port and slashes at the end do not matter. A path of any other kind does: it
// may belong to a server behind a name that is spelled alike.
func IsPublic(name, address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return false
	}
	switch u.Port() {
	case "", "443", "80":
	default:
		return false
	}
	path := strings.TrimRight(u.Path, "/")
	s := serviceOf(name)
	for _, known := range []string{s.web, s.api} {
		host, knownPath, _ := strings.Cut(strings.TrimPrefix(known, "https://"), "/")
		if host != "" && strings.EqualFold(u.Hostname(), host) && (path == "" || path == "/"+knownPath) {
			return true
		}
	}
	return false
}
