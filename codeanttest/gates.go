package codeanttest

import (
	"maps"
	"net/http"

	"github.com/codeant-sdk/codeant"
)

var gateFields = []field{{"repo", true}, {"service", true}, {"commit_id", true}, {"base_url", false}}

// gateStore knows a commit's gates once they were set or started.
type gateStore struct {
	set   map[coverageKey]map[string]string
	polls map[coverageKey]int // answered so far; present once the gates were started or set
}

// SetGates decides what the quality gates of a commit say, by name: "secret": "FAILED". Without it the gates that
// a client starts, "secret" and "duplicate", are PASSED. Results are there whether or not they were started.
func (s *Server) SetGates(rev codeant.Revision, gates map[string]string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gates.begin(keyOf(rev, ""))
	s.gates.set[keyOf(rev, "")] = maps.Clone(gates)
}

func (st *gateStore) begin(key coverageKey) {
	if st.set == nil {
		st.set, st.polls = map[coverageKey]map[string]string{}, map[coverageKey]int{}
	}
	st.polls[key] = 0
}

func gateKey(in map[string]string) (coverageKey, error) {
	rev := codeant.Revision{Provider: codeant.Provider(in["service"]), Repo: in["repo"], Commit: in["commit_id"], BaseURL: in["base_url"]}
	return keyOf(rev, ""), rev.Validate()
}

func (s *Server) startGates(c *call, in map[string]string) answer {
	key, err := gateKey(in)
	if err != nil {
		return refuse(http.StatusBadRequest, "%v", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gates.begin(key)
	return reply(http.StatusOK, map[string]string{"message": "Quality gate scan queued", "scan_id": "gates-" + c.id})
}

func (s *Server) gateResults(_ *call, in map[string]string) answer {
	key, err := gateKey(in)
	if err != nil {
		return refuse(http.StatusBadRequest, "%v", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	polls, known := s.gates.polls[key]
	if !known {
		return refuse(http.StatusNotFound, "there is no quality gate scan of this commit")
	}
	s.gates.polls[key]++
	if polls < s.cfg.pendingPolls {
		return reply(http.StatusOK, map[string]string{"status": "PENDING"})
	}
	gates, set := s.gates.set[key]
	if !set {
		gates = map[string]string{"secret": "PASSED", "duplicate": "PASSED"}
	}
	body := map[string]any{"status": "COMPLETED"}
	for name, status := range gates {
		body[name+"_quality_gate"] = map[string]string{"status": status}
	}
	return reply(http.StatusOK, body)
}
