package gocover_test

import (
	"bytes"
	"encoding/xml"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant/gocover"
	"github.com/codeant-sdk/codeant/internal/report"
)

// These mirror the whole of a report, so that a comparison leaves nothing out.
type (
	coverage struct {
		XMLName         xml.Name  `xml:"coverage"`
		LineRate        string    `xml:"line-rate,attr"`
		BranchRate      string    `xml:"branch-rate,attr"`
		Complexity      string    `xml:"complexity,attr"`
		LinesCovered    int       `xml:"lines-covered,attr"`
		LinesValid      int       `xml:"lines-valid,attr"`
		BranchesCovered int       `xml:"branches-covered,attr"`
		BranchesValid   int       `xml:"branches-valid,attr"`
		Version         string    `xml:"version,attr"`
		Timestamp       string    `xml:"timestamp,attr"`
		Sources         []string  `xml:"sources>source"`
		Packages        []pkg     `xml:"packages>package"`
		Rest            []anyNode `xml:",any"`
	}
	pkg struct {
		Name       string    `xml:"name,attr"`
		LineRate   string    `xml:"line-rate,attr"`
		BranchRate string    `xml:"branch-rate,attr"`
		Complexity string    `xml:"complexity,attr"`
		Classes    []class   `xml:"classes>class"`
		Rest       []anyNode `xml:",any"`
	}
	class struct {
		Name       string    `xml:"name,attr"`
		Filename   string    `xml:"filename,attr"`
		LineRate   string    `xml:"line-rate,attr"`
		BranchRate string    `xml:"branch-rate,attr"`
		Complexity string    `xml:"complexity,attr"`
		Methods    *anyNode  `xml:"methods"`
		Lines      []line    `xml:"lines>line"`
		Rest       []anyNode `xml:",any"`
	}
	line struct {
		Number int `xml:"number,attr"`
		Hits   int `xml:"hits,attr"`
	}
	anyNode struct {
		XMLName xml.Name
		Inner   string `xml:",innerxml"`
	}
)

func newCoverage(rate string, covered, valid int, packages ...pkg) coverage {
	return coverage{
		XMLName:  xml.Name{Local: "coverage"},
		LineRate: rate, BranchRate: "0", Complexity: "0", LinesCovered: covered, LinesValid: valid,
		Version: "gocover", Timestamp: "0", Sources: []string{"."}, Packages: packages,
	}
}

func newPackage(name, rate string, classes ...class) pkg {
	return pkg{Name: name, LineRate: rate, BranchRate: "0", Complexity: "0", Classes: classes}
}

func newClass(name, filename, rate string, lines ...line) class {
	methods := &anyNode{XMLName: xml.Name{Local: "methods"}}
	return class{Name: name, Filename: filename, LineRate: rate, BranchRate: "0", Complexity: "0", Methods: methods, Lines: lines}
}

func convert(t *testing.T, profile, module, dir string) string {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, gocover.Cobertura(&out, strings.NewReader(profile), module, dir))
	return out.String()
}

func parse(t *testing.T, text string) coverage {
	t.Helper()
	var parsed coverage
	require.NoError(t, xml.Unmarshal([]byte(text), &parsed))
	return parsed
}

func TestARealProfile(t *testing.T) {
	t.Parallel()
	profile, err := os.ReadFile("testdata/count.out")
	require.NoError(t, err)

	got := convert(t, string(profile), "example.com/shop", "services/shop")

	assert.Equal(t, newCoverage("0.3333333333333333", 6, 18,
		newPackage("services/shop", "0",
			newClass("marker.go", "services/shop/marker.go", "0"),
			newClass("ship.go", "services/shop/ship.go", "0", line{4, 0}),
		),
		newPackage("services/shop/cart", "0.35294117647058826",
			newClass("cart.go", "services/shop/cart/cart.go", "0.75",
				line{4, 1}, line{5, 1}, line{6, 0}, line{7, 0}, line{8, 3}, line{9, 3}, line{10, 3}, line{11, 1}),
			newClass("line.go", "services/shop/cart/line.go", "0",
				line{4, 0}, line{5, 0}, line{6, 0}, line{7, 0}, line{8, 0}, line{9, 0}, line{10, 0}, line{11, 0}, line{12, 0}),
		),
	), parse(t, got))
	format, err := report.Detect(strings.NewReader(got))
	require.NoError(t, err)
	assert.Equal(t, report.Cobertura, format)
}

func TestLines(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		profile string
		rate    string
		covered int
		lines   []line
	}{
		"set":                           {"mode: set\nm/a.go:1.1,3.2 2 1\nm/a.go:3.3,4.2 1 0\n", "0.75", 3, []line{{1, 1}, {2, 1}, {3, 1}, {4, 0}}},
		"count":                         {"mode: count\nm/a.go:1.1,2.2 2 7\nm/a.go:2.3,2.9 1 3\n", "1", 2, []line{{1, 7}, {2, 7}}},
		"atomic":                        {"mode: atomic\nm/a.go:1.1,1.2 1 40000\n", "1", 1, []line{{1, 40000}}},
		"a block without statements":    {"mode: set\nm/a.go:1.1,2.2 0 1\nm/a.go:2.2,3.1 1 0\n", "0", 0, []line{{2, 0}, {3, 0}}},
		"no statements at all":          {"mode: set\nm/a.go:1.1,2.2 0 1\n", "0", 0, nil},
		"a set block twice":             {"mode: set\nm/a.go:1.1,1.2 1 0\nm/a.go:1.1,1.2 1 1\nm/a.go:1.1,1.2 1 1\n", "1", 1, []line{{1, 1}}},
		"a count block twice":           {"mode: count\nm/a.go:1.1,1.2 1 2\nm/a.go:1.1,1.2 1 3\n", "1", 1, []line{{1, 5}}},
		"an atomic block twice":         {"mode: atomic\nm/a.go:1.1,1.2 1 2\nm/a.go:1.1,1.2 1 3\n", "1", 1, []line{{1, 5}}},
		"another between equal blocks":  {"mode: count\nm/a.go:1.1,2.2 1 2\nm/a.go:1.1,3.3 1 1\nm/a.go:1.1,2.2 1 3\n", "1", 3, []line{{1, 5}, {2, 5}, {3, 1}}},
		"another between, set":          {"mode: set\nm/a.go:1.1,2.2 1 1\nm/a.go:1.1,3.3 1 0\nm/a.go:1.1,2.2 1 1\n", "0.6666666666666666", 2, []line{{1, 1}, {2, 1}, {3, 0}}},
		"an end before the start":       {"mode: set\nm/a.go:100.0,8.0 1 1\n", "1", 1, []line{{100, 1}}},
		"repeated mode lines":           {"mode: set\nm/a.go:1.1,1.2 1 1\nmode: set\nm/a.go:2.1,2.2 1 0\n", "0.5", 1, []line{{1, 1}, {2, 0}}},
		"no mode lines":                 {"m/a.go:1.1,1.2 1 1\n\nm/a.go:1.1,1.2 1 2\n", "1", 1, []line{{1, 3}}},
		"a mode line only in the midst": {"m/a.go:1.1,1.2 1 1\nmode: set\nm/a.go:1.1,1.2 1 1\n", "1", 1, []line{{1, 1}}},
		"CRLF and a byte order mark":    {"\ufeffmode: set\r\nm/a.go:1.1,1.2 1 1\r\n", "1", 1, []line{{1, 1}}},
		"no line break at the end":      {"mode: set\nm/a.go:1.1,1.2 1 1", "1", 1, []line{{1, 1}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := newCoverage(tt.rate, tt.covered, len(tt.lines), newPackage(".", tt.rate, newClass("a.go", "a.go", tt.rate, tt.lines...)))
			assert.Equal(t, want, parse(t, convert(t, tt.profile, "m", "")))
		})
	}
}

func TestNamesAreRelativeToTheRepository(t *testing.T) {
	t.Parallel()
	for dir, want := range map[string]string{
		"":                 "x",
		".":                "x",
		"./":               "x",
		"services/api":     "services/api/x",
		"./services/api/":  "services/api/x",
		"a/../services":    "services/x",
		"/builds/shop/api": "x",
	} {
		t.Run(dir, func(t *testing.T) {
			t.Parallel()
			got := convert(t, "mode: set\nexample.com/m/x/a.go:1.1,1.2 1 1\n", "example.com/m", dir)
			assert.Equal(t, newCoverage("1", 1, 1, newPackage(want, "1", newClass("a.go", want+"/a.go", "1", line{1, 1}))), parse(t, got))
		})
	}
}

func TestAwkwardNamesAreEscaped(t *testing.T) {
	t.Parallel()
	got := convert(t, "mode: set\nm/<&\">/a b.go:1.1,1.2 1 1\n", "m/", "é")
	assert.Equal(t, newCoverage("1", 1, 1, newPackage(`é/<&">`, "1", newClass("a b.go", `é/<&">/a b.go`, "1", line{1, 1}))), parse(t, got))
}

func TestTheOrderOfTheBlocksDoesNotMatter(t *testing.T) {
	t.Parallel()
	blocks := []string{"m/b/b.go:1.1,2.2 1 1\n", "m/a.go:1.1,2.2 1 2\n", "m/a.go:1.1,3.2 1 0\n", "m/a.go:1.1,2.2 1 3\n", "m/b-c/c.go:7.1,7.9 1 0\n"}
	want := convert(t, "mode: count\n"+strings.Join(blocks, ""), "m", "")
	for i := range blocks {
		turned := strings.Join(blocks[i:], "") + strings.Join(blocks[:i], "")
		assert.Equal(t, want, convert(t, "mode: count\n"+turned, "m", ""))
	}
}
