package ci

import (
	"strconv"
	"strings"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/internal/redact"
)

// env is the environment to read.
type env struct {
	lookup    func(string) (string, bool)
	readFile  func(string) ([]byte, error)
	forced    codeant.Provider // what CODEANT_PROVIDER says
	forcedURL string           // what CODEANT_PROVIDER_URL says
}

// get returns the variable without surrounding white space, or "" if it is not set.
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

// isMacro reports whether v is "$(Name)", which is what Azure Pipelines leaves of a variable that does not exist (Azure
// Pipelines, "Define variables"). A shell's "$(git rev-parse HEAD)" has a space in it and does not count.
func isMacro(v string) bool {
	name, ok := strings.CutPrefix(v, "$(")
	if !ok {
		return false
	}
	name, ok = strings.CutSuffix(name, ")")
	return ok && !strings.ContainsAny(name, " \t()")
}

// on reports whether the variable is set to anything but a word for no.
func (e env) on(name string) bool {
	switch strings.ToLower(e.get(name)) {
	case "0", "no", "off":
		return false
	}
	return e.pullSet(name)
}

// pullSet reports whether a variable about a pull request says that there is one. A script that sets it from a missing
// value leaves a word such as "null".
func (e env) pullSet(name string) bool {
	switch strings.ToLower(e.get(name)) {
	case "", "false", "null", "undefined":
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

// needed is like first, but returns an error if none of the variables is set.
func (e env) needed(advice string, names ...string) value {
	v := e.first(names...)
	if v.text == "" {
		v.err = newProblem(list(names) + " not set; " + advice)
	}
	return v
}

// commit returns the first of the variables that is set, with an error if that is not a whole hash. It does not try the
// later variables then, because they may name another commit.
func (e env) commit(names ...string) value {
	v := e.needed(setCommit, names...)
	if v.err == nil && !isHash(v.text) {
		v.err = newProblem(v.source + " " + printed(v.text) + " is not a whole commit hash of 40 or 64 digits; " + setCommit)
	}
	return v
}

// branch returns the first of the variables that is set, without refs/heads/. Other refs are not branches.
func (e env) branch(names ...string) value {
	v := e.first(names...)
	v.text = strings.TrimPrefix(v.text, "refs/heads/")
	if v.text == "" || v.text == "HEAD" || strings.HasPrefix(v.text, "refs/") {
		return value{}
	}
	return v
}

// number returns the first of the variables that holds the number of a pull request.
func (e env) number(names ...string) (n int, source string) {
	for _, name := range names {
		if n := pullNumber(e.get(name)); n > 0 {
			return n, name
		}
	}
	return 0, ""
}

// pullNumber parses a pull request's number; anything else, such as "false", "null" or "", is 0.
func pullNumber(s string) int {
	if len(s) > 9 || strings.Trim(s, "0123456789") != "" {
		return 0
	}
	n, _ := strconv.Atoi(s)
	return n
}

// pullRef returns the number in a ref such as refs/pull/7/merge.
func pullRef(ref string) int {
	for _, prefix := range []string{"refs/pull/", "refs/pull-requests/", "refs/merge-requests/"} {
		if rest, ok := strings.CutPrefix(ref, prefix); ok {
			n, _, _ := strings.Cut(rest, "/")
			return pullNumber(n)
		}
	}
	return 0
}

// pullRef returns the number in a variable that holds a ref such as refs/pull/7/merge, and the variable's name.
func (e env) pullRef(name string) (int, string) {
	if n := pullRef(e.get(name)); n > 0 {
		return n, name
	}
	return 0, ""
}

// differ reports whether both variables are set and name different repositories.
func (e env) differ(a, b string) bool {
	x, y := e.get(a), e.get(b)
	return x != "" && y != "" && !strings.EqualFold(x, y)
}

// isHash reports whether s is a whole SHA-1 or SHA-256. In git, all zeros mean that there is no commit.
func isHash(s string) bool {
	return (len(s) == 40 || len(s) == 64) && strings.Trim(s, "0123456789abcdefABCDEF") == "" && strings.Trim(s, "0") != ""
}

// printed quotes a value for an error, shortened and without secrets.
func printed(s string) string { return strconv.Quote(redact.Text(s, 80)) }
