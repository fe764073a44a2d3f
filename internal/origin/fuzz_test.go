package origin_test

import (
	"net"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/codeant-sdk/codeant/internal/origin"
)

// FuzzParse: what is accepted has an origin that only itself has, and plain HTTP is secure on loopback alone.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"https://api.example.com", "http://127.0.0.1:1/x", "http://LOCALHOST", "http://localhost.", "http://[::1%25lo]:8", "https://u:p@x", "https://x#",
		"https://api.example.com:0443", "http://127.1", "http://0x7f.1", "http://[::ffff:127.0.0.1]", "https://é.example", "https://x:99999", "//x", "https://",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		u, err := origin.Parse(raw)
		if err != nil {
			assert.NotContains(t, err.Error(), "\n")
			return
		}
		assert.True(t, origin.Same(u, u))
		assert.Contains(t, []string{"https", "http"}, u.Scheme)
		elsewhere := *u
		elsewhere.Host = "evil." + u.Host
		assert.False(t, origin.Same(u, &elsewhere))
		other := *u
		other.Scheme = map[string]string{"https": "http", "http": "https"}[u.Scheme]
		assert.False(t, origin.Same(u, &other))
		if u.Scheme == "http" && origin.Secure(u) == nil {

			ip := net.ParseIP(u.Hostname())
			assert.True(t, ip != nil && ip.IsLoopback() || u.Hostname() == "localhost", raw)
		}
	})
}
