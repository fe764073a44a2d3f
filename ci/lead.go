package ci

import (
	"strings"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/internal/redact"
)

// lead is a variable that may tell the repository's address.
type lead struct {
	name       string
	change     bool             // the address of a pull request rather than a repository
	told       codeant.Provider // what the system says of the provider, if it does
	toldBy     string
	collection string
}

// follow finds provider, repository and base URL from the first of the leads that says enough.
func (e env) follow(leads ...lead) (provider, repo, base value) {
	var names []string
	found := false
	for _, l := range leads {
		names = append(names, l.name)
		raw := e.get(l.name)
		if raw == "" {
			continue
		}
		p, r, b := e.place(l, raw)
		if p.err == nil && r.err == nil {
			return p, r, b
		}
		if !found {
			provider, repo, base, found = p, r, b, true
		}
	}
	if !found {
		missing := wrong(list(names) + " not set; " + mendRemote)
		provider.err, repo.err = missing, missing
	}
	return provider, repo, base
}

// place reads one address. CODEANT_PROVIDER is heard here already, because it tells how to read the path.
func (e env) place(l lead, raw string) (provider, repo, base value) {
	if l.change {
		raw = repoOfChange(raw)
	}
	r, ok := parseRemote(raw)
	if !ok {
		unread := wrong(l.name + " is no address of a repository that can be read; " + mendRemote)
		return value{err: unread}, value{err: unread}, value{}
	}
	known, address := wellKnown(r.host)
	switch {
	case e.forced != "":
		provider = value{text: string(e.forced), source: "CODEANT_PROVIDER"}
	case known != "":
		provider = value{text: string(known), source: l.name}
	case l.told != "":
		provider = value{text: string(l.told), source: l.toldBy}
	default:
		unknown := wrong(l.name + " is at " + redact.Text(r.host, 80) + ", which may be any provider's; " + mendProvider)
		return value{err: unknown}, value{err: unknown}, value{}
	}
	// Where CODEANT_PROVIDER contradicts a host that is known, the address is a mirror's, and the base URL stays open.
	if address == "" {
		address = "https://" + r.web
	} else if string(known) != provider.text {
		address = ""
	}
	if address != "" {
		base = value{text: address, source: l.name}
	}
	name, ok := r.repo(codeant.Provider(provider.text), l.collection)
	if !ok {
		repo.err = wrong(l.name + " has a path that is not a repository's on " + provider.text + "; " + mendRepo)
		return provider, repo, base
	}
	return provider, value{text: name, source: l.name}, base
}

// repoOfChange cuts the address of a pull or merge request down to that of its repository.
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

// own is for systems that belong to their provider: flag says which system it is, and the first address of the
// variables says where.
func (e env) own(p codeant.Provider, flag string, addresses ...string) (provider, base value) {
	provider = value{text: string(p), source: flag}
	if e.forced != "" && e.forced != p {
		return provider, base // CODEANT_PROVIDER will say otherwise: a mirror, whose address does not count
	}
	for _, name := range addresses {
		if web, ok := webAddress(e.get(name)); ok {
			return provider, value{text: web, source: name}
		}
	}
	return provider, base
}

// webAddress is the https address of the host of an http or https URL.
func webAddress(raw string) (string, bool) {
	scheme, _, _ := strings.Cut(raw, "://")
	if !strings.EqualFold(scheme, "https") && !strings.EqualFold(scheme, "http") {
		return "", false
	}
	// A server's own address may have no path, which a repository's always has.
	r, ok := parseRemote(strings.TrimRight(raw, "/") + "/x")
	if !ok {
		return "", false
	}
	return "https://" + r.web, true
}

// elsewhere reports whether the variable holds the address of another repository than repo.
func (e env) elsewhere(name string, s sighting) bool {
	r, ok := parseRemote(e.get(name))
	if !ok || s.repo.text == "" {
		return false
	}
	repo, ok := r.repo(codeant.Provider(s.provider.text), "")
	return ok && !strings.EqualFold(repo, s.repo.text)
}
