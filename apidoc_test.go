package codeant

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write docs/api.md anew")

// endpoint is a row of docs/api.md. What the declarations cannot tell is written here.
type endpoint struct {
	variable  string // of the operation
	op        operation
	id        string // in the reconstructed description of the API; empty where it has none
	method    string // of this package
	known     string
	uncertain string
}

const pages = "docs.codeant.ai/api-reference"

var documentedEndpoints = []endpoint{
	{"opTokensCreate", opTokensCreate, "", "Tokens.Create, Tokens.Rotate", "inferred: CodeAnt documents tokens as pages of its web app (settings/api-tokens)", "everything"},
	{"opTokensList", opTokensList, "", "Tokens.List", "inferred, as above", "everything"},
	{"opTokensRevoke", opTokensRevoke, "", "Tokens.Revoke, Tokens.Rotate", "inferred, as above", "everything"},
	{"opCoveragePresign", opCoveragePresign, "presignCoverage", "Coverage.Presign, Coverage.Upload", "observed: CodeAnt-AI/codeant-scripts upload_coverage.sh", "the name module_path; how Azure DevOps is spelled; how long the URL lives"},
	{"opCoverageComplete", opCoverageComplete, "completeCoverage", "Coverage.Complete, Coverage.Upload", "observed: upload_coverage.sh", "the answer"},
	{"opScansStart", opScansStart, "startAnalysis", "Scans.Start, Scans.Run", "documented: " + pages + "/analysis/start-analysis", "that a cdt_ token is accepted in the body; bitbucket_base_url"},
	{"opScansSAST", opScansSAST, "getAnalysisResults", "Scans.Results, Scans.Wait", "documented: …/analysis/get-analysis-results; body observed: start_scan.sh", "fields of a finding"},
	{"opScansSCA", opScansSCA, "getSCAResults", "Scans.Results, Scans.Wait", "observed: start_scan.sh", "fields of a finding"},
	{"opScansSecrets", opScansSecrets, "getSecretsResults", "Scans.Results, Scans.Wait", "documented: …/analysis/get-secrets-scan-results", "words of confidence_score"},
	{"opScansSBOM", opScansSBOM, "getSBOMResults", "Scans.Results, Scans.Wait", "documented: …/analysis/get-sbom-results", ""},
	{"opScansSBOMOlder", opScansSBOMOlder, "getSBOMResults", "tried by Scans.Results when the newer path answers 404", "documented: an older rendering of the same page", "whether it exists"},
	{"opScansAntiPatterns", opScansAntiPatterns, "getAntiPatternsResults", "Scans.Results, Scans.Wait", "documented: …/analysis/get-anti-patterns-results", "whether it has a status"},
	{"opScansHistory", opScansHistory, "getScanHistory", "Scans.History", "documented in its path: …/analysis/get-scan-history", "request and answer"},
	{"opScansIaC", opScansIaC, "fetchAdvancedScanResults", "Scans.Results, Scans.Wait", "observed: CodeAnt-AI/codeant-cli", "whether a cdt_ token is accepted"},
	{"opScansDeadCode", opScansDeadCode, "fetchAdvancedScanResults", "Scans.Results, Scans.Wait", "observed, as above", "as above"},
	{"opScansDuplicateCode", opScansDuplicateCode, "fetchAdvancedScanResults", "Scans.Results, Scans.Wait", "observed, as above", "as above"},
	{"opScansDocstrings", opScansDocstrings, "fetchScanResults", "Scans.Results, Scans.Wait", "observed, as above", "as above"},
	{"opScansComplexFunctions", opScansComplexFunctions, "fetchScanResults", "Scans.Results, Scans.Wait", "observed, as above", "as above"},
	{"opScansDismissals", opScansDismissals, "getDismissedAlerts", "Scans.Dismissals", "observed, as above", "as above"},
	{"opAccountVerify", opAccountVerify, "validateConnection", "Account.Verify", "observed, as above", "as above"},
	{"opAccountRepositories", opAccountRepositories, "listRepos", "Account.Repositories", "observed, as above", "as above; which provider's organization is meant where two have its name"},
	{"opGatesStart", opGatesStart, "startQualityGateScan", "Gates.Start, Gates.Run", "observed: quality_gates.sh", ""},
	{"opGatesResults", opGatesResults, "getQualityGateResults", "Gates.Results, Gates.Wait", "observed: quality_gates.sh", "which gates there are, and the word for passed"},
	{"opAgentsStart", opAgentsStart, "startAgentScan", "Agents.Start", "documented: …/agent-analysis/start-agent-scan", "that a cdt_ token is accepted in the body"},
	{"opAgentsResults", opAgentsResults, "getAgentScanResults", "Agents.Results, Agents.Wait", "documented: …/agent-analysis/get-agent-scan-results", "the word for failed"},
	{"opAgentsHistory", opAgentsHistory, "getAgentScanHistory", "Agents.History", "documented: …/agent-analysis/get-agent-scan-history", ""},
	{"opTeamsList", opTeamsList, "listTeams", "Teams.List", "documented: …/developer-metrics--teams/list-teams", "paging"},
	{"opTeamsGet", opTeamsGet, "getTeam", "Teams.Get", "documented: …/get-team", ""},
	{"opTeamsCreate", opTeamsCreate, "createTeam", "Teams.Create", "documented: …/create-team", ""},
	{"opTeamsUpdate", opTeamsUpdate, "updateTeam", "Teams.Update", "documented: …/update-team", "color, repositories, tags, parent_team_id, is_active"},
	{"opTeamsDelete", opTeamsDelete, "deleteTeam", "Teams.Delete", "documented: …/delete-team", ""},
	{"opTeamsAddMember", opTeamsAddMember, "addTeamMember", "Teams.AddMember", "inferred: from its sibling and the page of create-team", "everything"},
	{"opTeamsRemoveMember", opTeamsRemoveMember, "removeTeamMember", "Teams.RemoveMember", "documented in its path: …/remove-team-member", "org, team_id, the answer"},
	{"opMetricsActive", opMetricsActive, "getActiveDevelopers", "Metrics.ActiveDevelopers", "documented: …/developer-metrics/get-active-developers", "that a cdt_ token is accepted; values of the maps"},
	{"opMetricsPullRequests", opMetricsPullRequests, "getDeveloperPRData", "Metrics.PullRequests", "documented: …/developer-metrics/get-developer-pr-data", "as above"},
	{"opMetricsComparison", opMetricsComparison, "getDeveloperComparison", "Metrics.Comparison", "documented: …/developer-metrics/get-developer-comparison", "what is inside org_context and developer"},
	{"opMetricsSummary", opMetricsSummary, "getDeveloperSummary", "Metrics.Summary", "documented in its path: …/developer-metrics/get-developer-summary", "request and answer"},
}

const apiDocHead = `# The API, endpoint by endpoint

Every endpoint that this package speaks to, how well it is known, and what is uncertain. CodeAnt publishes parts of its
API; the rest is observed in its own scripts or inferred from the neighbours. Every call is a POST and carries
` + "`Authorization: Bearer`" + `; "field" is where the vendor's documentation or scripts want the credential besides.

An operation that is not idempotent is never repeated after its bytes left, but on 429.

| Method | Operation | Path | Known | Idempotent | Field | Uncertain |
|---|---|---|---|---|---|---|
`

const apiDocTail = `| ` + "`Coverage.Upload`" + ` | ` + "`coverage.put`" + ` | PUT the presigned URL | observed: upload_coverage.sh | yes | none, and no header either | whether Content-Type is signed |
| ` + "`Client.Call`" + ` | ` + "`call`" + ` | any | - | as the caller says | - | - |

## No method, and why

| Operation of the description | Path | Why |
|---|---|---|
| getScanScript | GET /analysis/ci/scan/script/get | downloads start_scan.sh, which ` + "`Scans`" + ` replaces |
| getQualityGatesScript | GET /analysis/ci/quality-gates/script/get | downloads quality_gates.sh, which ` + "`Gates`" + ` replaces |
| getCoverageScript | GET /pr/analysis/coverage/script/get | downloads upload_coverage.sh, which ` + "`Coverage`" + ` replaces |
| runAnalysis | POST /extension/analysis/run | starts a scan as ` + "`Scans.Start`" + ` does, which is documented |
| getScanCenterHistory | POST /extension/scans2/get-scan-history | lists scans as ` + "`Scans.History`" + ` does, whose path is documented |
| getIssueOverrides | POST /extension/scans2/change-issue-details/get | lists changes that results are said to have in them |
`

func apiDoc() string {
	var b strings.Builder
	b.WriteString(apiDocHead)
	for _, e := range documentedEndpoints {
		idempotent, field, operationID := "no", "-", ""
		if e.op.idempotent {
			idempotent = "yes"
		}
		if e.op.tokenField != "" {
			field = "`" + e.op.tokenField + "`"
		}
		if e.id != "" {
			operationID = " (" + e.id + ")"
		}
		uncertain := e.uncertain
		if uncertain == "" {
			uncertain = "-"
		}
		method := e.method
		if !strings.HasPrefix(method, "tried") {
			method = "`" + strings.ReplaceAll(method, ", ", "`, `") + "`"
		}
		fmt.Fprintf(&b, "| %s | `%s`%s | %s | %s | %s | %s | %s |\n", method, e.op.name, operationID, e.op.path, e.known, idempotent, field, uncertain)
	}
	b.WriteString(apiDocTail)
	return b.String()
}

func TestTheAPIPageTellsWhatTheOperationsDeclare(t *testing.T) {
	t.Parallel()
	if *update {
		require.NoError(t, os.WriteFile("docs/api.md", []byte(apiDoc()), 0o644))
	}
	page, err := os.ReadFile("docs/api.md")
	require.NoError(t, err)
	assert.Equal(t, apiDoc(), string(page), "go test -run APIPage -update . writes it anew")
}

func TestTheAPIPageLeavesNoOperationOut(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	declared := map[string]bool{}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		for _, decl := range file.Decls {
			if gen, ok := decl.(*ast.GenDecl); ok && gen.Tok == token.VAR {
				for _, spec := range gen.Specs {
					for _, id := range spec.(*ast.ValueSpec).Names {
						if strings.HasPrefix(id.Name, "op") && ast.IsExported(id.Name[2:]) {
							declared[id.Name] = true
						}
					}
				}
			}
		}
	}
	written := map[string]bool{}
	for _, e := range documentedEndpoints {
		written[e.variable] = true
	}
	assert.Equal(t, declared, written)
}

// evidence is the form of the paragraph that ends the comment of a method with an endpoint.
var evidence = regexp.MustCompile(`^Evidence: (documented|observed|inferred) \([^()]+(\([^()]*\))?[^()]*\)(, (documented|observed|inferred) \([^()]+\))?\.( Uncertain: [^.]+\.)?$`)

func TestEveryMethodWithAnEndpointEndsWithItsEvidence(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	checked := 0
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments|parser.SkipObjectResolution)
		require.NoError(t, err)
		for _, decl := range file.Decls {
			method, ok := decl.(*ast.FuncDecl)
			if !ok || !ofAService(method) || method.Name.Name == "Wait" || !usesAnOperation(method.Body) {
				continue
			}
			checked++
			paragraphs := strings.Split(strings.TrimSpace(method.Doc.Text()), "\n\n")
			last := strings.Join(strings.Fields(paragraphs[len(paragraphs)-1]), " ")
			assert.Regexp(t, evidence, last, "%s: %s", name, method.Name.Name)
		}
	}
	assert.GreaterOrEqual(t, checked, 25)
}

func ofAService(method *ast.FuncDecl) bool {
	if method.Recv == nil || !method.Name.IsExported() {
		return false
	}
	pointer, ok := method.Recv.List[0].Type.(*ast.StarExpr)
	if !ok {
		return false
	}
	name, ok := pointer.X.(*ast.Ident)
	return ok && strings.HasSuffix(name.Name, "Service")
}

// usesAnOperation reports whether a body names an operation, or asks an Analysis for its own.
func usesAnOperation(body *ast.BlockStmt) bool {
	found := false
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Ident:
			found = found || strings.HasPrefix(n.Name, "op") && len(n.Name) > 2 && ast.IsExported(n.Name[2:])
		case *ast.SelectorExpr:
			found = found || n.Sel.Name == "results"
		}
		return true
	})
	return found
}
