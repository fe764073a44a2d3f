package contract_test

import (
	"net/http"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant/tools/contract"
)

// The descriptions of CodeAnt's API are not part of the repository: they lie beside it, or where CODEANT_OPENAPI and
// CODEANT_EXTENSION_OPENAPI say.
func described(t *testing.T) (spec *contract.Spec, ok bool) {
	t.Helper()
	return load(t, "CODEANT_OPENAPI", "../../../shared/api/openapi.yaml")
}

// describedCentre loads the description of the scan centre, which CodeAnt's command line client uses.
func describedCentre(t *testing.T) (spec *contract.Spec, ok bool) {
	t.Helper()
	return load(t, "CODEANT_EXTENSION_OPENAPI", "../../../shared/api/extension-openapi.yaml")
}

// load loads a description. If it is not at its usual place, ok is false and the test's log says so; a file that the
// variable names has to be there.
func load(t *testing.T, variable, usual string) (spec *contract.Spec, ok bool) {
	t.Helper()
	path := os.Getenv(variable)
	if path == "" {
		path = usual
		if _, err := os.Stat(path); err != nil {
			t.Logf("cannot run without the API description, set %s to its path: %v", variable, err)
			return nil, false
		}
	}
	spec, err := contract.Load(path)
	require.NoError(t, err)
	return spec, true
}

func TestTheDescriptionHoldsEveryOperation(t *testing.T) {
	t.Parallel()
	spec, ok := described(t)
	if !ok {
		return
	}
	ids := spec.OperationIDs()
	assert.Len(t, ids, 28)
	assert.Equal(t, "POST /analysis/ci/quality-gates/scan/start", ids["startQualityGateScan"])
	assert.Equal(t, "POST /api/analysis/results/sbom", ids["getSBOMResults"])
	assert.Equal(t, "GET /pr/analysis/coverage/script/get", ids["getCoverageScript"])
}

func TestTheDescriptionAccepts(t *testing.T) {
	t.Parallel()
	spec, ok := described(t)
	if !ok {
		return
	}
	const results = `{"repo":"acme/shop","commit_id":"abc123def456","access_token":"cdt_0123456789","service":"github"}`
	for name, r := range map[string]struct{ path, body string }{
		"results":                      {"/api/analysis/results", results},
		"packages":                     {"/api/analysis/results/sbom", results},
		"packages by their older path": {"/api/analysis/results/sbomb", results},
		"a team's members":             {"/api/metrics/developer/teams/create", `{"platform":"azure_devops","org":"acme","name":"Shop","members":[{"user_login":"one","role":"lead"}]}`},
		"a coverage report":            {"/pr/analysis/coverage/presign", `{"repo":"acme/shop","commit_id":"abc123","access_token":"cdt_0123456789","platform":"github","module":"web"}`},
		"a history, free-form":         {"/api/analysis/scan-history", `{"repo":"acme/shop","limit":5}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.NoError(t, spec.Check(http.MethodPost, r.path, jsonHeader(), []byte(r.body)))
		})
	}
}

func TestTheDescriptionRefuses(t *testing.T) {
	t.Parallel()
	spec, ok := described(t)
	if !ok {
		return
	}
	for name, r := range map[string]struct{ path, body, want string }{
		"the other spelling of a field": {
			"/api/analysis/agents/scan/results", `{"repo":"acme/shop","scanID":"x"}`,
			"POST /api/analysis/agents/scan/results: body: scanID: no such field\n" +
				"POST /api/analysis/agents/scan/results: body: scanId: property \"scanId\" is missing",
		},
		"a team id that is none": {
			"/api/metrics/developer/teams/get", `{"platform":"github","org":"acme","team_id":"7"}`,
			`POST /api/metrics/developer/teams/get: body: team_id: string doesn't match the format "uuid" (not a UUID)`,
		},
		"a field of another member object": {
			"/api/metrics/developer/teams/create", `{"platform":"github","org":"acme","name":"Shop","members":[{"user_login":"one","joined_at":"x"}]}`,
			"POST /api/metrics/developer/teams/create: body: members.0.joined_at: no such field",
		},
		"a credential in the quality gates' body": {
			"/analysis/ci/quality-gates/scan/start", `{"repo":"acme/shop","service":"github","commit_id":"abc123","access_token":"cdt_0123456789"}`,
			"POST /analysis/ci/quality-gates/scan/start: body: access_token: no such field",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.EqualError(t, spec.Check(http.MethodPost, r.path, jsonHeader(), []byte(r.body)), r.want)
		})
	}
}
