// Package provider has the addresses of the Git providers' public services. A provider is named by its value of
// codeant.Provider, a type that this package cannot import.
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

// Web returns the address of the provider's web site, or "" for an unknown provider.
func Web(name string) string { return serviceOf(name).web }

// API returns the default address of the provider in CodeAnt's API description, or "" for an unknown provider. It differs
// from Web only for Bitbucket.
func API(name string) string { return serviceOf(name).api }

// IsPublic reports whether address is the web site or the API of the provider's public service. The scheme, the letter case
// of the host, a default port and trailing slashes do not matter. An address with any other path is not public.
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
