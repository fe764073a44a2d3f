package pipeline

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/ci"
)

// Program is one run of a program.
type Program struct {
	Env
	Name   string
	Usage  string // the whole text of -h
	Flags  *flag.FlagSet
	Result Result

	// What the flags say, or the script's environment variables after Parse.
	Token, TokenFile        string
	Provider, Repo, Commit  string
	Branch, ProviderURL     string
	apiURL, jsonFile        string
	allowUnavailable        bool
	skipWithoutToken, dry   bool
	tokenFlag, providerFlag string
	say                     sayer
}

// New makes a program whose token flag and provider flag are named as in the script it replaces.
func New(env Env, name, usage string, tokenFlags, providerFlags []string) *Program {
	p := &Program{Env: env, Name: name, Usage: usage, Flags: flag.NewFlagSet(name, flag.ContinueOnError), tokenFlag: "-" + tokenFlags[0], providerFlag: "-" + providerFlags[0]}
	p.Result = Result{Program: name, Version: codeant.Version}
	p.say = newSayer(env)
	p.Flags.SetOutput(io.Discard)
	p.String(&p.Token, "", tokenFlags...)
	p.String(&p.Provider, "", providerFlags...)
	p.String(&p.Repo, "", "r", "repo")
	p.String(&p.Commit, "", "c", "commit-id")
	p.String(&p.ProviderURL, "", "u", "base-url")
	p.String(&p.TokenFile, "", "token-file")
	p.String(&p.apiURL, "", "api")
	p.String(&p.jsonFile, "", "json")
	p.Flags.BoolVar(&p.allowUnavailable, "allow-unavailable", false, "")
	p.Flags.BoolVar(&p.skipWithoutToken, "skip-without-token", false, "")
	p.Flags.BoolVar(&p.dry, "dry-run", false, "")
	return p
}

// CommonHelp is the part of -h about what all programs share.
const CommonHelp = `  -token-file F  read the token from a file; "-" is standard input
  -api URL       address of the API, else CODEANT_API_URL, else https://api.codeant.ai
  -json F        write what happened as a JSON object to a file
  -dry-run       show what would be sent; needs no token
  -allow-unavailable    exit 0 with a warning if the service was down (network, 429, 5xx)
  -skip-without-token   exit 0 with a notice if there is no token, as in builds of forks
Values stand apart from their flags (-r acme/shop, not -racme/shop). What is left out is found in the environment of
the CI system (GitHub Actions, GitLab CI, Bitbucket, Azure, CircleCI, Jenkins, Buildkite, Travis CI). The token comes
from CODEANT_API_TOKEN or ACCESS_TOKEN; on the command line other processes can read it.
`

// String makes a flag of several names.
func (p *Program) String(to *string, value string, names ...string) {
	for _, name := range names {
		p.Flags.StringVar(to, name, value, "")
	}
}

// Int makes a flag of several names that takes a whole number above zero.
func (p *Program) Int(to *int, value int, names ...string) {
	*to = value
	for _, name := range names {
		p.Flags.Func(name, "", func(s string) error {
			n, err := strconv.Atoi(s)
			if err != nil || n <= 0 {
				return errors.New("it must be a whole number above 0")
			}
			*to = n
			return nil
		})
	}
}

// Strings makes a flag of several names that may be given several times.
func (p *Program) Strings(to *[]string, names ...string) {
	for _, name := range names {
		p.Flags.Func(name, "", func(s string) error { *to = append(*to, s); return nil })
	}
}

// Parse reads the command line. It reports false if the program is to end at once with the returned code.
func (p *Program) Parse() (int, bool) {
	err := p.Flags.Parse(p.Args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(p.Stdout, p.Usage)
		return ExitSuccess, false
	}
	if p.jsonFile == "" { // a flag before it may have been wrong
		p.jsonFile = valueOf(p.Args, "json")
	}
	if err != nil {
		return p.End(UsageError(p.plainFlagError(err) + "; see -h")), false
	}
	if p.Flags.NArg() > 0 {
		return p.End(UsageError(fmt.Sprintf("there is no argument %q; see -h", p.Flags.Arg(0)))), false
	}
	return 0, true
}

// plainFlagError leaves out the value of a flag, which may be a token in the wrong place.
func (p *Program) plainFlagError(err error) string {
	text := err.Error()
	if strings.HasPrefix(text, "invalid ") {
		if _, after, ok := strings.Cut(text, " for flag "); ok {
			return "the value of " + after
		}
		if _, after, ok := strings.Cut(text, " for "); ok {
			return "the value of " + after
		}
	}
	if name, ok := strings.CutPrefix(text, "flag provided but not defined: "); ok {
		return "there is no flag " + p.say.plain(name)
	}
	return text
}

func valueOf(args []string, name string) string {
	for i, arg := range args {
		arg = strings.TrimPrefix(strings.TrimPrefix(arg, "-"), "-")
		if value, ok := strings.CutPrefix(arg, name+"="); ok {
			return value
		}
		if arg == name && i+1 < len(args) {
			return args[i+1]
		}
	}
	return ""
}

// DryRun reports whether nothing is to be sent.
func (p *Program) DryRun() bool { return p.dry }

// Fallback fills a value that no flag gave from an environment variable, as the scripts do by accident and some jobs rely
// on.
func (p *Program) Fallback(to *string, name string) {
	if *to == "" {
		*to = p.get(name)
	}
}

// Revision tells which commit this is about: from the flags where they say it all, and else completed from the
// environment of the CI system.
func (p *Program) Revision() (codeant.Revision, error) {
	rev := codeant.Revision{Repo: p.Repo, Commit: p.Commit, Branch: p.Branch, ProviderURL: p.ProviderURL}
	if p.Provider != "" {
		provider, err := codeant.ParseProvider(p.Provider)
		if err != nil {
			return rev, fmt.Errorf("%w (flag %s)", err, p.providerFlag)
		}
		rev.Provider = provider
	}
	if rev.Provider == "" || rev.Repo == "" || rev.Commit == "" {
		build, err := ci.DetectFrom(p.lookupWith(rev), p.ReadFile)
		if err != nil {
			return rev, err
		}
		rev = build.Revision
		p.Notice("%s at commit %.12s, found in the environment of %s (commit from %s)", rev.Repo, rev.Commit, build.System, build.Sources["commit"])
	}
	p.Result.Repo, p.Result.Commit, p.Result.Branch = rev.Repo, rev.Commit, rev.Branch
	return rev, rev.Validate()
}

// lookupWith lets flags stand for the overrides that package ci reads first.
func (p *Program) lookupWith(rev codeant.Revision) func(string) (string, bool) {
	flags := map[string]string{
		"CODEANT_PROVIDER": string(rev.Provider), "CODEANT_REPO": rev.Repo, "CODEANT_COMMIT": rev.Commit,
		"CODEANT_BRANCH": rev.Branch, "CODEANT_PROVIDER_URL": rev.ProviderURL,
	}
	return func(name string) (string, bool) {
		if value := flags[name]; value != "" {
			return value, true
		}
		return p.Lookup(name)
	}
}

// errSkip says that there is no token and that this is fine.
var errSkip = errors.New("no token: skipped")

// Client makes the client.
func (p *Program) Client() (*codeant.Client, error) {
	token, err := p.token()
	if err != nil {
		return nil, err
	}
	opts := []codeant.Option{codeant.WithUserAgent(p.Name + "/" + codeant.Version)}
	if token != "" {
		opts = append(opts, codeant.WithToken(token))
	}
	api := p.apiURL
	if api == "" {
		api = strings.TrimSpace(p.get(codeant.BaseURLEnv))
	}
	if api == "" {
		api = codeant.DefaultBaseURL
	}
	return codeant.New(append(append(opts, codeant.WithBaseURL(api)), p.Options...)...)
}

func (p *Program) token() (string, error) {
	value := p.Token
	switch {
	case value != "":
		p.Warn("the token on the command line (%s) can be read by every process on this machine; put it into %s", p.tokenFlag, codeant.TokenEnv)
	case p.TokenFile == "-":
		line, err := firstLine(p.Stdin)
		if err != nil {
			return "", fmt.Errorf("%w: standard input cannot be read: %w", codeant.ErrMissingToken, err)
		}
		value = line
	case p.TokenFile != "":
		token, err := codeant.FileToken(p.TokenFile).Token(context.Background())
		if err != nil {
			return "", err
		}
		return token.Reveal(), nil
	default:
		value = p.get(codeant.TokenEnv)
		p.Fallback(&value, "ACCESS_TOKEN")
	}
	if strings.TrimSpace(value) != "" {
		return value, nil
	}
	if p.skipWithoutToken {
		return "", errSkip
	}
	return "", fmt.Errorf("%w: set %s, or use -token-file; builds of forks have no secrets: see -skip-without-token", codeant.ErrMissingToken, codeant.TokenEnv)
}

// End tells how the program ended and returns the exit code.
func (p *Program) End(err error) int {
	if errors.Is(err, errSkip) {
		p.Notice("there is no token, so nothing was sent (-skip-without-token)")
		err = nil
	}
	code := ExitCode(err)
	p.Result.Status = statusWord(err)
	if err != nil {
		p.Result.Error = p.say.plain(err.Error())
	}
	if code == ExitUnavailable && p.allowUnavailable && Retryable(err) {
		p.Warn("CodeAnt was unavailable, and -allow-unavailable lets the build go on WITHOUT its result: %s", err)
		code = ExitSuccess
	} else if err != nil {
		p.say.failure(p.Name, err)
	}
	p.Result.ExitCode = code
	if p.jsonFile != "" {
		if err := p.Result.write(p.jsonFile); err != nil {
			p.say.failure(p.Name, fmt.Errorf("the file of -json cannot be written: %w", err))
			if code == ExitSuccess {
				code = ExitUsage
			}
		}
	}
	p.say.summary(p.Result)
	return code
}

// Notice tells a person one thing.
func (p *Program) Notice(format string, args ...any) { p.say.notice(format, args...) }

// Warn tells a person, loudly, one thing.
func (p *Program) Warn(format string, args ...any) { p.say.warning(format, args...) }

// Seconds turns a number of seconds of a flag into a duration.
func Seconds(n int) time.Duration { return time.Duration(n) * time.Second }

// WriteFile writes a file of the caller's whole or not at all.
func WriteFile(name string, write func(io.Writer) error) error {
	f, err := os.CreateTemp(dirOf(name), ".codeant-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // gone already where all went well
	err = write(f)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	if err := os.Chmod(f.Name(), 0o644); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}
