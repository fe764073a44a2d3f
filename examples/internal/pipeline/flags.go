package pipeline

import (
	"errors"
	"flag"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// String defines a flag with several names.
func (p *Program) String(to *string, value string, names ...string) {
	for _, name := range names {
		p.Flags.StringVar(to, name, value, "")
	}
}

// Bool defines a switch with several names.
func (p *Program) Bool(to *bool, names ...string) {
	for _, name := range names {
		p.Flags.BoolVar(to, name, false, "")
	}
}

// maxSeconds is a week. A larger number is a mistake, such as milliseconds, and could overflow.
const maxSeconds = 7 * 24 * 60 * 60

// Seconds defines a flag with several names that takes a number of seconds.
func (p *Program) Seconds(to *time.Duration, value int, names ...string) {
	*to = time.Duration(value) * time.Second
	for _, name := range names {
		p.Flags.Func(name, "", func(s string) error {
			n, err := strconv.Atoi(s)
			if err != nil || n <= 0 || n > maxSeconds {
				return fmt.Errorf("must be a whole number of seconds from 1 to %d (a week)", maxSeconds)
			}
			*to = time.Duration(n) * time.Second
			return nil
		})
	}
}

// Strings defines a flag with several names that may be repeated.
func (p *Program) Strings(to *[]string, names ...string) {
	for _, name := range names {
		p.Flags.Func(name, "", func(s string) error { *to = append(*to, s); return nil })
	}
}

// Words defines a flag that takes a comma-separated list and may be repeated.
func (p *Program) Words(to *[]string, name string) {
	p.Flags.Func(name, "", func(s string) error {
		for word := range strings.SplitSeq(s, ",") {
			if word = strings.TrimSpace(word); word != "" {
				*to = append(*to, word)
			}
		}
		return nil
	})
}

// Parse parses the command line. It reports false if the program must end at once with the returned code.
func (p *Program) Parse() (int, bool) {
	err := p.Flags.Parse(p.Args)
	p.say.hide(p.Token)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(p.Stdout, p.Usage)
		return ExitSuccess, false
	case (err != nil || p.Flags.NArg() > 0) && p.jsonFile == "":
		p.jsonFile = p.valueOf("json") // it may come after the mistake
	}
	switch {
	case err != nil:
		return p.End(UsageError(p.flagError(err) + "; see -h")), false
	case p.Flags.NArg() > 0:
		return p.End(UsageError(fmt.Sprintf("%q does not belong to a flag; see -h", p.Flags.Arg(0)))), false
	}
	return 0, true
}

// likeFlag matches names of flags and never a token.
var likeFlag = regexp.MustCompile(`^([a-z]{2,12}|[a-z]+(-[a-z]+){1,3})$`)

// flagError rewrites an error of package flag without the value, which may be a misplaced token.
func (p *Program) flagError(err error) string {
	text := err.Error()
	if name, ok := strings.CutPrefix(text, "flag provided but not defined: -"); ok {
		// With getopts the value may follow directly: -tTOKEN.
		if short := name[:1]; len(name) > 1 && p.Flags.Lookup(short) != nil && !likeFlag.MatchString(name) {
			return fmt.Sprintf("unknown flag that begins with -%s; separate a flag and its value (-%s VALUE)", short, short)
		}
		return "unknown flag -" + name
	}
	if _, after, ok := strings.Cut(text, " for "); ok && strings.HasPrefix(text, "invalid ") {
		name, why, _ := strings.Cut(strings.TrimPrefix(after, "flag "), ": ")
		if why == "parse error" {
			why = "is a switch; it takes true or false"
		}
		return name + " " + why
	}
	return strings.Replace(text, "flag needs an argument: ", "missing value after ", 1)
}

// valueOf returns the value of a flag on a command line that package flag refused. The mistake may come before the
// flag. It skips the values of other flags, unless a flag is in the place of a value, which was then forgotten.
func (p *Program) valueOf(name string) string {
	for args := p.Args; len(args) > 0; {
		flagName, value, attached := p.flagOf(args[0])
		if args[0] == "--" {
			return ""
		}
		args = args[1:]
		known := p.Flags.Lookup(flagName)
		if known != nil && !attached && !isSwitch(known) && len(args) > 0 {
			next, _, _ := p.flagOf(args[0])
			if p.Flags.Lookup(next) == nil {
				value, args = args[0], args[1:]
			}
		}
		if flagName == name {
			return value
		}
	}
	return ""
}

// flagOf splits a word of the command line that is a flag.
func (p *Program) flagOf(word string) (name, value string, attached bool) {
	name, ok := strings.CutPrefix(word, "-")
	if !ok {
		return "", "", false
	}
	return strings.Cut(strings.TrimPrefix(name, "-"), "=")
}

func isSwitch(f *flag.Flag) bool {
	b, ok := f.Value.(interface{ IsBoolFlag() bool })
	return ok && b.IsBoolFlag()
}

// Fallback sets a value that no flag set from an environment variable. The scripts do so by accident, and some jobs
// rely on it.
func (p *Program) Fallback(to *string, name string) {
	if *to == "" {
		*to = p.get(name)
	}
}
