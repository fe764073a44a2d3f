package codeanttest

import (
	"bytes"
	"net/http"
	"strconv"
	"time"

	"github.com/codeant-sdk/codeant"
)

var coverageFields = []field{
	need("repo"),
	need("commit_id"),
	need("access_token"),
	need("platform"),
	may("module"),
	may("branch"),
	may("vcs_base_url"),
	may("module_path"),
}

// Upload is a report that the storage took. A later one for the same commit and module replaces it.
type Upload struct {
	Revision  codeant.Revision
	Module    string
	Bytes     int64  // its size
	Content   []byte // nil under DiscardUploads
	Completed bool   // whether the client said that it is complete
}

// coverageKey is what tells reports apart.
type coverageKey struct {
	provider             codeant.Provider
	repo, commit, module string
}

// coverageStore keeps one object per report; objects are named by their number.
type coverageStore struct {
	objects []*Upload // as presigned, stored or not
	stored  []*Upload // in order of the first upload
	index   map[coverageKey]int
}

func (st *coverageStore) object(path string) *Upload {
	for i, up := range st.objects {
		if path == objectPath(i) {
			return up
		}
	}
	return nil
}

func objectPath(i int) string { return "/coverage/" + strconv.Itoa(i+1) + "/coverage.xml" }

// Uploads returns the reports that the storage took, in order of arrival.
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

func coverageRevision(in map[string]string) (codeant.Revision, error) {
	rev := codeant.Revision{
		Provider: codeant.Provider(in["platform"]), Repo: in["repo"], Commit: in["commit_id"], Branch: in["branch"], ProviderURL: in["vcs_base_url"],
	}
	return rev, rev.Validate()
}

func keyOf(rev codeant.Revision, module string) coverageKey {
	return coverageKey{rev.Provider, rev.Repo, rev.Commit, module}
}

func (s *Server) presign(_ *call, in map[string]string) answer {
	rev, err := coverageRevision(in)
	if err != nil {
		return refuse(http.StatusBadRequest, "%v", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	st := &s.coverage
	if st.index == nil {
		st.index = map[coverageKey]int{}
	}
	key := keyOf(rev, in["module"])
	i, known := st.index[key]
	if !known {
		i = len(st.objects)
		st.objects = append(st.objects, &Upload{Revision: rev, Module: in["module"]})
		st.index[key] = i
	}
	return reply(http.StatusOK, map[string]string{"coverage_url": s.presignedURL(objectPath(i), time.Now())})
}

func (s *Server) complete(_ *call, in map[string]string) answer {
	rev, err := coverageRevision(in)
	if err != nil {
		return refuse(http.StatusBadRequest, "%v", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	i, known := s.coverage.index[keyOf(rev, in["module"])]
	if !known || s.coverage.objects[i].Bytes == 0 {
		return refuse(http.StatusConflict, "no report was uploaded for this commit and module")
	}
	s.coverage.objects[i].Completed = true
	return reply(http.StatusOK, map[string]string{"status": "success", "message": "Coverage report received"})
}
