package origin_test

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant/internal/origin"
)

func parse(t *testing.T, raw string) *url.URL {
	t.Helper()
	u, err := url.Parse(raw)
	require.NoError(t, err)
	return u
}

func TestOfWritesTheEffectivePortInLowerCase(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"https://api.example.com":             "https://api.example.com:443",
		"HTTPS://API.Example.COM/path?q=1":    "https://api.example.com:443",
		"https://api.example.com:443/":        "https://api.example.com:443",
		"https://api.example.com:":            "https://api.example.com:443",
		"https://api.example.com:8443":        "https://api.example.com:8443",
		"http://api.example.com":              "http://api.example.com:80",
		"http://api.example.com:443":          "http://api.example.com:443",
		"http://[::1]:8080/x":                 "http://[::1]:8080",
		"https://[2001:DB8::1]":               "https://[2001:db8::1]:443",
		"https://user:pass@api.example.com/x": "https://api.example.com:443",
	} {
		t.Run(raw, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, want, origin.Of(parse(t, raw)))
		})
	}
}

func TestSameComparesSchemeHostAndPort(t *testing.T) {
	t.Parallel()
	const home = "https://api.example.com/prefix"
	for other, want := range map[string]bool{
		"https://api.example.com":                true,
		"https://API.EXAMPLE.COM:443/elsewhere":  true,
		"http://api.example.com":                 false,
		"http://api.example.com:443":             false,
		"https://api.example.com:444":            false,
		"https://example.com":                    false,
		"https://api.example.com.evil.test":      false,
		"https://evil.test/api.example.com":      false,
		"https://api.example.com@evil.test":      false,
		"https://sub.api.example.com":            false,
		"https://api.example.com.":               false,
		"https://evil.test:443/?api.example.com": false,
	} {
		t.Run(other, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, want, origin.Same(parse(t, home), parse(t, other)))
			assert.Equal(t, want, origin.Same(parse(t, other), parse(t, home)))
		})
	}
}

func TestIsLoopbackKnowsThisMachineOnly(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]bool{
		"localhost":           true,
		"LOCALHOST":           false,
		"localhost.":          false,
		"api.localhost":       false,
		"127.0.0.1":           true,
		"127.255.255.254":     true,
		"::1":                 true,
		"::ffff:127.0.0.1":    true,
		"":                    false,
		"notlocalhost":        false,
		"localhost.evil.test": false,
		"127.0.0.1.evil.test": false,
		"0.0.0.0":             false,
		"::":                  false,
		"10.0.0.1":            false,
		"128.0.0.1":           false,
		"localhost:80":        false,
		"::ffff:10.0.0.1":     false,
	} {
		t.Run(host, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, want, origin.IsLoopback(host))
		})
	}
}

func TestParseAcceptsAbsoluteURLs(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{
		"https://api.example.com", "http://localhost:8080/prefix/", "https://bucket.example.com/key?X-Amz-Signature=abc%2B",
		"https://[::1]:8443/",
	} {
		t.Run(raw, func(t *testing.T) {
			t.Parallel()
			u, err := origin.Parse(raw)
			require.NoError(t, err)
			assert.Equal(t, raw, u.String())
		})
	}
}

func TestParseSaysWhatIsWrongWithoutRepeatingIt(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"":                                  "it must start with https://",
		"secret":                            "it must start with https://",
		"//secret.example.com":              "it must start with https://",
		"ftp://secret.example.com":          "it must start with https://",
		"https://":                          "it has no host",
		"https:///secret":                   "it has no host",
		"https://:443/secret":               "it has no host",
		"https:secret":                      "it has no host",
		"https://secret@example.com":        "it holds a user name or password, which does not belong there",
		"https://user:secret@example.com":   "it holds a user name or password, which does not belong there",
		"https://example.com/#secret":       "it has a fragment (#…), which does not belong there",
		"https://example.com/#":             "it has a fragment (#…), which does not belong there",
		"https://example.com/%zzsecret":     "it is not a URL",
		"https://example.com:secret/":       "it is not a URL",
		"https://example.com/\x00secret":    "it is not a URL",
		"https://exa mple.com/?sig=secret":  "it is not a URL",
		"https://[::1/secret":               "it is not a URL",
		"\thttps://example.com/?sig=secret": "it is not a URL",
	} {
		t.Run(raw, func(t *testing.T) {
			t.Parallel()
			u, err := origin.Parse(raw)
			assert.Nil(t, u)
			assert.EqualError(t, err, want)
		})
	}
}

func TestSecureRefusesPlainHTTPToOtherMachines(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"https://api.example.com":                 "",
		"http://localhost:8080":                   "",
		"http://127.0.0.1":                        "",
		"http://[::1]:80":                         "",
		"http://api.example.com:8080/x?sig=hush":  "it is plain http to api.example.com:8080, which would show secrets to the network: use https://",
		"http://localhost.evil.test":              "it is plain http to localhost.evil.test, which would show secrets to the network: use https://",
		"http://user:hush@api.example.com/secret": "it is plain http to api.example.com, which would show secrets to the network: use https://",
	} {
		t.Run(raw, func(t *testing.T) {
			t.Parallel()
			err := origin.Secure(parse(t, raw))
			if want == "" {
				require.NoError(t, err)
				return
			}
			assert.EqualError(t, err, want)
		})
	}
}
