package codeant

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/codeant-sdk/codeant/internal/strictjson"
)

var (
	opAgentsStart   = operation{name: "agents.start", path: "/api/analysis/agents/scan/start", tokenField: "accessToken"}
	opAgentsResults = operation{name: "agents.results", path: "/api/analysis/agents/scan/results", idempotent: true, pollable: true, ownStatus: true}
	opAgentsHistory = operation{name: "agents.history", path: "/api/analysis/agents/scan/history", idempotent: true}
)

// agentAnalysis marks findings of agents. It is no Analysis that ScansService knows.
const agentAnalysis Analysis = "agent"

// AgentsService starts scans by CodeAnt's agents and reads what they found.
type AgentsService struct{ client *Client }

// AgentScanRequest asks for an agent scan of a branch. CodeAnt skips files over 400 KB or 5000 lines and takes at most 500
// files (docs.codeant.ai, api-reference/agent-analysis/start-agent-scan).
type AgentScanRequest struct {
	// Revision names the repository and the branch, which is required here. Without a commit, the head of the branch is
	// scanned. Required.
	Revision Revision
	// Prompt is what the agents look for: "threat_hunting" is documented, "bug_finding" occurs in an example. Required.
	Prompt string
	// Include and Exclude are globs of files, as in ScanRequest. Optional.
	Include, Exclude []string
}

// AgentScanStarted is an agent scan that CodeAnt took on.
type AgentScanStarted struct {
	ID          string // for Results and Wait; empty if Unconfirmed
	Message     string
	FilesQueued int
	Unconfirmed bool // as in Started; History tells the ID then
	Raw         json.RawMessage
}

// AgentScanResults is what an agent scan found.
type AgentScanResults struct {
	ID          string
	Repo        string
	Status      string
	Findings    []Finding // in the order of the answer; their Analysis is "agent"
	TotalIssues int       // as the server counts
	Raw         json.RawMessage

	done bool
}

// AgentScan is one agent scan of the past.
type AgentScan struct {
	ID       string
	Provider Provider
	Repo     string
	Branch   string
	Commit   string
	Prompt   string
	Time     time.Time // zero if it could not be read
	Files    int
	Raw      json.RawMessage
}

func (r AgentScanRequest) validate() error {
	rev := r.Revision
	if err := cmp.Or(rev.Provider.validate(), validateRepo(rev.Repo)); err != nil {
		return err
	}
	if rev.Branch == "" {
		return invalid("branch", "", "is missing", "an agent scan is about a branch: give its name")
	}
	if rev.Commit != "" {
		if err := validateCommit(rev.Commit); err != nil {
			return err
		}
	}
	if strings.TrimSpace(r.Prompt) == "" {
		return invalid("prompt", "", "is missing", `say what to look for, such as "threat_hunting"`)
	}
	return cmp.Or(validateText("branch", rev.Branch), validateProviderURL(rev.ProviderURL))
}

// Start asks for an agent scan. It is not repeated when the answer is lost: that is ErrUnknownOutcome. After a 504 the
// scan may run all the same: that is Unconfirmed.
//
// Documented (docs.codeant.ai, api-reference/agent-analysis/start-agent-scan); that the body's credential may be a
// CodeAnt token is inferred.
func (s *AgentsService) Start(ctx context.Context, req AgentScanRequest) (*AgentScanStarted, error) {
	if err := req.validate(); err != nil {
		return nil, err
	}
	rev := req.Revision
	in := struct {
		Service     Provider `json:"service"`
		Repo        string   `json:"repo"`
		Branch      string   `json:"branch"`
		Prompt      string   `json:"instructionPrompt"`
		Commit      string   `json:"commitId,omitempty"`
		Include     string   `json:"includeFiles,omitempty"`
		Exclude     string   `json:"excludeFiles,omitempty"`
		AzureDevOps string   `json:"azureDevopsBaseUrl,omitempty"`
		GitLab      string   `json:"gitlab_base_url,omitempty"`
		GitHub      string   `json:"github_base_url,omitempty"`
		Bitbucket   string   `json:"bitbucket_base_url,omitempty"`
	}{Service: rev.Provider, Repo: rev.Repo, Branch: rev.Branch, Prompt: req.Prompt, Commit: rev.Commit}
	var err error
	if in.Include, err = globs("include glob", req.Include); err != nil {
		return nil, err
	}
	if in.Exclude, err = globs("exclude glob", req.Exclude); err != nil {
		return nil, err
	}
	address := rev.Provider.addressOf(rev.ProviderURL)
	switch rev.Provider {
	case AzureDevOps:
		in.AzureDevOps = address
	case GitLab:
		in.GitLab = address
	case GitHub:
		in.GitHub = address
	case Bitbucket:
		in.Bitbucket = address
	}
	started, err := clientOf(s).start(ctx, opAgentsStart, in, "scanId")
	if err != nil {
		return nil, err
	}
	return &AgentScanStarted{
		ID: started.ID, Message: started.Message, Unconfirmed: started.Unconfirmed, Raw: started.Raw,
		FilesQueued: newFields(started.Raw).number(0, "filesQueued"),
	}, nil
}

// Results looks at an agent scan once. While it is in progress, the status says so. No result yet is ErrNotReady (404:
// also ErrNotFound).
//
// Documented (docs.codeant.ai, api-reference/agent-analysis/get-agent-scan-results); a status for failure is not, and
// failed and error are taken for ErrScanFailed.
func (s *AgentsService) Results(ctx context.Context, repo, scanID string) (*AgentScanResults, error) {
	if err := validateAgentScan(repo, scanID); err != nil {
		return nil, err
	}
	in := struct {
		Repo string `json:"repo"`
		ID   string `json:"scanId"`
	}{repo, scanID}
	return fetch(ctx, clientOf(s), opAgentsResults, in, func(body []byte) (*AgentScanResults, error) {
		if len(body) == 0 {
			return nil, noResultYet()
		}
		return decodeAgentScan(body)
	})
}

func validateAgentScan(repo, scanID string) error {
	if err := validateRepo(repo); err != nil {
		return err
	}
	if scanID == "" {
		return invalid("scan ID", "", "is missing", "use the ID that Start or History returns")
	}
	return validateText("scan ID", scanID)
}

// Wait polls until an agent scan is finished. Otherwise it is ErrScanFailed, ErrWaitTimeout, ErrNotFound or what else
// kept the answer away.
func (s *AgentsService) Wait(ctx context.Context, repo, scanID string, opts WaitOptions) (*AgentScanResults, error) {
	if err := validateAgentScan(repo, scanID); err != nil {
		return nil, err
	}
	var results *AgentScanResults
	err := poll(ctx, opAgentsResults.name, opts, func(ctx context.Context) pollState {
		seen, err := s.Results(ctx, repo, scanID)
		switch {
		case errors.Is(err, ErrScanFailed):
			return pollState{done: true, err: err}
		case err != nil:
			return pollState{err: err}
		}
		results = seen
		return pollState{status: seen.Status, done: seen.done}
	})
	return results, err
}

// History returns the agent scans of a repository, in the server's order.
//
// Documented (docs.codeant.ai, api-reference/agent-analysis/get-agent-scan-history).
func (s *AgentsService) History(ctx context.Context, repo string) ([]AgentScan, error) {
	if err := validateRepo(repo); err != nil {
		return nil, err
	}
	in := struct {
		Repo string `json:"repo"`
	}{repo}
	return fetch(ctx, clientOf(s), opAgentsHistory, in, func(body []byte) ([]AgentScan, error) {
		list := member(body, "scans")
		if strictjson.KindOf(list) != strictjson.Array {
			return nil, unusable(`its field "scans" is no list`)
		}
		scans := []AgentScan{}
		for element := range strictjson.Elements(list) {
			if kind := strictjson.KindOf(element); kind != strictjson.Object {
				return nil, unusable("a scan in it is %s", kind)
			}
			scans = append(scans, newAgentScan(element))
		}
		return scans, nil
	})
}

func newAgentScan(raw json.RawMessage) AgentScan {
	f := newFields(raw)
	scan := AgentScan{
		ID: f.text("scan_id"), Provider: Provider(f.text("service")), Repo: f.text("repo_name"), Branch: f.text("branch"),
		Commit: f.text("commit_id"), Prompt: f.text("prompt"), Files: f.number(0, "num_files"), Raw: raw,
	}
	if p, err := ParseProvider(string(scan.Provider)); err == nil {
		scan.Provider = p
	}
	scan.Time, _ = time.Parse(time.RFC3339Nano, f.text("timestamp"))
	return scan
}

func decodeAgentScan(body []byte) (*AgentScanResults, error) {
	if kind := strictjson.KindOf(body); kind != strictjson.Object {
		return nil, unusable("it is %s", kind)
	}
	f := newFields(body)
	results := &AgentScanResults{
		ID: f.text("scanId"), Repo: f.text("repoName"), Status: f.text("status"), TotalIssues: f.number(0, "totalIssues"), Raw: body,
	}
	switch state := stateOf(results.Status); {
	case state == stateFailed:
		return nil, scanFailed(results.Status)
	case strictjson.KindOf(f["results"]) != strictjson.Array && state == stateDone:
		return nil, unusable(`its field "results" is no list`)
	case results.Status == "":
		return nil, unusable(`its field "status" is missing`)
	default:
		results.done = state == stateDone
	}
	for file := range strictjson.Elements(f["results"]) {
		issues := member(file, "issues")
		if strictjson.KindOf(issues) != strictjson.Array {
			return nil, unusable("a list of issues is missing in it")
		}
		for issue := range strictjson.Elements(issues) {
			if kind := strictjson.KindOf(issue); kind != strictjson.Object {
				return nil, unusable("an issue in it is %s", kind)
			}
			results.Findings = append(results.Findings, newFinding(agentAnalysis, issue, scalar(file, "file")))
		}
	}
	return results, nil
}
