package ci

import (
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/internal/provider"
)

// remote is the parsed address of a repository. It has no user name and no password.
type remote struct {
	host string   // in lower case, without a port
	web  string   // the host as in a browser, with the port unless it is SSH's
	path []string // percent-decoded, never empty
}

// parseRemote parses https://, ssh:// and git:// addresses and the user@host:path of scp. It returns no reason when it
// fails, because that would have to quote an address, which may contain a password. It refuses an @ after the host,
// because it ends a password with a / in it.
func parseRemote(raw string) (remote, bool) {
	if !utf8.ValidString(raw) || strings.ContainsFunc(raw, unicode.IsControl) {
		return remote{}, false
	}
	scheme, rest, ok := strings.Cut(raw, "://")
	if !ok {
		return parseSCP(raw)
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		return remote{}, false
	}
	authority, path := rest[:end], rest[end:]
	host, port, _ := strings.Cut(authority[strings.LastIndexByte(authority, '@')+1:], ":")
	if strings.Trim(port, "0123456789") != "" {
		return remote{}, false
	}
	r, ok := newRemote(host, path)
	if !ok {
		return remote{}, false
	}
	r.web = r.host
	switch strings.ToLower(scheme) {
	case "https", "http":
		if port != "" && port != "443" && port != "80" {
			r.web += ":" + port
		}
	case "ssh", "git", "git+ssh", "ssh+git":
	default:
		return remote{}, false
	}
	return r, true
}

// parseSCP parses user@host:path. A single letter before the colon is a Windows drive.
func parseSCP(raw string) (remote, bool) {
	host, path, ok := strings.Cut(raw, ":")
	if !ok || len(host) < 2 {
		return remote{}, false
	}
	r, ok := newRemote(host[strings.LastIndexByte(host, '@')+1:], path)
	r.web = r.host
	return r, ok
}

func newRemote(host, path string) (remote, bool) {
	if strings.Contains(path, "@") {
		return remote{}, false
	}
	if end := strings.IndexAny(path, "?#"); end >= 0 {
		path = path[:end]
	}
	r := remote{host: strings.TrimSuffix(strings.ToLower(host), ".")}
	if r.host == "" || strings.Trim(r.host, "abcdefghijklmnopqrstuvwxyz0123456789.-_") != "" {
		return remote{}, false
	}
	for _, part := range strings.Split(path, "/") {
		if part == "" {
			continue
		}
		name, err := url.PathUnescape(part)
		if err != nil || name == "." || name == ".." || strings.ContainsAny(name, `/\@:`) ||
			!utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) || strings.TrimSpace(name) != name {
			return remote{}, false
		}
		r.path = append(r.path, name)
	}
	return r, len(r.path) > 0
}

// below removes the path of a server that is installed below a path of its host, such as https://corp.example/gitlab.
func (r remote) below(server string) remote {
	s, ok := parseRemote(strings.TrimRight(server, "/") + "/x")
	if !ok || s.host != r.host {
		return r
	}
	prefix := s.path[:len(s.path)-1]
	if n := len(prefix); n < len(r.path) && slices.EqualFunc(prefix, r.path[:n], strings.EqualFold) {
		r.path = r.path[n:]
	}
	return r
}

// wellKnown returns the provider whose public service is at host, and its address.
func wellKnown(host string) (codeant.Provider, string) {
	switch host {
	case "github.com", "ssh.github.com":
		return codeant.GitHub, publicAddress(codeant.GitHub)
	case "gitlab.com", "altssh.gitlab.com":
		return codeant.GitLab, publicAddress(codeant.GitLab)
	case "bitbucket.org", "altssh.bitbucket.org":
		return codeant.Bitbucket, publicAddress(codeant.Bitbucket)
	case "dev.azure.com", "ssh.dev.azure.com":
		return codeant.AzureDevOps, publicAddress(codeant.AzureDevOps)
	}
	switch {
	case strings.HasSuffix(host, ".visualstudio.com"):
		return codeant.AzureDevOps, publicAddress(codeant.AzureDevOps)
	case strings.HasSuffix(host, ".ghe.com"): // GitHub Enterprise Cloud with data residency: one host for each enterprise
		return codeant.GitHub, "https://" + host
	}
	return "", ""
}

func publicAddress(p codeant.Provider) string { return provider.Web(string(p)) }

// repo returns the repository's name as the provider writes it. collection is the address of the collection on Azure
// DevOps Server, if it is known.
func (r remote) repo(p codeant.Provider, collection string) (string, bool) {
	if p == codeant.AzureDevOps {
		return r.azureRepo(collection)
	}
	path := r.path
	if p == codeant.Bitbucket && path[0] == "scm" && r.host != "bitbucket.org" { // Bitbucket Data Center
		path = path[1:]
	}
	if len(path) < 2 || len(path) > 2 && p != codeant.GitLab {
		return "", false
	}
	name := strings.TrimSuffix(strings.Join(path, "/"), ".git")
	return name, !strings.HasSuffix(name, "/")
}

// azureRepo is org/project/repository. The project may be omitted if the repository has the same name.
//
//	https://dev.azure.com/org/project/_git/repository
//	https://org.visualstudio.com/DefaultCollection/project/_git/repository
//	git@ssh.dev.azure.com:v3/org/project/repository
//	https://server/tfs/collection/project/_git/repository
func (r remote) azureRepo(collection string) (string, bool) {
	if r.host == "ssh.dev.azure.com" || r.host == "vs-ssh.visualstudio.com" {
		return strings.Join(r.path[1:], "/"), len(r.path) == 4 && r.path[0] == "v3"
	}
	git := len(r.path) - 2
	if git < 0 || r.path[git] != "_git" {
		return "", false
	}
	name, project := r.path[git+1], r.path[git+1]
	before := r.path[:git]
	var org string
	switch account, hosted := strings.CutSuffix(r.host, ".visualstudio.com"); {
	case hosted:
		if len(before) > 0 && strings.EqualFold(before[0], "DefaultCollection") {
			before = before[1:]
		}
		org = account
	case r.host == "dev.azure.com":
		if len(before) > 0 {
			org, before = before[0], before[1:]
		}
	default:
		org, before = splitCollection(before, collection)
	}
	if org == "" || strings.Contains(org, ".") || len(before) > 1 {
		return "", false
	}
	if len(before) == 1 {
		project = before[0]
	}
	return org + "/" + project + "/" + name, true
}

// splitCollection returns the collection in a path of Azure DevOps Server, which may begin with a virtual directory,
// and the rest of the path. If the collection's address is not known, two names are taken as collection and project.
func splitCollection(path []string, address string) (collection string, rest []string) {
	r, ok := parseRemote(address)
	if n := len(r.path); ok && n <= len(path) && slices.EqualFunc(r.path, path[:n], strings.EqualFold) {
		return path[n-1], path[n:]
	}
	switch len(path) {
	case 0:
		return "", nil
	case 1:
		return path[0], nil
	}
	return path[len(path)-2], path[len(path)-1:]
}
