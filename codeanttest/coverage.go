package codeanttest

import (
	"bytes"
	"net/http"
	"strconv"
	"time"

	"github.com/codeant-sdk/codeant"
)

func coverageFields() []field {
	return append(mayAll("module", "branch", "vcs_base_url", "module_path"), need("repo"), need("commit_id"), need("platform"))
}

// Upload is a report that the storage received. A later report for the same commit and module replaces it.
type Upload struct {
	Revision  codeant.Revision
	Module    string
	Bytes     int64  // its size
	Content   []byte // nil with DiscardUploads
	Completed bool   // whether the client reported the upload as complete
}

// commitKey is a commit of a repository.
type commitKey struct {
	provider     codeant.Provider
	repo, commit string
}

func keyOf(rev codeant.Revision) commitKey {
	provider, err := codeant.ParseProvider(string(rev.Provider))
	if err != nil {
		provider = rev.Provider
	}
	return commitKey{provider, rev.Repo, rev.Commit}
}

// reportKey identifies a report.
type reportKey struct {
	commit commitKey
	module string
}

// coverageStore keeps one object per report; objects are named by their number.
type coverageStore struct {
	paths   map[reportKey]string
	objects map[string]*Upload // by path, as presigned, stored or not
	stored  []*Upload          // in order of the first upload
}

// presign returns the path of a report's object; it creates the object if there is none.
func (st *coverageStore) presign(rev codeant.Revision, key reportKey) string {
	if path, known := st.paths[key]; known {
		return path
	}
	if st.paths == nil {
		st.paths, st.objects = map[reportKey]string{}, map[string]*Upload{}
	}
	path := "/coverage/" + strconv.Itoa(len(st.objects)+1) + "/coverage.xml"
	st.paths[key], st.objects[path] = path, &Upload{Revision: rev, Module: key.module}
	return path
}

// Uploads returns the reports that the storage received, in order of arrival.
func (s *Server) Uploads() []Upload {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]Upload, 0, len(s.coverage.stored))
	for _, up := range s.coverage.stored {
		c := *up
		c.Content = bytes.Clone(up.Content)
		all = append(all, c)
	}
	return all
}

func coverageOf(in map[string]string) (codeant.Revision, reportKey) {
	rev := codeant.Revision{
		Provider: codeant.Provider(in["platform"]), Repo: in["repo"], Commit: in["commit_id"], Branch: in["branch"],
		ProviderURL: in["vcs_base_url"],
	}
	return rev, reportKey{keyOf(rev), in["module"]}
}

func (s *Server) presign(_ *call, in map[string]string) answer {
	rev, key := coverageOf(in)
	s.mu.Lock()
	defer s.mu.Unlock()
	return reply(http.StatusOK, map[string]string{"coverage_url": s.presignedURL(s.coverage.presign(rev, key), time.Now())})
}

func (s *Server) complete(_ *call, in map[string]string) answer {
	_, key := coverageOf(in)
	s.mu.Lock()
	defer s.mu.Unlock()
	up := s.coverage.objects[s.coverage.paths[key]]
	if up == nil || up.Bytes == 0 {
		return refuse(http.StatusConflict, "no report was uploaded for this commit and module")
	}
	up.Completed = true
	return reply(http.StatusOK, map[string]string{"status": "success", "message": "Coverage report received"})
}
