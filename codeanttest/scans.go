package codeanttest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"

	"github.com/codeant-sdk/codeant"
)

var (
	baseURLFields   = mayAll("github_base_url", "gitlab_base_url", "azure_devops_base_url", "bitbucket_base_url")
	scanFields      = append([]field{need("repo"), need("service"), need("commit_id"), need("access_token")}, baseURLFields...)
	scanStartFields = append(mayAll("include_files", "exclude_files", "branch"), scanFields...)
)

// scanKey is one analysis of one commit.
type scanKey struct {
	commit   coverageKey
	analysis codeant.Analysis
}

// scanStore knows what a commit's analyses find, and how often each was asked since the last start.
type scanStore struct {
	set     map[scanKey]json.RawMessage
	started map[coverageKey]bool
	polls   map[scanKey]int
	history []coverageKey // in order of the first start
}

func (st *scanStore) ready() {
	if st.set == nil {
		st.set, st.started, st.polls = map[scanKey]json.RawMessage{}, map[coverageKey]bool{}, map[scanKey]int{}
	}
}

// SetFindings decides what an analysis of a commit finds. raw is a list of findings (of SBOM: of packages), which is
// answered in the shape that CodeAnt documents, or a whole body, such as {"status":"failed"}, which is answered as it is.
// Results are there whether or not a scan was started. Without it an analysis finds nothing.
func (s *Server) SetFindings(rev codeant.Revision, a codeant.Analysis, raw json.RawMessage) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.scans.ready()
	key := scanKey{keyOf(rev, ""), a}
	s.scans.set[key] = slices.Clone(raw)
	s.scans.polls[key] = 0
}

func (s *Server) startScan(_ *call, in map[string]string) answer {
	key, err := gateKey(in)
	if err != nil {
		return refuse(http.StatusBadRequest, "%v", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.scans.ready()
	if !s.scans.started[key] {
		s.scans.history = append(s.scans.history, key)
	}
	s.scans.started[key] = true
	for known := range s.scans.polls {
		if known.commit == key {
			s.scans.polls[known] = 0
		}
	}
	return reply(http.StatusOK, map[string]string{"message": "Analysis started"})
}

func resultsOf(a codeant.Analysis) func(*Server, *call, map[string]string) answer {
	return func(s *Server, _ *call, in map[string]string) answer {
		commit, err := gateKey(in)
		if err != nil {
			return refuse(http.StatusBadRequest, "%v", err)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.scans.ready()
		key := scanKey{commit, a}
		raw, set := s.scans.set[key]
		if !set && !s.scans.started[commit] {
			return refuse(http.StatusNotFound, "there is no scan of this commit")
		}
		s.scans.polls[key]++
		if s.scans.polls[key] <= s.cfg.pendingPolls {
			return reply(http.StatusOK, map[string]string{"status": "pending"})
		}
		return reply(http.StatusOK, scanBody(a, commit.commit, raw))
	}
}

// scanBody puts a list of findings into the documented shape of its analysis.
func scanBody(a codeant.Analysis, commit string, raw json.RawMessage) any {
	if len(raw) == 0 {
		raw = json.RawMessage("[]")
	}
	if !bytes.HasPrefix(bytes.TrimSpace(raw), []byte("[")) {
		return raw
	}
	switch a {
	case codeant.SCA:
		return object{"status": "done", "results": object{"vulnerabilities": raw}}
	case codeant.Secrets:
		return object{"status": "done", "commit_id": commit, "results": object{"secrets": raw}}
	case codeant.SBOM:
		return object{"status": "done", "commit_id": commit, "results": object{"sboms": []object{{"packages": raw}}}}
	case codeant.AntiPatterns:
		return object{"results": object{"anti_patterns": raw}}
	}
	return object{"status": "done", "results": raw}
}

func (s *Server) scanHistory(_ *call, in map[string]string) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	type entry struct {
		Commit string `json:"commit_id"`
		Status string `json:"status"`
	}
	scans := []entry{}
	for _, key := range s.scans.history {
		if key.repo == in["repo"] && string(key.provider) == in["service"] {
			scans = append(scans, entry{key.commit, "done"})
		}
	}
	return reply(http.StatusOK, map[string]any{"scans": scans})
}
