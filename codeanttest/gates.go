package codeanttest

import (
	"encoding/json"
	"maps"
	"net/http"
	"time"

	"github.com/codeant-sdk/codeant"
)

func gateFields() []field {
	return []field{need("repo"), need("service"), need("commit_id"), may("base_url")}
}

// gateRun holds what the server knows about a commit's gates.
type gateRun struct {
	set    map[string]string // nil: not given
	status string            // overall status; empty means COMPLETED
	scanID string            // of the last start
	job    job
}

// gateStore holds the gates of each commit for which they were set or started.
type gateStore struct {
	runs     map[commitKey]*gateRun
	policies map[string]map[string]codeant.Severity // by repository
}

// begin restarts a commit's gates.
func (st *gateStore) begin(key commitKey) *gateRun {
	if st.runs == nil {
		st.runs = map[commitKey]*gateRun{}
	}
	if st.runs[key] == nil {
		st.runs[key] = &gateRun{}
	}
	st.runs[key].job = job{begun: time.Now()}
	return st.runs[key]
}

// SetGates sets the status of each quality gate of a commit by name, such as "secret": "FAILED". The results are
// available even if the gates were not started. Without SetGates, the gates that a client starts are "secret" and
// "duplicate", both PASSED. The zero Revision sets the gates of all commits that have none of their own, once they were
// started.
func (s *Server) SetGates(rev codeant.Revision, gates map[string]string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gates.begin(keyOf(rev)).set = maps.Clone(gates)
}

// SetGateStatus sets the overall status of a commit's gates once they are done, such as "ERROR". The default is
// COMPLETED. The zero Revision means all commits, as in SetGates.
func (s *Server) SetGateStatus(rev codeant.Revision, status string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gates.begin(keyOf(rev)).status = status
}

// SetGatePolicy makes the gates of a repository depend on findings. policy has the lowest severity that fails each of
// the gates secret, sast, sca, iac and duplicate, such as "sast": codeant.SeverityHigh. Dismissed findings and false
// positives do not count; findings of unknown severity do. For a commit that SetGates was called for, SetGates decides.
func (s *Server) SetGatePolicy(repo string, policy map[string]codeant.Severity) {
	if s.tb != nil {
		s.tb.Helper()
	}
	for gate := range policy {
		if _, known := gateAnalyses()[gate]; !known {
			s.fail("gate %q does not depend on findings", gate)
			return
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gates.policies == nil {
		s.gates.policies = map[string]map[string]codeant.Severity{}
	}
	s.gates.policies[repo] = maps.Clone(policy)
}

// gateAnalyses has for each gate the analyses whose findings decide it.
func gateAnalyses() map[string]codeant.Analysis {
	return map[string]codeant.Analysis{
		"secret": codeant.Secrets, "sast": codeant.SAST, "sca": codeant.SCA, "iac": infrastructure, "duplicate": duplicateCode,
	}
}

func (s *Server) startGates(c *call, in map[string]string) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	run := s.gates.begin(scanKey(in))
	run.scanID = "gates-" + c.id
	return reply(http.StatusOK, map[string]string{"message": "Quality gate scan queued", "scan_id": run.scanID})
}

func (s *Server) gateResults(_ *call, in map[string]string) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := scanKey(in)
	run := s.gates.runs[key]
	switch {
	case run == nil:
		return refuse(http.StatusNotFound, "this commit has no quality gate scan")
	case run.job.pending(s.cfg):
		return reply(http.StatusOK, map[string]string{"status": "PENDING"})
	}
	body := object{"status": "COMPLETED"}
	if all := s.gates.runs[commitKey{}]; run.status != "" {
		body["status"] = run.status
	} else if all != nil && all.status != "" && run.set == nil {
		body["status"] = all.status
	}
	if run.scanID != "" {
		body["scan_id"] = run.scanID
	}
	for name, status := range s.verdicts(key, run) {
		body[name+"_quality_gate"] = map[string]string{"status": status}
	}
	return reply(http.StatusOK, body)
}

func (s *Server) verdicts(key commitKey, run *gateRun) map[string]string {
	policy, has := s.gates.policies[key.repo]
	all := s.gates.runs[commitKey{}]
	switch {
	case run.set != nil:
		return run.set
	case all != nil && all.set != nil:
		return all.set
	case !has:
		return map[string]string{"secret": "PASSED", "duplicate": "PASSED"}
	}
	gates := map[string]string{}
	for gate, lowest := range policy {
		gates[gate] = "PASSED"
		if scan := s.scans.of(key); scan != nil && s.fails(scan, gateAnalyses()[gate], lowest) {
			gates[gate] = "FAILED"
		}
	}
	return gates
}

// fails reports whether an analysis has an open finding of at least this severity.
func (s *Server) fails(scan *commitScan, a codeant.Analysis, lowest codeant.Severity) bool {
	for _, f := range openFindings(a, s.scans.mark(scan, a)) {
		var finding struct{ Severity string }
		_ = json.Unmarshal(f, &finding) // what has no severity has an unknown one
		severity, err := codeant.ParseSeverity(finding.Severity)
		if err != nil || severity == codeant.SeverityUnknown || severity >= lowest {
			return true
		}
	}
	return false
}
