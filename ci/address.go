package ci

import (
	"net/url"
	"strings"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/internal/redact"
)

// candidate is a variable that may hold the repository's address.
type candidate struct {
	name         string
	pullRequest  bool             // the address is that of a pull request rather than a repository
	provider     codeant.Provider // the provider, if another variable names it
	providerFrom string           // that variable
	collection   string           // the address of the collection on Azure DevOps Server
}

// follow returns the provider, the repository and the provider URL of the first candidate that can be read.
func (e env) follow(candidates ...candidate) (provider, repo, base value) {
	var names []string
	found := false
	for _, c := range candidates {
		names = append(names, c.name)
		raw := e.get(c.name)
		if raw == "" {
			continue
		}
		p, r, b := e.readAddress(c, raw)
		if p.err == nil && r.err == nil {
			return p, r, b
		}
		if !found {
			provider, repo, base, found = p, r, b, true
		}
	}
	if !found {
		missing := newProblem(list(names) + " not set; " + setRemote)
		provider.err, repo.err = missing, missing
	}
	return provider, repo, base
}

// readAddress reads one address. It already considers CODEANT_PROVIDER, because the path depends on the provider.
func (e env) readAddress(c candidate, raw string) (provider, repo, base value) {
	if c.pullRequest {
		raw = repoOfChange(raw)
	}
	r, ok := parseRemote(raw)
	if !ok {
		unread := newProblem(c.name + " cannot be read as the address of a repository; " + setRemote)
		return value{err: unread}, value{err: unread}, value{}
	}
	r = r.below(e.forcedURL)
	known, address := wellKnown(r.host)
	switch {
	case e.forced != "":
		provider = value{text: string(e.forced), source: "CODEANT_PROVIDER"}
	case known != "":
		provider = value{text: string(known), source: c.name}
	case c.provider != "":
		provider = value{text: string(c.provider), source: c.providerFrom}
	default:
		unknown := newProblem(c.name + " is at " + redact.Text(r.host, 80) + ", which may be any provider's; " + setProvider)
		return value{err: unknown}, value{err: unknown}, value{}
	}
	// If CODEANT_PROVIDER contradicts a known host, the address is a mirror's and says nothing about the provider URL.
	if address == "" {
		address = "https://" + r.web
	} else if string(known) != provider.text {
		address = ""
	}
	if address != "" {
		base = value{text: address, source: c.name}
	}
	name, ok := r.repo(codeant.Provider(provider.text), c.collection)
	if !ok {
		repo.err = newProblem(c.name + " has a path that is not a repository's on " + provider.text + "; " + setRepo)
		return provider, repo, base
	}
	return provider, value{text: name, source: c.name}, base
}

// repoOfChange shortens the address of a pull or merge request to that of its repository.
func repoOfChange(raw string) string {
	for _, mark := range []string{"/-/merge_requests/", "/merge_requests/", "/pull/", "/pullrequest/", "/pull-requests/"} {
		if i := strings.LastIndex(raw, mark); i >= 0 {
			before := raw[:i]
			// Bitbucket Data Center: /projects/KEY/repos/name
			if head, name, ok := strings.Cut(before, "/repos/"); ok {
				if host, key, ok := strings.Cut(head, "/projects/"); ok {
					return host + "/" + key + "/" + name
				}
			}
			return before
		}
	}
	return raw
}

// fixedProvider is for systems that only build repositories of one provider. flag is the variable that identifies the
// system, address is the provider's address.
func (e env) fixedProvider(p codeant.Provider, flag string, address value) (provider, base value) {
	provider = value{text: string(p), source: flag}
	if e.forced != "" && e.forced != p {
		return provider, value{} // the override names a mirror, and this address is not the mirror's
	}
	return provider, address
}

// server returns, as https, the http or https address of a server in a variable. It keeps the path, because a GitLab
// server may be installed below one.
func (e env) server(name string) value {
	raw := e.get(name)
	if end := strings.IndexAny(raw, "?#"); end >= 0 {
		raw = raw[:end]
	}
	scheme, _, _ := strings.Cut(raw, "://")
	if !strings.EqualFold(scheme, "https") && !strings.EqualFold(scheme, "http") {
		return value{}
	}
	// A server's own address may have no path, but parseRemote wants one.
	r, ok := parseRemote(strings.TrimRight(raw, "/") + "/x")
	if !ok {
		return value{}
	}
	address := "https://" + r.web
	for _, part := range r.path[:len(r.path)-1] {
		address += "/" + url.PathEscape(part)
	}
	return value{text: address, source: name}
}

// serverOf returns the server's address from a variable that holds the address of a repository. Another variable has
// the repository's name; a path that does not end with it is dropped.
func (e env) serverOf(name, repo string) value {
	address := e.server(name)
	path := ""
	for _, part := range strings.Split(e.get(repo), "/") {
		path += "/" + url.PathEscape(part)
	}
	if before, ok := strings.CutSuffix(strings.TrimSuffix(address.text, ".git"), path); ok {
		address.text = before
	} else if end := strings.IndexByte(strings.TrimPrefix(address.text, "https://"), '/'); end >= 0 {
		address.text = address.text[:len("https://")+end]
	}
	return address
}

// elsewhere reports whether the variable holds the address of another repository than repo.
func (e env) elsewhere(name string, f facts) bool {
	r, ok := parseRemote(e.get(name))
	if !ok || f.repo.text == "" {
		return false
	}
	repo, ok := r.below(e.forcedURL).repo(codeant.Provider(f.provider.text), "")
	return ok && !strings.EqualFold(repo, f.repo.text)
}
