package pipeline

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/ci"
	"github.com/codeant-sdk/codeant/internal/openfile"
)

// Program is one run of a program.
type Program struct {
	Env
	Name   string
	Usage  string // the whole text of -h
	Flags  *flag.FlagSet
	Result Result

	// The values of the flags, or after Parse of the script's environment variables.
	Token, TokenFile        string
	Provider, Repo, Commit  string
	Branch, ProviderURL     string
	apiURL, jsonFile        string
	allowUnavailable        bool
	skipWithoutToken, dry   bool
	tokenFlag, providerFlag string
	say                     *console
	pause                   pause
}

// New creates a program with the common flags. The token flag has the names that it has in the script that the program
// replaces.
func New(env Env, name, usage string, tokenFlags ...string) *Program {
	p := &Program{Env: env, Name: name, Usage: usage, Flags: flag.NewFlagSet(name, flag.ContinueOnError), tokenFlag: "-" + tokenFlags[0]}
	p.Result = Result{Program: name, Version: codeant.Version}
	p.say = newConsole(env)
	p.say.hide(env.get(codeant.TokenEnv))
	p.say.hide(env.get("ACCESS_TOKEN"))
	p.Flags.SetOutput(io.Discard)
	p.String(&p.Token, "", tokenFlags...)
	p.String(&p.TokenFile, "", "token-file")
	p.String(&p.apiURL, "", "api")
	p.String(&p.jsonFile, "", "json")
	p.Bool(&p.dry, "dry-run")
	return p
}

// RevisionFlags adds the flags of a program that is about a commit. The provider's flag has the name that it has in the
// script.
func (p *Program) RevisionFlags(providerFlags ...string) {
	p.providerFlag = "-" + providerFlags[0]
	p.String(&p.Provider, "", providerFlags...)
	p.String(&p.Repo, "", "r", "repo")
	p.String(&p.Commit, "", "c", "commit-id")
	p.String(&p.ProviderURL, "", "u", "base-url")
	p.Bool(&p.allowUnavailable, "allow-unavailable")
	p.Bool(&p.skipWithoutToken, "skip-without-token")
}

// CommonHelp is the part of -h about the flags that all programs about a commit share.
const CommonHelp = `
Token and service
  -token-file F        file with the token; "-" reads it from standard input
  -api URL             CodeAnt's API (CODEANT_API_URL, https://api.codeant.ai)
  -allow-unavailable   exit 0 with a warning during a temporary outage
  -skip-without-token  exit 0 with a notice if the token is missing, as in forks
  -json F              write what happened as a JSON object
  -dry-run             show what would be sent; needs no token

The token comes from CODEANT_API_TOKEN or ACCESS_TOKEN. Separate flags
and values: -r acme/shop, not -racme/shop.
`

// DryRun reports whether to send nothing.
func (p *Program) DryRun() bool { return p.dry }

// Revision returns the commit: from the flags if they are complete, or else completed from the environment of the CI
// system.
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
		source := build.Sources["commit"]
		if rev.Commit != "" {
			source = "-c"
		}
		rev = build.Revision
		where := "the environment"
		if build.System != "" {
			where += " of " + build.System
		}
		p.Notice("Found %s at commit %.12s in %s (commit from %s).", rev.Repo, rev.Commit, where, source)
	}
	p.Result.Repo, p.Result.Commit, p.Result.Branch = rev.Repo, rev.Commit, rev.Branch
	return rev, rev.Validate()
}

// lookupWith returns the flags as the overrides that package ci reads first.
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

// errSkip means that the token is missing and that this is fine.
var errSkip = errors.New("no token: skipped")

// ErrUnconfirmed means that CodeAnt's gateway timed out, so that the start may or may not have happened. The exit code
// is 0, as in the vendor's script.
var ErrUnconfirmed = errors.New("the start is not confirmed")

// Client creates the client.
func (p *Program) Client(ctx context.Context) (*codeant.Client, error) {
	token, err := p.token(ctx)
	if err != nil {
		return nil, err
	}
	p.Token = token
	p.say.hide(token)
	api := p.apiURL
	if api == "" {
		api = strings.TrimSpace(p.get(codeant.BaseURLEnv))
	}
	if api == "" {
		api = codeant.DefaultBaseURL
	}
	opts := []codeant.Option{
		codeant.WithUserAgent(p.Name + "/" + codeant.Version), codeant.WithToken(token), codeant.WithBaseURL(api),
		codeant.WithObserver(p.observe),
	}
	return codeant.New(append(opts, p.Options...)...)
}

func (p *Program) token(ctx context.Context) (string, error) {
	value := p.Token
	switch {
	case value != "":
		p.Warn("the token on the command line (%s) can be read by every process on this machine; put it into %s",
			p.tokenFlag, codeant.TokenEnv)
	case p.TokenFile == "-":
		line, err := firstLine(openfile.Reader(ctx, p.Stdin))
		if err != nil {
			return "", fmt.Errorf("%w: standard input cannot be read: %w", codeant.ErrMissingToken, err)
		}
		value = line
	case p.TokenFile != "":
		token, err := codeant.FileToken(p.TokenFile).Token(ctx)
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
	skip := ""
	if p.providerFlag != "" {
		skip = "; builds of forks have no secrets: see -skip-without-token"
	}
	return "", fmt.Errorf("%w: set %s, or use -token-file%s", codeant.ErrMissingToken, codeant.TokenEnv, skip)
}

// firstLine reads a token. It does not read beyond the line.
func firstLine(r io.Reader) (string, error) {
	line, err := bufio.NewReader(io.LimitReader(r, 64<<10)).ReadString('\n')
	if err != nil && err != io.EOF {
		return "", err
	}
	return strings.TrimSpace(line), nil
}

// End reports how the program ended and returns the exit code. Each error is about a part of the work.
func (p *Program) End(errs ...error) int {
	err := errors.Join(errs...)
	status := ""
	switch {
	case errors.Is(err, errSkip):
		p.say.highlight("there is no token, so nothing was sent (-skip-without-token)")
		err, status = nil, "skipped"
	case errors.Is(err, ErrUnconfirmed):
		err, status = nil, "unconfirmed"
	}
	code := ExitCode(err)
	if p.Result.Status = status; status == "" {
		p.Result.Status = statusWord(err)
	}
	if err != nil {
		text := strings.ReplaceAll(err.Error(), "\n", "; ")
		p.Result.Error = text
		if code == ExitUnavailable && p.allowUnavailable && allRetryable(errs) {
			p.Warn("CodeAnt was unavailable, and -allow-unavailable lets the build go on WITHOUT its result: %s", text)
			code = ExitSuccess
		} else {
			p.say.failure(p.Name, text)
		}
	}
	p.Result.ExitCode = code
	p.Result = p.Result.cleaned(p.say.Clean)
	if p.jsonFile != "" {
		if err := p.WriteFile("-json", p.jsonFile, p.Result.encode); err != nil {
			p.say.failure(p.Name, err.Error())
			if code == ExitSuccess {
				code = ExitUsage
			}
		}
	}
	p.summary()
	return code
}

// Notice prints a message.
func (p *Program) Notice(format string, args ...any) { p.say.notice(format, args...) }

// Warn prints a warning.
func (p *Program) Warn(format string, args ...any) { p.say.warning(format, args...) }

// Mask removes the token from a text and changes nothing else.
func (p *Program) Mask(text string) string { return p.say.mask(text) }

// Annotate shows a text on GitHub at a line of a file.
func (p *Program) Annotate(file string, line int, title, text string) {
	if p.say.github {
		p.say.annotate(file, line, title, text)
	}
}

// Said quotes the server's words, as a sentence to put after another one.
func Said(message string) string {
	if message = strings.TrimSpace(message); message == "" {
		return ""
	}
	return " CodeAnt says: " + strings.TrimRight(message, ".") + "."
}
