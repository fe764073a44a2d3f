// Package origin compares and checks the scheme, host and port of URLs: the boundary that a token may not cross.
package origin

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"
)

// Of returns the origin of u as "scheme://host:port", in lower case and with the effective port written out.
func Of(u *url.URL) string {
	scheme := strings.ToLower(u.Scheme)
	port := u.Port()
	if port == "" {
		switch scheme {
		case "https":
			port = "443"
		case "http":
			port = "80"
		}
	}
	return scheme + "://" + net.JoinHostPort(strings.ToLower(u.Hostname()), port)
}

// Same reports whether a and b have the same scheme, host and effective port.
func Same(a, b *url.URL) bool { return Of(a) == Of(b) }

// IsLoopback reports whether a request to host, which has no port, stays on this machine: host is "localhost" in exactly
// this spelling, or a loopback address. Other spellings and subdomains of localhost (RFC 6761) also name this machine, but
// net/http sends requests for them to the proxy in HTTP_PROXY.
func IsLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Zone() == "" && addr.Unmap().IsLoopback()
}

// Parse parses an absolute http or https URL that has a host, but no user information and no fragment. Its errors do not
// contain raw, which may hold a secret.
func Parse(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return nil, errors.New("it is not a URL")
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, errors.New("it must start with https://")
	case u.Hostname() == "":
		return nil, errors.New("it has no host")
	case u.User != nil:
		return nil, errors.New("it holds a user name or password, which does not belong there")
	case u.Fragment != "" || strings.Contains(raw, "#"):
		return nil, errors.New("it has a fragment (#…), which does not belong there")
	}
	return u, nil
}

// Secure returns an error for a plain http URL of another machine.
func Secure(u *url.URL) error {
	if u.Scheme == "https" || IsLoopback(u.Hostname()) {
		return nil
	}
	return fmt.Errorf("it is plain http to %s, which would show secrets to the network: use https://", u.Host)
}
