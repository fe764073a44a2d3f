package ci

import (
	"errors"
	"strings"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/internal/origin"
)

// ErrNotDetected means that no supported CI system was found and that the overrides do not name provider, repository
// and commit. Use it with errors.Is. A program whose command line names them can continue.
var ErrNotDetected = errors.New("ci: no CI system found")

// value is one part of a build's description: its text and the variable it came from, or why it is not known.
type value struct {
	text, source string
	err          *problem
}

// facts holds what the variables of a CI system say. provider, repo and commit are required, the rest is optional.
type facts struct {
	system                               string
	provider, repo, commit, branch, base value
	pullRequest                          int
	pullRequestSource                    string
	fork, queue                          bool
}

// problem is an error that says what is wrong, which variable says so, and what to do.
type problem struct {
	text  string
	kinds []error
}

func (p *problem) Error() string   { return p.text }
func (p *problem) Unwrap() []error { return p.kinds }

func newProblem(text string, also ...error) *problem {
	return &problem{text: text, kinds: append([]error{codeant.ErrInvalidRequest}, also...)}
}

// The last part of every error.
const (
	setProvider = "set CODEANT_PROVIDER=github, gitlab, bitbucket or azuredevops"
	setRepo     = "set CODEANT_REPO=owner/repository"
	setRemote   = "set CODEANT_PROVIDER and CODEANT_REPO"
	setCommit   = "set CODEANT_COMMIT=$(git rev-parse HEAD)"
	setHead     = "set CODEANT_COMMIT to the hash of the pull request's head"
)

// queuePrefix begins the names of the branches that GitHub's merge queue creates and nobody else can push to.
const queuePrefix = "gh-readonly-queue/"

// conclude applies the overrides to what the CI system says. One error lists everything that is still missing.
func conclude(f facts, over overrides) (*Build, error) {
	provider := over.provider.or(f.provider)
	repo := checked(over.repo.or(f.repo), checkRepo)
	commit := over.commit.or(f.commit)
	branch := checked(over.branch.or(f.branch), checkBranch)
	if err := problems(f.system, provider.err, repo.err, commit.err, branch.err); err != nil {
		return nil, err
	}
	base := over.base.or(f.base)
	if base.text == "" {
		base = value{text: publicAddress(codeant.Provider(provider.text)), source: provider.source}
	}
	b := &Build{
		System: f.system,
		Revision: codeant.Revision{
			Provider: codeant.Provider(provider.text), Repo: repo.text, Commit: commit.text, Branch: branch.text, ProviderURL: base.text,
		},
		PullRequest: f.pullRequest,
		Fork:        f.fork,
		MergeQueue:  f.queue || provider.text == string(codeant.GitHub) && strings.HasPrefix(f.branch.text, queuePrefix),
		Sources:     make(map[string]string, 6),
	}
	for key, source := range map[string]string{
		"provider": provider.source, "repo": repo.source, "commit": commit.source,
		"branch": branch.source, "provider_url": base.source, "pull_request": f.pullRequestSource,
	} {
		if source != "" {
			b.Sources[key] = source
		}
	}
	return b, nil
}

// or returns v, or other if v is not set.
func (v value) or(other value) value {
	if v.text != "" {
		return v
	}
	return other
}

// checked returns v, with the error that check finds.
func checked(v value, check func(value) *problem) value {
	if v.err == nil && v.text != "" {
		v.err = check(v)
	}
	return v
}

// problems joins the errors on one line, each text once.
func problems(system string, found ...*problem) error {
	var texts []string
	var kinds []error
	seen := make(map[*problem]bool)
	for _, p := range found {
		if p == nil || seen[p] {
			continue
		}
		seen[p] = true
		texts = append(texts, p.text)
		kinds = append(kinds, p)
	}
	if len(texts) == 0 {
		return nil
	}
	prefix := "ci: "
	if system != "" {
		prefix += system + ": "
	}
	return &problem{text: prefix + strings.Join(texts, "; and "), kinds: kinds}
}

// overrides are the CODEANT_* variables.
type overrides struct {
	provider, repo, commit, branch, base value
}

func (o overrides) complete() bool {
	return o.provider.text != "" && o.repo.text != "" && o.commit.text != ""
}

// overrides reads the CODEANT_* variables. An invalid one is an error, not a reason to use the CI system's value.
func (e env) overrides() (overrides, error) {
	o := overrides{
		provider: checked(e.first("CODEANT_PROVIDER"), checkProvider),
		repo:     checked(e.first("CODEANT_REPO"), checkRepo),
		commit:   checked(e.first("CODEANT_COMMIT"), checkCommit),
		branch:   e.first("CODEANT_BRANCH"),
		base:     checked(e.first("CODEANT_PROVIDER_URL"), checkBase),
	}
	o.branch.text = strings.TrimPrefix(o.branch.text, "refs/heads/")
	o.branch = checked(o.branch, checkBranch)
	if err := problems("", o.provider.err, o.repo.err, o.commit.err, o.branch.err, o.base.err); err != nil {
		return overrides{}, err
	}
	if o.provider.text != "" {
		p, _ := codeant.ParseProvider(o.provider.text)
		o.provider.text = string(p)
	}
	o.base.text = strings.TrimRight(o.base.text, "/")
	return o, nil
}

func checkProvider(v value) *problem {
	if _, err := codeant.ParseProvider(v.text); err != nil {
		return newProblem(v.source + " " + printed(v.text) + " is not a provider; use github, gitlab, bitbucket or azuredevops")
	}
	return nil
}

// checkRepo never quotes an address, because it may contain credentials.
func checkRepo(v value) *problem {
	if strings.ContainsAny(v.text, "@:") {
		return newProblem(v.source + " is an address, not a name; use owner/repository, as in the repository's address")
	}
	return invalid(v, codeant.Revision{Repo: v.text})
}

func checkCommit(v value) *problem { return invalid(v, codeant.Revision{Commit: v.text}) }
func checkBranch(v value) *problem { return invalid(v, codeant.Revision{Branch: v.text}) }

func checkBase(v value) *problem {
	u, err := origin.Parse(v.text)
	switch {
	case err != nil:
		return newProblem(v.source + " is unusable: " + err.Error() + "; use the provider's address, such as https://github.example.com")
	case u.RawQuery != "" || u.ForceQuery:
		return newProblem(v.source + " has a query; use the provider's address, such as https://github.example.com")
	}
	return nil
}

// invalid calls Revision.Validate, which decides what every call of the client accepts, for the one field of r that is
// set.
func invalid(v value, r codeant.Revision) *problem {
	r.Provider = codeant.GitHub
	if r.Repo == "" {
		r.Repo = "owner/repository"
	}
	if r.Commit == "" {
		r.Commit = strings.Repeat("0", 40)
	}
	if err := r.Validate(); err != nil {
		return newProblem(v.source + ": " + strings.TrimPrefix(err.Error(), "codeant: "))
	}
	return nil
}

func notDetected(over overrides) error {
	var missing []string
	for _, v := range []struct {
		name string
		v    value
	}{{"CODEANT_PROVIDER", over.provider}, {"CODEANT_REPO", over.repo}, {"CODEANT_COMMIT", over.commit}} {
		if v.v.text == "" {
			missing = append(missing, v.name)
		}
	}
	return newProblem(ErrNotDetected.Error()+", and "+list(missing)+" not set; run on GitHub Actions, GitLab CI, Bitbucket Pipelines, "+
		"Azure Pipelines, CircleCI, Jenkins, Buildkite or Travis CI, or set CODEANT_PROVIDER=github CODEANT_REPO=owner/repository "+
		"CODEANT_COMMIT=$(git rev-parse HEAD)", ErrNotDetected)
}

// list returns "A is", "A and B are" or "A, B and C are".
func list(names []string) string {
	if len(names) == 1 {
		return names[0] + " is"
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1] + " are"
}
