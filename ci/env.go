package ci

import (
	"strconv"
	"strings"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/internal/redact"
)

// env is the environment that is read.
type env struct {
	lookup   func(string) (string, bool)
	readFile func(string) ([]byte, error)
	forced   codeant.Provider // what CODEANT_PROVIDER says
}

// get returns the variable without the white space around it; "" where it is not set.
func (e env) get(name string) string {
	if e.lookup == nil {
		return ""
	}
	v, _ := e.lookup(name)
	v = strings.TrimSpace(v)
	if isMacro(v) {
		return ""
	}
	return v
}

// isMacro reports whether v is "$(Name)". Azure Pipelines leaves the macro of a variable that does not exist as it
// stands (Azure Pipelines, "Define variables"). A shell's "$(git rev-parse HEAD)" has a space in it and is none.
func isMacro(v string) bool {
	name, ok := strings.CutPrefix(v, "$(")
	if !ok {
		return false
	}
	name, ok = strings.CutSuffix(name, ")")
	return ok && !strings.ContainsAny(name, " \t()")
}

// on reports whether the variable is set to anything but no.
func (e env) on(name string) bool {
	switch strings.ToLower(e.get(name)) {
	case "", "false", "0", "no", "off":
		return false
	}
	return true
}

// first returns the first of the variables that is set.
func (e env) first(names ...string) value {
	for _, name := range names {
		if v := e.get(name); v != "" {
			return value{text: v, source: name}
		}
	}
	return value{}
}

// needed is first, with an error where none is set.
func (e env) needed(mend string, names ...string) value {
	v := e.first(names...)
	if v.text == "" {
		v.err = wrong(list(names) + " not set; " + mend)
	}
	return v
}

// commit is the first of the variables that is set, provided that it is a whole hash. A later one never stands in for
// one that is no hash: it may be another commit.
func (e env) commit(names ...string) value {
	v := e.needed(mendCommit, names...)
	if v.err == nil && !isHash(v.text) {
		v.err = wrong(v.source + " " + printed(v.text) + " is no whole commit hash of 40 or 64 digits; " + mendCommit)
	}
	return v
}

// branch is the first of the variables that is set, without refs/heads/. A ref of another kind is no branch.
func (e env) branch(names ...string) value {
	v := e.first(names...)
	v.text = strings.TrimPrefix(v.text, "refs/heads/")
	if v.text == "" || v.text == "HEAD" || strings.HasPrefix(v.text, "refs/") {
		return value{}
	}
	return v
}

// number is the first of the variables that holds the number of a pull request.
func (e env) number(names ...string) (n int, source string) {
	for _, name := range names {
		if n := pullNumber(e.get(name)); n > 0 {
			return n, name
		}
	}
	return 0, ""
}

// pullNumber reads a pull request's number; anything else, such as "false", "null" or "", is 0.
func pullNumber(s string) int {
	if len(s) > 9 || strings.Trim(s, "0123456789") != "" {
		return 0
	}
	n, _ := strconv.Atoi(s)
	return n
}

// pullRef reads the number from refs/pull/7/merge and its like.
func pullRef(ref string) int {
	for _, prefix := range []string{"refs/pull/", "refs/pull-requests/", "refs/merge-requests/"} {
		if rest, ok := strings.CutPrefix(ref, prefix); ok {
			n, _, _ := strings.Cut(rest, "/")
			return pullNumber(n)
		}
	}
	return 0
}

// isHash reports whether s is a whole SHA-1 or SHA-256 and not git's all zeros, which means no commit.
func isHash(s string) bool {
	return (len(s) == 40 || len(s) == 64) && strings.Trim(s, "0123456789abcdefABCDEF") == "" && strings.Trim(s, "0") != ""
}

// printed is a value quoted, cut and without secrets.
func printed(s string) string { return strconv.Quote(redact.Text(s, 80)) }
