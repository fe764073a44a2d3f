package codeanttest

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/codeant-sdk/codeant"
)

// The analyses that only the scan centre offers.
const (
	infrastructure   = codeant.Analysis("iac")
	deadCode         = codeant.Analysis("dead_code")
	duplicateCode    = codeant.Analysis("duplicate_code")
	docstrings       = codeant.Analysis("docstring")
	complexFunctions = codeant.Analysis("complex_functions")
)

// centerAnalysis has the scan centre's names for an analysis.
type centerAnalysis struct {
	analysis   codeant.Analysis
	resultType string // in requests for results
	dismissed  string // in requests for dismissals
	op         string // of the request for its results
	plain      bool   // of fetch-results; the others are of fetch-advanced-results
}

func centerAnalyses() []centerAnalysis {
	return []centerAnalysis{
		{codeant.SAST, "security_issues", "security", "extension.results.security_issues", true},
		{codeant.AntiPatterns, "anti_patterns", "antipatterns", "extension.results.anti_patterns", true},
		{docstrings, "docstring", "docstring", "scans.results.docstring", true},
		{complexFunctions, "complex_functions", "complex_functions", "scans.results.complex_functions", true},
		{codeant.SCA, "sca", "sca", "extension.results.sca", false},
		{codeant.SBOM, "sbom", "", "extension.results.sbom", false},
		{codeant.Secrets, "secrets", "secrets", "extension.results.secrets", false},
		{infrastructure, "iac", "iac", "scans.results.iac", false},
		{deadCode, "dead_code", "dead_code", "scans.results.dead_code", false},
		{duplicateCode, "duplicate_code", "duplicate_code", "scans.results.duplicate_code", false},
	}
}

func analyses() []codeant.Analysis {
	var all []codeant.Analysis
	for _, a := range centerAnalyses() {
		all = append(all, a.analysis)
	}
	return all
}

func plainResults() map[string]string    { return resultOperations(true) }
func advancedResults() map[string]string { return resultOperations(false) }

func resultOperations(plain bool) map[string]string {
	ops := map[string]string{}
	for _, a := range centerAnalyses() {
		if a.plain == plain {
			ops[a.resultType] = a.op
		}
	}
	return ops
}

func centerFields() []field {
	return []field{need("repo"), need("commit_id"), need("result_type"), mayRaw("filter_dismissed"), mayRaw("include_false_positives")}
}

func runFields() []field {
	return []field{need("repo"), need("branch"), need("commit_id"), mayRaw("include_files"), mayRaw("exclude_files")}
}

// inReach returns a test for the commits of a repository that a token reaches: the scan centre's requests name no provider.
func inReach(who *tokenEntry, repo string) func(commitKey) bool {
	return func(key commitKey) bool {
		return key.repo == repo && (who.org == nil || key.provider == who.org.Provider)
	}
}

// centerKey returns a known commit, or the one that a scan of it would have.
func (s *Server) centerKey(who *tokenEntry, repo, commit string) commitKey {
	reaches := inReach(who, repo)
	for _, scan := range s.scans.all {
		if reaches(scan.key) && scan.key.commit == commit {
			return scan.key
		}
	}
	owner, _, _ := strings.Cut(repo, "/")
	for _, org := range s.reaches(who) {
		if strings.EqualFold(org.Name, owner) {
			return commitKey{org.Provider, repo, commit}
		}
	}
	return commitKey{codeant.GitHub, repo, commit}
}

func (s *Server) runAnalysis(c *call, in map[string]string) answer {
	for _, name := range []string{"include_files", "exclude_files"} {
		var globs []string
		if raw, given := in[name]; given && json.Unmarshal([]byte(raw), &globs) != nil {
			return refuse(http.StatusBadRequest, "field %q is not a list of strings", name)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.start(s.centerKey(c.token, in["repo"], in["commit_id"]), in["branch"])
	return reply(http.StatusOK, object{"status": "success", "message": "Analysis started"})
}

func (s *Server) centerHistory(c *call, in map[string]string) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	scans := s.history(inReach(c.token, in["repo"]))
	if len(scans) == 0 && !s.hasRepository(in["repo"]) {
		return fails("Repository not found")
	}
	return reply(http.StatusOK, object{"repo": in["repo"], "last_analysis_results": scans})
}

// hasRepository reports whether SetRepositories named a repository.
func (s *Server) hasRepository(repo string) bool {
	for _, raw := range s.repositories {
		var records []struct {
			FullName string `json:"full_name"`
		}
		_ = json.Unmarshal(raw, &records) // a test may set any JSON
		for _, r := range records {
			if r.FullName == repo {
				return true
			}
		}
	}
	return false
}

func (s *Server) centerResults(c *call, in map[string]string) answer {
	var wanted *centerAnalysis
	for _, a := range centerAnalyses() {
		if a.resultType == in["result_type"] && a.plain == strings.HasSuffix(c.URL.Path, "/fetch-results") {
			wanted = &a
		}
	}
	if wanted == nil {
		return fails("Unknown result type")
	}
	options := map[string]bool{"filter_dismissed": false, "include_false_positives": true}
	for name := range options {
		if raw, given := in[name]; given {
			value, err := strconv.ParseBool(raw)
			if err != nil {
				return refuse(http.StatusBadRequest, "field %q is not a boolean", name)
			}
			options[name] = value
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	scan := s.scans.of(s.centerKey(c.token, in["repo"], in["commit_id"]))
	a := wanted.analysis
	switch {
	case scan == nil || !scan.has(a):
		return fails("No such scan")
	case scan.job(a).pending(s.cfg):
		return reply(http.StatusOK, map[string]string{"status": "pending"})
	}
	if message, failed := s.scans.failure(scan, a); failed {
		return fails(message)
	}
	raw := s.scans.mark(scan, a)
	if !isList(raw) {
		return reply(http.StatusOK, raw)
	}
	findings := without(a, raw, options["filter_dismissed"], !options["include_false_positives"])
	return reply(http.StatusOK, wanted.body(scan.key, findings))
}

// body puts findings into the format that the scan centre uses for their analysis.
func (a centerAnalysis) body(key commitKey, findings []json.RawMessage) object {
	switch a.analysis {
	case codeant.SCA:
		return object{"status": "done", "results": object{"all_vulnerabilities": findings, "healthy_packages": []any{}}}
	case codeant.Secrets:
		return object{"status": "done", "secrets": findings}
	case deadCode:
		return object{"status": "done", "dead_code": findings}
	case infrastructure:
		report := object{"check_type": "terraform", "results": object{"passed_checks": []any{}, "failed_checks": findings}}
		return object{"status": "done", "results": []object{report}}
	case codeant.SBOM, duplicateCode:
		return object{"status": "done", "results": findings}
	}
	files := map[string][]json.RawMessage{}
	for _, raw := range findings {
		f := readFinding(raw)
		path := key.repo + "/" + key.commit + "/" + f.path() + "/" + a.resultType + ".json"
		files[path] = append(files[path], raw)
	}
	return object{"status": "done", "results": files}
}
