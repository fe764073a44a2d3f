package codeant

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/codeant-sdk/codeant/internal/jsonscan"
	"github.com/codeant-sdk/codeant/internal/success"
)

var (
	opAgentsStart   = operation{name: "agents.start", path: "/api/analysis/agents/scan/start", tokenField: "accessToken"}
	opAgentsResults = operation{
		name: "agents.results", path: "/api/analysis/agents/scan/results", idempotent: true, pollable: true, judges: success.Status,
	}
	opAgentsHistory = operation{name: "agents.history", path: "/api/analysis/agents/scan/history", idempotent: true}
)

// agentAnalysis marks findings of agents. ScansService does not know it.
const agentAnalysis Analysis = "agent"

// AgentsService starts scans by CodeAnt's agents and reads what they found.
type AgentsService struct{ client *Client }

// AgentScanRequest describes an agent scan of a branch. CodeAnt skips files over 400 KB or 5000 lines and scans at most 500
// files (docs.codeant.ai, api-reference/agent-analysis/start-agent-scan).
type AgentScanRequest struct {
	// Revision is what to scan. Its Branch is required and its Commit is optional: default is the head of the branch.
	Revision Revision
	// Prompt says what to look for: "threat_hunting" is documented, "bug_finding" occurs in an example. Required.
	Prompt string
	// Include and Exclude are globs of files, as in ScanRequest. Optional.
	Include, Exclude []string
}

// AgentScanStarted is an agent scan that CodeAnt accepted, unless it is Unconfirmed.
type AgentScanStarted struct {
	ID          string // for Results and Wait; empty if Unconfirmed
	Message     string
	FilesQueued int
	Unconfirmed bool // as in Started; History has the ID later
	Raw         json.RawMessage
}

// AgentScanResults holds the results of an agent scan.
type AgentScanResults struct {
	ID          string
	Repo        string
	Status      string
	Findings    []Finding // in the order of the answer; their Analysis is "agent"
	TotalIssues int       // the server's count; that of Findings if the server has none or a smaller one
	Raw         json.RawMessage

	done bool
}

// AgentScan is an entry of the history of agent scans.
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
		return invalid("branch", "", "is missing", "an agent scan needs the name of a branch")
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

// Start starts an agent scan. If the answer is lost, it is not retried and the error is ErrUnknownOutcome. After a 504 the
// scan may be running: the error is nil and the result is Unconfirmed.
//
// Evidence: documented (docs.codeant.ai, api-reference/agent-analysis/start-agent-scan). Uncertain: whether a cdt_ token is
// accepted in the body.
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
	queued := 0
	started, err := clientOf(s).start(ctx, opAgentsStart, in, func(doc jsonscan.Document) (*Started, error) {
		queued = doc.Number("filesQueued")
		started, err := newStarted(doc, "scanId")
		if err == nil && started.ID == "" {
			return nil, unusable("it has no scan ID")
		}
		return started, err
	})
	if err != nil {
		return nil, err
	}
	return &AgentScanStarted{
		ID: started.ID, Message: started.Message, FilesQueued: queued, Unconfirmed: started.Unconfirmed, Raw: started.Raw,
	}, nil
}

// Results returns the current state of an agent scan, which may still be in progress: see Status. If there is no result yet,
// the error is ErrNotReady, and after a 404 also ErrNotFound. If the scan failed, it is ErrScanFailed.
//
// Evidence: documented (docs.codeant.ai, api-reference/agent-analysis/get-agent-scan-results). Uncertain: the word for
// failed.
func (s *AgentsService) Results(ctx context.Context, repo, scanID string) (*AgentScanResults, error) {
	if err := validateAgentScan(repo, scanID); err != nil {
		return nil, err
	}
	in := struct {
		Repo string `json:"repo"`
		ID   string `json:"scanId"`
	}{repo, scanID}
	return fetch(ctx, clientOf(s), opAgentsResults, in, func(doc jsonscan.Document) (*AgentScanResults, error) {
		if doc.Kind() == jsonscan.Invalid {
			return nil, noResultYet()
		}
		return decodeAgentScan(doc)
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

// Wait polls Results until the agent scan is finished. If it does not finish, the error is ErrScanFailed, ErrWaitTimeout,
// ErrNotFound or the error of the last poll, and the last unfinished results, if any, are returned with it.
func (s *AgentsService) Wait(ctx context.Context, repo, scanID string, opts WaitOptions) (*AgentScanResults, error) {
	if err := cmp.Or(clientOf(s).ready(ctx), validateAgentScan(repo, scanID)); err != nil {
		return nil, err
	}
	var results *AgentScanResults
	err := poll(ctx, opAgentsResults, opts, func(ctx context.Context) pollState {
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

// Run starts an agent scan and waits for its results, as Wait does. If the start is Unconfirmed, the scan's ID is not known
// and the error is ErrUnknownOutcome; History lists the scan if it is running.
func (s *AgentsService) Run(ctx context.Context, req AgentScanRequest, opts WaitOptions) (*AgentScanResults, error) {
	started, err := s.Start(ctx, req)
	if err != nil {
		return nil, err
	}
	if started.Unconfirmed {
		return nil, fmt.Errorf("codeant: agents.start: the gateway timed out (504), so the scan may be running under an unknown ID; "+
			"find it with History, then use Wait: %w", ErrUnknownOutcome)
	}
	return s.Wait(ctx, req.Revision.Repo, started.ID, opts)
}

// History returns the agent scans of a repository, in the server's order.
//
// Evidence: documented (docs.codeant.ai, api-reference/agent-analysis/get-agent-scan-history).
func (s *AgentsService) History(ctx context.Context, repo string) ([]AgentScan, error) {
	if err := validateRepo(repo); err != nil {
		return nil, err
	}
	in := struct {
		Repo string `json:"repo"`
	}{repo}
	return fetch(ctx, clientOf(s), opAgentsHistory, in, func(doc jsonscan.Document) ([]AgentScan, error) {
		return decodeList(doc, "scans", "scan", newAgentScan)
	})
}

func newAgentScan(doc jsonscan.Document) (AgentScan, error) {
	return AgentScan{
		ID: doc.Text("scan_id"), Provider: providerOf(doc.Text("service")), Repo: doc.Text("repo_name"), Branch: doc.Text("branch"),
		Commit: doc.Text("commit_id"), Prompt: doc.Text("prompt"), Time: doc.Time("timestamp"), Files: doc.Number("num_files"), Raw: doc.Raw(),
	}, nil
}

func decodeAgentScan(doc jsonscan.Document) (*AgentScanResults, error) {
	if err := wantObject(doc); err != nil {
		return nil, err
	}
	status, err := soleStatus(doc.Fields)
	if err != nil {
		return nil, err
	}
	word, _ := status.Text()
	results := &AgentScanResults{
		ID: doc.Text("scanId"), Repo: doc.Text("repoName"), Status: word, TotalIssues: doc.Number("totalIssues"), Raw: doc.Raw(),
	}
	files, isList := doc.List("results")
	switch state := stateOf(word); {
	case state == stateFailed:
		return nil, scanFailed(word)
	case strings.TrimSpace(word) == "":
		return nil, unusable(`field "status" is missing`)
	case state == stateDone && !isList:
		return nil, unusable("%v", wrongField("results", files))
	default:
		results.done = state == stateDone
	}
	d := scanBody{finder: finder{analysis: agentAnalysis, members: doc.Fields.Rest()}, results: &ScanResults{}}
	for file := range files.Elements() {
		inside, err := fieldsOf(file)
		if err != nil {
			return nil, err
		}
		issues, isList := inside.List("issues")
		if !isList {
			return nil, unusable("a file has no list of issues")
		}
		if err := d.list(issues, inside.Text("file")); err != nil {
			return nil, err
		}
	}
	results.Findings = d.results.Findings
	results.TotalIssues = max(results.TotalIssues, len(results.Findings)) // a count that is missing does not mean no issues
	return results, nil
}
