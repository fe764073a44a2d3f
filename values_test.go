package codeant_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant"
)

func TestANumberIsReadOrLeftOutAndItsFindingIsKept(t *testing.T) {
	t.Parallel()
	for number, want := range map[string]int{
		"7": 7, "7.0": 7, "7e0": 7, "1e3": 1000,
		"7.5": 0, "-7": 0, "null": 0, "true": 0, `"7"`: 0, "[]": 0, "{}": 0, "1e400": 0, "9223372036854775808": 0, "99999999999999999999999": 0,
	} {
		body := `{"status":"done","results":[{"file_path":"a.go","line_number":` + number + `,"severity":"high"}]}`
		results, err := scanAnswering(t, codeant.SAST, status(200, body)).Scans.Results(t.Context(), shop, codeant.SAST)
		require.NoError(t, err, number)
		assert.Equal(t, []codeant.Finding{
			{Analysis: codeant.SAST, Severity: codeant.SeverityHigh, Path: "a.go", StartLine: want, EndLine: want},
		}, plain(results.Findings), number)
	}
	for _, number := range []string{"NaN", "Infinity", "+7", "07", "7.", "0x7", "1e"} {
		body := `{"status":"done","results":[{"file_path":"a.go","line_number":` + number + `}]}`
		_, err := scanAnswering(t, codeant.SAST, status(200, body)).Scans.Results(t.Context(), shop, codeant.SAST)
		assert.ErrorIs(t, err, codeant.ErrBadResponse, number)
	}
}

func TestACountThatIsMissingDoesNotMeanNoIssues(t *testing.T) {
	t.Parallel()
	for count, want := range map[string]int{
		"2": 2, "5": 5, "1": 2, "0": 2, "null": 2, `"5"`: 2, "5.5": 2, "-5": 2, "1e400": 2, "99999999999999999999": 2,
	} {
		client, _, _ := answering(t, 200, `{"scanId":"a1","status":"completed","results":[{"file":"a.py","issues":[{},{}]}],"totalIssues":`+count+`}`)
		results, err := client.Agents.Results(t.Context(), shop.Repo, "a1")
		require.NoError(t, err, count)
		assert.Equal(t, want, results.TotalIssues, count)
		assert.Len(t, results.Findings, 2, count)
	}
}

// Into a caller's own type a number must fit, and the error says where it does not.
func TestCallNamesTheFieldOfANumberThatDoesNotFit(t *testing.T) {
	t.Parallel()
	for number, reason := range map[string]string{
		"9223372036854775808": "is a number that does not fit", "7.0": "is a number that does not fit", "1e3": "is a number that does not fit",
		"1e400": "is a number that does not fit", `"7"`: "is a string",
	} {
		var out struct {
			Page struct {
				Count int `json:"count"`
			} `json:"page"`
		}
		client, _, _ := answering(t, 200, `{"page":{"count":`+number+`}}`)
		err := client.Call(t.Context(), codeant.Request{Path: readPath, Idempotent: true}, &out)
		assert.EqualError(t, err, `codeant: call: 200 OK: the answer cannot be used: field "page.count" `+reason+
			` (POST /api/read, host api.codeant.ai, 1 attempt); check the base URL, and that no proxy or login page answers in CodeAnt's place`)
		assert.ErrorIs(t, err, codeant.ErrBadResponse)
	}
}

func TestAwkwardNamesArriveAsTheyAre(t *testing.T) {
	t.Parallel()
	for _, name := range []string{`"`, `\`, `\"}`, "%2F", "../", "a&b=c", "$(x)`y`", "<script>", "é", "e\u0301", "👩‍👩‍👧", "﷽"} {
		rev := shop
		rev.Repo, rev.Branch = "acme/"+name+"x", "fix/"+name+"x"
		var body map[string]any
		mock := httpmock.NewMockTransport()
		mock.RegisterNoResponder(func(req *http.Request) (*http.Response, error) {
			body = nil
			return httpmock.NewStringResponse(200, `{"status":"success","value":"`+newToken+`","scanId":"a1","coverage_url":"https://bucket.example/x"}`),
				json.NewDecoder(req.Body).Decode(&body)
		})
		client := funnelClient(t, mock)

		_, err := client.Scans.Start(t.Context(), codeant.ScanRequest{Revision: rev})
		require.NoError(t, err, name)
		assert.Equal(t, []any{rev.Repo, rev.Branch}, []any{body["repo"], body["branch"]})
		_, err = client.Agents.Start(t.Context(), codeant.AgentScanRequest{Revision: rev, Prompt: name})
		require.NoError(t, err, name)
		assert.Equal(t, []any{rev.Repo, rev.Branch, name}, []any{body["repo"], body["branch"], body["instructionPrompt"]})
		_, err = client.Gates.Start(t.Context(), rev)
		require.NoError(t, err, name)
		assert.Equal(t, rev.Repo, body["repo"])
		_, err = client.Coverage.Presign(t.Context(), codeant.CoverageTarget{Revision: rev, Module: name, ModulePath: name})
		require.NoError(t, err, name)
		assert.Equal(t, []any{rev.Repo, rev.Branch, name, name}, []any{body["repo"], body["branch"], body["module"], body["module_path"]})
		_, err = client.Tokens.Create(t.Context(), codeant.CreateTokenRequest{Name: name})
		require.NoError(t, err, name)
		assert.Equal(t, map[string]any{"name": name}, body)
	}
}
