package codeanttest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"time"
)

func agentStartFields() []field {
	return append(
		mayAll("commitId", "includeFiles", "excludeFiles", "azureDevopsBaseUrl", "gitlab_base_url", "github_base_url", "bitbucket_base_url"),
		need("service"), need("repo"), need("branch"), need("instructionPrompt"),
	)
}

type agentScan struct {
	Service   string    `json:"service"`
	Repo      string    `json:"repo_name"`
	Branch    string    `json:"branch"`
	Commit    string    `json:"commit_id"`
	ID        string    `json:"scan_id"`
	Prompt    string    `json:"prompt"`
	Timestamp time.Time `json:"timestamp"`
	Files     int       `json:"num_files"`

	job job
}

type agentStore struct {
	scans []*agentScan
	found map[string]json.RawMessage // by repository
}

// SetAgentFindings sets what agent scans of a repository find: a list of files with their issues, in the format that
// CodeAnt documents. Without it they find nothing.
func (s *Server) SetAgentFindings(repo string, raw json.RawMessage) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.agents.found == nil {
		s.agents.found = map[string]json.RawMessage{}
	}
	s.agents.found[repo] = slices.Clone(raw)
}

func (s *Server) startAgent(_ *call, in map[string]string) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	scan := &agentScan{
		Service: in["service"], Repo: in["repo"], Branch: in["branch"], Commit: in["commitId"], Prompt: in["instructionPrompt"],
		ID: "agent-" + strconv.Itoa(len(s.agents.scans)+1), Timestamp: time.Now().UTC(), Files: 1,
		job: job{begun: time.Now()},
	}
	s.agents.scans = append(s.agents.scans, scan)
	return reply(http.StatusOK, map[string]any{"message": "Scan started successfully", "scanId": scan.ID, "filesQueued": scan.Files})
}

func (s *Server) agentResults(_ *call, in map[string]string) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, scan := range s.agents.scans {
		if scan.ID != in["scanId"] || scan.Repo != in["repo"] {
			continue
		}
		body := map[string]any{"scanId": scan.ID, "repoName": scan.Repo, "status": "in_progress", "results": []any{}, "totalIssues": 0}
		if !scan.job.pending(s.cfg) {
			body["status"] = "completed"
			var files []struct{ Issues []json.RawMessage }
			if found := s.agents.found[scan.Repo]; json.Unmarshal(found, &files) == nil {
				body["results"] = found
				total := 0
				for _, file := range files {
					total += len(file.Issues)
				}
				body["totalIssues"] = total
			}
		}
		return reply(http.StatusOK, body)
	}
	return refuse(http.StatusNotFound, "no such agent scan")
}

func (s *Server) agentHistory(_ *call, in map[string]string) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	scans := []*agentScan{}
	for _, scan := range slices.Backward(s.agents.scans) {
		if scan.Repo == in["repo"] {
			scans = append(scans, scan)
		}
	}
	return reply(http.StatusOK, map[string]any{"scans": scans})
}
