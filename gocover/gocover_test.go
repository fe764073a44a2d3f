package gocover_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/gocover"
)

func convert(t *testing.T, profile, module, dir string) string {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, gocover.Cobertura(&out, strings.NewReader(profile), module, dir))
	return out.String()
}

func TestARealProfileBecomesCoberturaThatIsRecognised(t *testing.T) {
	t.Parallel()
	profile, err := os.ReadFile("testdata/count.out")
	require.NoError(t, err)
	got := convert(t, string(profile), "example.com/shop", "services/shop")
	assert.Equal(t, `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE coverage SYSTEM "http://cobertura.sourceforge.net/xml/coverage-04.dtd">
<coverage line-rate="0.7" lines-covered="7" lines-valid="10" branch-rate="0" branches-covered="0" branches-valid="0" complexity="0" version="gocover" timestamp="0">
  <sources>
    <source>.</source>
  </sources>
  <packages>
    <package name="services/shop" line-rate="0" branch-rate="0" complexity="0">
      <classes>
        <class name="ship.go" filename="services/shop/ship.go" line-rate="0" branch-rate="0" complexity="0">
          <methods></methods>
          <lines>
            <line number="4" hits="0"></line>
          </lines>
        </class>
      </classes>
    </package>
    <package name="services/shop/cart" line-rate="0.7777777777777778" branch-rate="0" complexity="0">
      <classes>
        <class name="cart.go" filename="services/shop/cart/cart.go" line-rate="0.7777777777777778" branch-rate="0" complexity="0">
          <methods></methods>
          <lines>
            <line number="4" hits="1"></line>
            <line number="5" hits="1"></line>
            <line number="6" hits="0"></line>
            <line number="7" hits="0"></line>
            <line number="8" hits="1"></line>
            <line number="9" hits="3"></line>
            <line number="10" hits="3"></line>
            <line number="11" hits="3"></line>
            <line number="12" hits="1"></line>
          </lines>
        </class>
      </classes>
    </package>
  </packages>
</coverage>
`, got)
	format, err := codeant.DetectReportFormat(strings.NewReader(got))
	require.NoError(t, err)
	assert.Equal(t, codeant.FormatCobertura, format)
}

// hits reads a report back: file name to line to hits.
func hits(t *testing.T, report string) map[string]map[int]int {
	t.Helper()
	var parsed struct {
		Classes []struct {
			Filename string `xml:"filename,attr"`
			Lines    []struct {
				Number int `xml:"number,attr"`
				Hits   int `xml:"hits,attr"`
			} `xml:"lines>line"`
		} `xml:"packages>package>classes>class"`
	}
	require.NoError(t, xml.Unmarshal([]byte(report), &parsed))
	all := map[string]map[int]int{}
	for _, class := range parsed.Classes {
		all[class.Filename] = map[int]int{}
		for _, line := range class.Lines {
			all[class.Filename][line.Number] = line.Hits
		}
	}
	return all
}

func TestLinesCountAsTheirMostFrequentBlock(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		profile string
		want    map[string]map[int]int
	}{
		"set":                               {"mode: set\nm/a.go:1.1,3.2 2 1\nm/a.go:3.3,4.2 1 0\n", map[string]map[int]int{"a.go": {1: 1, 2: 1, 3: 1, 4: 0}}},
		"count":                             {"mode: count\nm/a.go:1.1,2.2 2 7\nm/a.go:2.3,2.9 1 3\n", map[string]map[int]int{"a.go": {1: 7, 2: 7}}},
		"atomic":                            {"mode: atomic\nm/a.go:1.1,1.2 1 4000000000\n", map[string]map[int]int{"a.go": {1: 4000000000}}},
		"a block without statements":        {"mode: set\nm/a.go:1.1,2.2 0 1\nm/a.go:2.2,3.1 1 0\n", map[string]map[int]int{"a.go": {2: 0, 3: 0}}},
		"a set block twice":                 {"mode: set\nm/a.go:1.1,1.2 1 0\nm/a.go:1.1,1.2 1 1\n", map[string]map[int]int{"a.go": {1: 1}}},
		"a count block twice":               {"mode: count\nm/a.go:1.1,1.2 1 2\nm/a.go:1.1,1.2 1 3\n", map[string]map[int]int{"a.go": {1: 5}}},
		"profiles put together":             {"mode: set\nm/a.go:1.1,1.2 1 1\nmode: set\nm/b/b.go:1.1,1.2 1 0\n", map[string]map[int]int{"a.go": {1: 1}, "b/b.go": {1: 0}}},
		"profiles without their mode lines": {"m/a.go:1.1,1.2 1 1\n\nm/b/b.go:1.1,1.2 1 2\n", map[string]map[int]int{"a.go": {1: 1}, "b/b.go": {1: 2}}},
		"CRLF and a byte order mark":        {"\ufeffmode: set\r\nm/a.go:1.1,1.2 1 1\r\n", map[string]map[int]int{"a.go": {1: 1}}},
		"awkward names":                     {"mode: set\nm/a <&\">.go:1.1,1.2 1 1\n", map[string]map[int]int{`a <&">.go`: {1: 1}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := convert(t, tt.profile, "m", "")
			assert.Equal(t, tt.want, hits(t, got))
			assert.Equal(t, got, convert(t, tt.profile, "m", "."), "equal input gives equal output")
		})
	}
}

func TestNamesAreRelativeToTheRepository(t *testing.T) {
	t.Parallel()
	for dir, want := range map[string]string{"": "x/a.go", ".": "x/a.go", "services/api": "services/api/x/a.go", "./services/api/": "services/api/x/a.go", "/builds/shop": "x/a.go"} {
		got := hits(t, convert(t, "mode: set\nexample.com/m/x/a.go:1.1,1.2 1 1\n", "example.com/m", dir))
		assert.Contains(t, got, want, dir)
	}
}

func TestABadProfileIsRefusedAndNothingWritten(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ profile, module, text string }{
		"empty":              {"", "m", "gocover: the profile is empty; did the tests run?"},
		"mode line alone":    {"mode: set\n", "m", "gocover: the profile is empty; did the tests run?"},
		"mixed":              {"mode: set\nm/a.go:1.1,1.2 1 1\nmode: count\n", "m", `gocover: the profile mixes the modes "set" and "count", whose counts cannot be added up; run all tests with one -covermode`},
		"unknown mode":       {"mode: branch\nm/a.go:1.1,1.2 1 1\n", "m", `gocover: the mode "branch" is not set, count or atomic`},
		"outside the module": {"mode: set\nother/a.go:1.1,1.2 1 1\n", "m", `gocover: the file "other/a.go" is not in the module "m"; give the path in the first line of its go.mod, or measure less with -coverpkg`},
		"out of the module":  {"mode: set\nm/../a.go:1.1,1.2 1 1\n", "m", `gocover: the file "m/../a.go" is not in the module "m"; give the path in the first line of its go.mod, or measure less with -coverpkg`},
		"absurd lines":       {"mode: set\nm/a.go:1.1,99999999.2 1 1\n", "m", `gocover: the file "m/a.go" has a line 99999999 in the profile, which is damaged`},
		"no module":          {"mode: set\nm/a.go:1.1,1.2 1 1\n", "", "gocover: the module path is missing; it stands in the first line of go.mod"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			assert.EqualError(t, gocover.Cobertura(&out, strings.NewReader(tt.profile), tt.module, ""), tt.text)
			assert.Empty(t, out.String())
		})
	}
	var out bytes.Buffer
	assert.ErrorContains(t, gocover.Cobertura(&out, strings.NewReader("<xml/>\n"), "m", ""), "gocover: the profile cannot be read: ")
	broken := errors.New("disk on fire")
	assert.ErrorIs(t, gocover.Cobertura(&out, iotest.ErrReader(broken), "m", ""), broken)
	assert.Empty(t, out.String())
}

func FuzzCobertura(f *testing.F) {
	f.Add("mode: set\nm/a.go:1.1,3.2 2 1\n")
	f.Add("m/a.go:1.1,3.2 2 1\nmode: count\n")
	f.Fuzz(func(t *testing.T, profile string) {
		var out bytes.Buffer
		if err := gocover.Cobertura(&out, strings.NewReader(profile), "m", ""); err != nil {
			if out.Len() > 0 {
				t.Fatal("something was written")
			}
			return
		}
		if xml.Unmarshal(out.Bytes(), new(struct{ XMLName xml.Name })) != nil {
			t.Fatalf("no XML: %q", out.String())
		}
	})
}
