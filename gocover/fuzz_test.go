package gocover_test

import (
	"bytes"
	"encoding/xml"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant/gocover"
	"github.com/codeant-sdk/codeant/internal/report"
)

func FuzzCobertura(f *testing.F) {
	profile, err := os.ReadFile("testdata/count.out")
	require.NoError(f, err)
	f.Add(string(profile), "example.com/shop", "services/shop")
	f.Add("mode: set\nm/a.go:1.1,3.2 2 1\n", "m", "")
	f.Add("m/a.go:1.1,3.2 2 1\nmode: count\r\n", "m/", "..")
	f.Add("mode: set\nm/\x01\xff<.go:1.1,3.2 2 1\n", "m", "/")
	f.Fuzz(func(t *testing.T, profile, module, dir string) {
		var out bytes.Buffer
		if err := gocover.Cobertura(&out, strings.NewReader(profile), module, dir); err != nil {
			require.True(t, strings.HasPrefix(err.Error(), "gocover: "), err)
			require.Empty(t, out.String())
			return
		}
		var parsed coverage
		require.NoError(t, xml.Unmarshal(out.Bytes(), &parsed))
		require.Empty(t, parsed.Rest)
		format, err := report.Detect(&out)
		require.NoError(t, err)
		require.Equal(t, report.Cobertura, format)
	})
}
