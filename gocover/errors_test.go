package gocover_test

import (
	"bytes"
	"errors"
	"io"
	"math"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"

	"github.com/codeant-sdk/codeant/gocover"
)

func TestABadProfileIsRefusedAndNothingWritten(t *testing.T) {
	t.Parallel()
	const block = "m/a.go:1.1,1.2 1 1\n"
	for name, tt := range map[string]struct{ profile, text string }{
		"empty":               {"", "gocover: the profile is empty; check that the tests ran and that -coverpkg matches a package"},
		"a mode line alone":   {"mode: set\n", "gocover: the profile is empty; check that the tests ran and that -coverpkg matches a package"},
		"mixed modes":         {"mode: set\n" + block + "mode: count\n", "gocover: the profile mixes the modes set and count, whose counts cannot be added up; run all tests with one -covermode"},
		"count and atomic":    {"mode: atomic\n" + block + "mode: count\n", "gocover: the profile mixes the modes atomic and count, whose counts cannot be added up; run all tests with one -covermode"},
		"unknown mode":        {"mode: branch\n" + block, `gocover: the mode "branch" is not set, count or atomic; give the file that go test -coverprofile wrote`},
		"no mode":             {"mode: \n" + block, `gocover: the mode "" is not set, count or atomic; give the file that go test -coverprofile wrote`},
		"no profile":          {"<xml/>\n", `gocover: the profile cannot be read: line "<xml/>" doesn't match expected format: couldn't find a   before Count`},
		"cut off":             {"mode: set\n" + block + "m/a.go:2.1,2", `gocover: the profile cannot be read: line "m/a.go:2.1,2" doesn't match expected format: couldn't find a   before Count`},
		"a long line":         {"mode: set\n" + strings.Repeat("m", 5000), "gocover: line 2 is too long for a cover profile; give the file that go test -coverprofile wrote"},
		"two versions":        {"mode: set\n" + block + "m/a.go:1.1,1.2 2 1\n", "gocover: the profile cannot be read: inconsistent NumStmt: changed from 1 to 2"},
		"another module":      {"mode: set\nother/a.go:1.1,1.2 1 1\n", `gocover: the file "other/a.go" is not in the module "m"; give the module path of that file's go.mod, or leave the file out with -coverpkg`},
		"the same beginning":  {"mode: set\nmm/a.go:1.1,1.2 1 1\n", `gocover: the file "mm/a.go" is not in the module "m"; give the module path of that file's go.mod, or leave the file out with -coverpkg`},
		"out of the module":   {"mode: set\nm/../a.go:1.1,1.2 1 1\n", `gocover: the profile is damaged: "m/../a.go" is not the name of a Go file; run the tests again`},
		"the module itself":   {"mode: set\nm/.:1.1,1.2 1 1\n", `gocover: the profile is damaged: "m/." is not the name of a Go file; run the tests again`},
		"two spellings":       {"mode: set\n" + block + "m//a.go:1.1,1.2 1 1\n", `gocover: the profile is damaged: "m//a.go" is not the name of a Go file; run the tests again`},
		"an absurd line":      {"mode: set\nm/a.go:1.1,99999999.2 1 1\n", `gocover: the profile is damaged: the file "m/a.go" cannot have a line 99999999; run the tests again`},
		"line 0":              {"mode: set\nm/a.go:0.1,1.2 1 1\n", `gocover: the profile is damaged: the file "m/a.go" cannot have a line 0; run the tests again`},
		"a sum too large":     {"mode: count\n" + block + "m/a.go:1.1,1.2 1 " + strconv.Itoa(math.MaxInt) + "\n", `gocover: the profile is damaged: the counts of line 1 of the file "m/a.go" are too large to add up; run the tests again`},
		"a sum of strangers":  {"mode: count\n" + block + "m/a.go:1.1,2.2 1 1\nm/a.go:1.1,1.2 1 " + strconv.Itoa(math.MaxInt) + "\n", `gocover: the profile is damaged: the counts of line 1 of the file "m/a.go" are too large to add up; run the tests again`},
		"the last file alone": {"mode: set\n" + block + "other/a.go:1.1,1.2 1 1\n", `gocover: the file "other/a.go" is not in the module "m"; give the module path of that file's go.mod, or leave the file out with -coverpkg`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			assert.EqualError(t, gocover.Cobertura(&out, strings.NewReader(tt.profile), "m", ""), tt.text)
			assert.Empty(t, out.String())
		})
	}
}

func TestABadModuleIsRefused(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ module, dir, text string }{
		"no path":             {"", "", "gocover: the module path is missing; it is in the module line of go.mod"},
		"above the root":      {"m", "../shop", `gocover: the module directory "../shop" is not in the repository; give it relative to the repository's root`},
		"above it by detours": {"m", "shop/../..", `gocover: the module directory "shop/../.." is not in the repository; give it relative to the repository's root`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			assert.EqualError(t, gocover.Cobertura(&out, strings.NewReader("mode: set\nm/a.go:1.1,1.2 1 1\n"), tt.module, tt.dir), tt.text)
			assert.Empty(t, out.String())
		})
	}
}

func TestNothingIsWrittenBeforeTheProfileWasReadWhole(t *testing.T) {
	t.Parallel()
	broken := errors.New("disk on fire")
	profile := io.MultiReader(strings.NewReader("mode: set\nm/a.go:1.1,1.2 1 1\n"), iotest.ErrReader(broken))
	var out bytes.Buffer
	err := gocover.Cobertura(&out, profile, "m", "")
	assert.EqualError(t, err, "gocover: the profile cannot be read: disk on fire")
	assert.ErrorIs(t, err, broken)
	assert.Empty(t, out.String())
}

type brokenWriter struct{ err error }

func (w brokenWriter) Write([]byte) (int, error) { return 0, w.err }

func TestAnErrorOfTheWriterIsReturnedAsItIs(t *testing.T) {
	t.Parallel()
	broken := errors.New("disk full")
	assert.Equal(t, broken, gocover.Cobertura(brokenWriter{broken}, strings.NewReader("mode: set\nm/a.go:1.1,1.2 1 1\n"), "m", ""))
}
