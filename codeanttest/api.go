package codeanttest

import (
	"encoding/json"
	"net/http"
	"slices"

	"github.com/codeant-sdk/codeant"
)

// endpoint is one operation of the API.
type endpoint struct {
	op         string
	path       string
	credential string // the field that may hold the credential, besides the header; empty if there is none
	fields     []field
	handle     func(s *Server, c *call, in map[string]string) answer
	variants   map[string]string // operations that share the path: the value of result_type, and the operation's name
}

// endpoints lists all operations except coverage.put, which the storage handles.
func endpoints() []endpoint {
	const (
		snake, camel = "access_token", "accessToken"
		analysis     = "/api/analysis/"
		agents       = analysis + "agents/scan/"
		coverage     = "/pr/analysis/coverage/"
		gates        = "/analysis/ci/quality-gates/scan/"
		center       = "/extension/scans2/"
		metrics      = "/api/metrics/developer/"
		teams        = metrics + "teams/"
	)
	results := func(op, path string, a codeant.Analysis) endpoint {
		return endpoint{op: op, path: path, credential: snake, fields: scanFields(), handle: resultsOf(a)}
	}
	return []endpoint{
		{op: "tokens.create", path: "/api/tokens/create", fields: []field{need("name")}, handle: (*Server).createToken},
		{op: "tokens.list", path: "/api/tokens/list", handle: (*Server).listTokens},
		{op: "tokens.revoke", path: "/api/tokens/revoke", fields: []field{need("token_id")}, handle: (*Server).revokeToken},

		{op: "coverage.presign", path: coverage + "presign", credential: snake, fields: coverageFields(), handle: (*Server).presign},
		{op: "coverage.complete", path: coverage + "complete", credential: snake, fields: coverageFields(), handle: (*Server).complete},

		{op: "gates.start", path: gates + "start", fields: gateFields(), handle: (*Server).startGates},
		{op: "gates.results", path: gates + "results", fields: gateFields(), handle: (*Server).gateResults},

		{op: "scans.start", path: analysis + "start", credential: snake, fields: scanStartFields(), handle: (*Server).startScan},
		results("scans.results.sast", analysis+"results", codeant.SAST),
		results("scans.results.sca", analysis+"results/sca", codeant.SCA),
		results("scans.results.secrets", analysis+"results/secrets", codeant.Secrets),
		results("scans.results.sbom", analysis+"results/sbom", codeant.SBOM),
		results("scans.results.antipatterns", analysis+"results/antipatterns", codeant.AntiPatterns),
		{
			op: "scans.history", path: analysis + "scan-history", credential: snake, fields: []field{need("repo"), need("service")},
			handle: (*Server).scanHistory,
		},

		{op: "agents.start", path: agents + "start", credential: camel, fields: agentStartFields(), handle: (*Server).startAgent},
		{op: "agents.results", path: agents + "results", fields: []field{need("repo"), need("scanId")}, handle: (*Server).agentResults},
		{op: "agents.history", path: agents + "history", fields: []field{need("repo")}, handle: (*Server).agentHistory},

		{op: "account.verify", path: center + "validate", fields: []field{may("extension")}, handle: (*Server).validateConnection},
		{op: "account.repositories", path: center + "listrepos", fields: []field{need("org")}, handle: (*Server).listRepositories},
		{op: "extension.history", path: center + "get-scan-history", fields: []field{need("repo")}, handle: (*Server).centerHistory},
		{
			op: "extension.results", path: center + "fetch-results", fields: centerFields(), handle: (*Server).centerResults,
			variants: plainResults(),
		},
		{
			op: "extension.results", path: center + "fetch-advanced-results", fields: centerFields(), handle: (*Server).centerResults,
			variants: advancedResults(),
		},
		{
			op: "scans.dismissals", path: center + "dismiss-alerts/get", fields: []field{need("repo"), need("analysis_type")},
			handle: (*Server).listDismissals,
		},
		{op: "extension.start", path: "/extension/analysis/run", fields: runFields(), handle: (*Server).runAnalysis},

		{op: "teams.list", path: teams + "list", fields: teamListFields(), handle: (*Server).listTeams},
		{op: "teams.get", path: teams + "get", fields: teamFields(), handle: (*Server).getTeam},
		{op: "teams.create", path: teams + "create", fields: teamCreateFields(), handle: (*Server).createTeam},
		{op: "teams.update", path: teams + "update", fields: teamUpdateFields(), handle: (*Server).updateTeam},
		{op: "teams.delete", path: teams + "delete", fields: teamDeleteFields(), handle: (*Server).deleteTeam},
		{op: "teams.members.add", path: teams + "members/add", fields: newMemberFields(), handle: (*Server).addMember},
		{op: "teams.members.remove", path: teams + "members/remove", fields: memberFields(), handle: (*Server).removeMember},

		{
			op: "metrics.active_developers", path: metrics + "devs/active/get", fields: rangeFields(),
			handle: metric("active_developers", noActiveDevelopers),
		},
		{op: "metrics.pull_requests", path: metrics + "prs/get", fields: rangeFields(), handle: metric("developer_pr_data", noPullRequests)},
		{op: "metrics.comparison", path: metrics + "comparison/get", fields: authorFields(), handle: metric("dev_comparison", emptyComparison)},
		{op: "metrics.summary", path: metrics + "summary/get", fields: summaryFields(), handle: metric("dev_summary", emptySummary)},
	}
}

// Operations returns the sorted names of all operations of the server: those of the methods of package codeant, "call"
// for the patterns of Handle, and "extension.…" for endpoints that only CodeAnt's command line client uses.
func Operations() []string {
	names := []string{opCoveragePut, opCall}
	for _, e := range endpoints() {
		names = append(names, e.op)
		for _, op := range e.variants {
			names = append(names, op)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// operation returns the name of a request's operation. If the path has variants, the body decides.
func (e endpoint) operation(c *call) string {
	if e.variants == nil || c.read() != nil {
		return e.op
	}
	var in struct {
		ResultType string `json:"result_type"`
	}
	if json.Unmarshal(c.body, &in) == nil {
		if op, known := e.variants[in.ResultType]; known {
			return op
		}
	}
	return e.op
}

func (s *Server) answerAPI(e endpoint, c *call) answer {
	if c.Method != http.MethodPost {
		a := refuse(http.StatusMethodNotAllowed, "use POST")
		a.header = http.Header{"Allow": {http.MethodPost}}
		return a
	}
	who, refusal := s.authenticate(c, e.credential)
	if refusal != nil {
		return *refusal
	}
	in, refusal := c.fields(e.fields)
	if refusal != nil {
		return *refusal
	}
	if refusal := s.authorize(who, in); refusal != nil {
		return *refusal
	}
	c.token = who
	return e.handle(s, c, in)
}
