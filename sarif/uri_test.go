package sarif_test

import (
	"net/url"
	"path"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant"
)

func uriOf(t *testing.T, name string) string {
	t.Helper()
	place := runOf(t, codeant.Finding{Analysis: codeant.SAST, Path: name}).Results[0].Locations[0].PhysicalLocation.ArtifactLocation
	if place.URIBaseID == "" {
		assert.Equal(t, "sast", place.URI)
		return ""
	}
	assert.Equal(t, "%SRCROOT%", place.URIBaseID)
	return place.URI
}

func TestPathsBecomeRelativeURIs(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"src/cart.go":              "src/cart.go",
		"my shop/a#b?c.go":         "my%20shop/a%23b%3Fc.go",
		"100%/a%20b.go":            "100%25/a%2520b.go",
		"日本/é.go":                  "%E6%97%A5%E6%9C%AC/%C3%A9.go",
		`src\win\cart.cs`:          "src/win/cart.cs",
		"a:b/c.go":                 "a%3Ab/c.go",
		"app/(auth)/[id]/page.tsx": "app/(auth)/%5Bid%5D/page.tsx",
		"./a//b/./c.go":            "a/b/c.go",
		"a/b/../c.go":              "a/c.go",
		"/src/cart.go":             "src/cart.go",
		"//src/cart.go":            "src/cart.go",
		"..a/..b":                  "..a/..b",
		"line\nbreak":              "line%0Abreak",
		"a\xffb":                   "a%FFb",

		"": "", " ": "", ".": "", "/": "", "..": "", "../a.go": "", "a/../../b.go": "", `..\a.go`: "", "/../a.go": "",
		`C:\repo\a.cs`: "", "c:/repo/a.cs": "", "a\x00b": "",
	} {
		assert.Equal(t, want, uriOf(t, name), "%q", name)
	}
}

// requireInRepository fails unless uri is a relative reference that only has a path, which stays under the root.
func requireInRepository(t *testing.T, uri string) *url.URL {
	t.Helper()
	u, err := url.Parse(uri)
	require.NoError(t, err, "%q", uri)
	require.Equal(t, url.URL{Path: u.Path, RawPath: u.RawPath}, *u, "%q has no more than a path", uri)
	require.Equal(t, "/"+u.Path, path.Clean("/"+u.Path), "%q has no detours", uri)
	require.NotContains(t, "/"+u.Path+"/", "/../", "%q stays in the repository", uri)
	require.NotEmpty(t, u.Path)
	require.Empty(t, strings.Trim(uri, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/-._~!$&'()*+,;=@%"))
	return u
}

func FuzzURI(f *testing.F) {
	for _, seed := range []string{"src/a.go", `..\..\x`, "a:b", "C:/x", "//host/x", "%2e%2e/x", "?#[]", "\xff", "a/../..", " ", "a.go ", " a/b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		uri := uriOf(t, name)
		if uri == "" {
			return
		}
		u := requireInRepository(t, uri)
		named := strings.TrimPrefix(path.Clean("/"+strings.ReplaceAll(strings.TrimSpace(name), `\`, "/")), "/")
		require.Equal(t, named, u.Path, "the URI decodes to the path")
	})
}
