package pipeline

import (
	"bytes"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

const token = "cdt_0123456789abcdef"

// parse runs the command line of a program with a few flags.
func parse(args ...string) (code int, goOn bool, p *Program, errs string) {
	var out, err bytes.Buffer
	p = New(Env{Args: args, Lookup: func(string) (string, bool) { return "", false }, Stdout: &out, Stderr: &err}, "program", "", "t", "access-token")
	p.RevisionFlags("s", "service")
	var (
		files   []string
		noWait  bool
		timeout time.Duration
	)
	p.Strings(&files, "f")
	p.String(&p.Branch, "", "b")
	p.Bool(&noWait, "n")
	p.Seconds(&timeout, 300, "timeout")
	code, goOn = p.Parse()
	return code, goOn, p, err.String()
}

func TestMistakesOnTheCommandLineAreNamedWithoutAToken(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"-x"}, "unknown flag -x; see -h"},
		{[]string{"-t" + token}, "unknown flag that begins with -t; separate a flag and its value (-t VALUE); see -h"},
		{[]string{"-t9f8e7d6c5b4a39f8e7d6c5b4a3"}, "unknown flag that begins with -t; separate a flag and its value (-t VALUE); see -h"},
		{[]string{"-x" + token}, "unknown flag -xcdt_•••• see -h"},
		{[]string{token}, `"cdt_•••• does not belong to a flag; see -h`},
		{[]string{"-timeout", token}, "-timeout must be a whole number of seconds from 1 to 604800 (a week); see -h"},
		{[]string{"-timeout", "9223372037"}, "-timeout must be a whole number of seconds from 1 to 604800 (a week); see -h"},
		{[]string{"-timeout", "99999999999999999999"}, "-timeout must be a whole number of seconds from 1 to 604800 (a week); see -h"},
		{[]string{"-timeout", "0"}, "-timeout must be a whole number of seconds from 1 to 604800 (a week); see -h"},
		{[]string{"-timeout", "5m"}, "-timeout must be a whole number of seconds from 1 to 604800 (a week); see -h"},
		{[]string{"-n=" + token}, "-n is a switch; it takes true or false; see -h"},
		{[]string{"-b"}, "missing value after -b; see -h"},
	} {
		code, goOn, _, errs := parse(tt.args...)
		assert.Equal(t, 2, code)
		assert.False(t, goOn)
		assert.Equal(t, "program: "+tt.want+"\n", errs, "%q", tt.args)
	}
	_, goOn, _, _ := parse("-timeout", "604800")
	assert.True(t, goOn)
}

// The word json as the value of another flag once made a program overwrite what came after it.
func TestOnlyTheFlagJSONNamesItsFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "o.json")
	for _, tt := range []struct {
		want string
		args []string
	}{
		{"", []string{"-f", "a.xml", "-b", "json", "b.xml"}},
		{"", []string{"-b=json", "b.xml"}},
		{"", []string{"json", "b.xml"}},
		{"", []string{"-x", "--", "-json", "b.xml"}},
		{file, []string{"-x", "-json", file}},
		{file, []string{"-x", "value", "--json=" + file}},
		{file, []string{"-b", "json", "word", "-json", file}},
		{file, []string{"-timeout", "0", "-n", "-json", file}},
		{file, []string{"-b", "-json", file}},
	} {
		_, _, p, _ := parse(tt.args...)
		assert.Equal(t, tt.want, p.valueOf("json"), "%q", tt.args)
	}
}
