package codeanttest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/codeant-sdk/codeant"
)

func scanFields() []field {
	return append(baseURLFields(), need("repo"), need("service"), need("commit_id"))
}

func scanStartFields() []field {
	return append(mayAll("include_files", "exclude_files", "branch"), scanFields()...)
}

// job is work that is pending for a while.
type job struct {
	begun time.Time
	polls int
}

// pending reports whether a poll sees the job as unfinished.
func (j *job) pending(cfg config) bool {
	j.polls++
	return j.polls <= cfg.pendingPolls || time.Since(j.begun) < cfg.readyAfter
}

// commitScan holds what the server knows about a commit.
type commitScan struct {
	key     commitKey
	started bool
	runs    []*scanRun // one for each branch
	failed  map[codeant.Analysis]string
	found   map[codeant.Analysis]json.RawMessage
	jobs    map[codeant.Analysis]*job
}

type scanRun struct {
	branch string
	begun  time.Time
}

// run records a scan of the commit on a branch.
func (scan *commitScan) run(branch string, now time.Time) {
	for _, r := range scan.runs {
		if r.branch == branch {
			r.begun = now
			return
		}
	}
	scan.runs = append(scan.runs, &scanRun{branch, now})
}

func (scan *commitScan) job(a codeant.Analysis) *job {
	if scan.jobs[a] == nil {
		scan.jobs[a] = &job{begun: scan.runs[len(scan.runs)-1].begun}
	}
	return scan.jobs[a]
}

// scanStore holds the commits in the order in which they were first named.
type scanStore struct {
	all       []*commitScan
	byKey     map[commitKey]*commitScan
	dismissed map[dismissalKey]dismissal
}

func (st *scanStore) of(key commitKey) *commitScan { return st.byKey[key] }

// ensure returns the scan of a commit; it creates one if there is none.
func (st *scanStore) ensure(key commitKey, branch string) *commitScan {
	scan := st.of(key)
	if scan == nil {
		scan = &commitScan{
			key: key, failed: map[codeant.Analysis]string{}, found: map[codeant.Analysis]json.RawMessage{}, jobs: map[codeant.Analysis]*job{},
		}
		if st.byKey == nil {
			st.byKey = map[commitKey]*commitScan{}
		}
		st.all, st.byKey[key] = append(st.all, scan), scan
	}
	if branch != "" || len(scan.runs) == 0 {
		scan.run(branch, time.Now())
	}
	return scan
}

// repositories returns the names of all repositories, in the order in which they were first named.
func (st *scanStore) repositories() []string {
	var names []string
	for _, scan := range st.all {
		if scan.key != (commitKey{}) && !slices.Contains(names, scan.key.repo) {
			names = append(names, scan.key.repo)
		}
	}
	return names
}

// SetFindings sets what an analysis of a commit finds. raw is either a list of findings (for SBOM, of packages; for
// duplicate code, of groups), which each endpoint answers in its own format, or a whole body, such as
// {"status":"failed"}, which is sent unchanged. The results are available even if no scan was started. Without
// SetFindings an analysis finds nothing. The zero Revision sets the findings of all commits that have none of their
// own, once a scan of them was started.
func (s *Server) SetFindings(rev codeant.Revision, a codeant.Analysis, raw json.RawMessage) {
	s.mu.Lock()
	defer s.mu.Unlock()
	scan := s.scans.ensure(keyOf(rev), rev.Branch)
	scan.found[a] = slices.Clone(raw)
	scan.jobs[a] = &job{begun: time.Now()}
	delete(scan.failed, a)
}

// FailScan makes the given analyses of a commit fail, or all of them if none is given. The zero Revision means all
// commits.
func (s *Server) FailScan(rev codeant.Revision, message string, as ...codeant.Analysis) {
	s.mu.Lock()
	defer s.mu.Unlock()
	scan := s.scans.ensure(keyOf(rev), rev.Branch)
	if len(as) == 0 {
		as = analyses()
	}
	for _, a := range as {
		scan.failed[a] = message
	}
}

func scanKey(in map[string]string) commitKey {
	return commitKey{codeant.Provider(in["service"]), in["repo"], in["commit_id"]}
}

func (s *Server) startScan(_ *call, in map[string]string) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.start(scanKey(in), in["branch"])
	return reply(http.StatusOK, map[string]string{"message": "Analysis started"})
}

func (s *Server) start(key commitKey, branch string) {
	scan := s.scans.ensure(key, branch)
	scan.started = true
	scan.run(branch, time.Now())
	clear(scan.jobs)
}

func resultsOf(a codeant.Analysis) func(*Server, *call, map[string]string) answer {
	return func(s *Server, _ *call, in map[string]string) answer {
		s.mu.Lock()
		defer s.mu.Unlock()
		scan := s.scans.of(scanKey(in))
		if scan == nil || !scan.has(a) {
			return refuse(http.StatusNotFound, "this commit has no scan")
		}
		if scan.job(a).pending(s.cfg) {
			return reply(http.StatusOK, map[string]string{"status": "pending"})
		}
		if message, failed := s.scans.failure(scan, a); failed {
			return reply(http.StatusOK, map[string]string{"status": "failed", "message": message})
		}
		return reply(http.StatusOK, scanBody(a, scan.key.commit, s.scans.mark(scan, a)))
	}
}

// has reports whether an analysis has results.
func (scan *commitScan) has(a codeant.Analysis) bool {
	_, found := scan.found[a]
	_, failed := scan.failed[a]
	return scan.started || found || failed
}

// failure returns the reason for which an analysis of a commit fails, if it does.
func (st *scanStore) failure(scan *commitScan, a codeant.Analysis) (message string, failed bool) {
	if message, failed = scan.failed[a]; failed {
		return message, true
	}
	if all := st.of(commitKey{}); all != nil && scan.found[a] == nil {
		message, failed = all.failed[a]
	}
	return message, failed
}

// hasFailed reports whether any analysis of a commit fails.
func (st *scanStore) hasFailed(scan *commitScan) bool {
	return slices.ContainsFunc(analyses(), func(a codeant.Analysis) bool {
		_, failed := st.failure(scan, a)
		return failed
	})
}

func isList(raw json.RawMessage) bool { return bytes.HasPrefix(bytes.TrimSpace(raw), []byte("[")) }

// scanBody puts a list of findings into the documented format of its analysis.
func scanBody(a codeant.Analysis, commit string, raw json.RawMessage) any {
	if !isList(raw) {
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

// history lists the scans of a repository, one for each commit and branch, oldest first.
func (s *Server) history(match func(commitKey) bool) []object {
	scans := []object{}
	for _, scan := range s.scans.all {
		if !match(scan.key) {
			continue
		}
		for _, run := range scan.runs {
			entry := object{"latest_commit_sha": scan.key.commit, "timestamp": run.begun.UTC().Format(time.RFC3339), "status": "done"}
			if run.branch != "" {
				entry["branch"] = run.branch
			}
			switch {
			case time.Since(run.begun) < s.cfg.readyAfter:
				entry["status"] = "pending"
			case s.scans.hasFailed(scan):
				entry["status"] = "failed"
			}
			scans = append(scans, entry)
		}
	}
	return scans
}

func (s *Server) scanHistory(_ *call, in map[string]string) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	scans := s.history(func(key commitKey) bool {
		return key.repo == in["repo"] && string(key.provider) == in["service"]
	})
	return reply(http.StatusOK, object{"repo": in["repo"], "last_analysis_results": scans})
}
