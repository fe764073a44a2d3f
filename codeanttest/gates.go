package codeanttest

import (
	"maps"
	"net/http"

	"github.com/codeant-sdk/codeant"
)

var gateFields = []field{need("repo"), need("service"), need("commit_id"), may("base_url")}

// gateStore knows a commit's gates once they were set or started.
type gateStore struct {
	set    map[coverageKey]map[string]string
	status map[coverageKey]string // of the whole, where it is not COMPLETED
	polls  map[coverageKey]int    // answered so far; present once the gates were started or set
	scanID map[coverageKey]string // of the last start
}

// SetGates decides what the quality gates of a commit say, by name: "secret": "FAILED". Without it the gates that
// a client starts, "secret" and "duplicate", are PASSED. Results are there whether or not they were started.
func (s *Server) SetGates(rev codeant.Revision, gates map[string]string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gates.begin(keyOf(rev, ""))
	s.gates.set[keyOf(rev, "")] = maps.Clone(gates)
}

// SetGateStatus decides the status of the whole that a commit's gates end with, such as "ERROR", in place of COMPLETED.
func (s *Server) SetGateStatus(rev codeant.Revision, status string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gates.begin(keyOf(rev, ""))
	s.gates.status[keyOf(rev, "")] = status
}

func (st *gateStore) begin(key coverageKey) {
	if st.set == nil {
		st.set, st.status = map[coverageKey]map[string]string{}, map[coverageKey]string{}
		st.polls, st.scanID = map[coverageKey]int{}, map[coverageKey]string{}
	}
	st.polls[key] = 0
}

func gateKey(in map[string]string) (coverageKey, error) {
	rev := codeant.Revision{Provider: codeant.Provider(in["service"]), Repo: in["repo"], Commit: in["commit_id"], ProviderURL: in["base_url"]}
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
	s.gates.scanID[key] = "gates-" + c.id
	return reply(http.StatusOK, map[string]string{"message": "Quality gate scan queued", "scan_id": s.gates.scanID[key]})
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
	if status, other := s.gates.status[key]; other {
		body["status"] = status
	}
	if id := s.gates.scanID[key]; id != "" {
		body["scan_id"] = id
	}
	for name, status := range gates {
		body[name+"_quality_gate"] = map[string]string{"status": status}
	}
	return reply(http.StatusOK, body)
}
