package codeant_test

import (
	"encoding/json"
	"testing"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant"
)

// judged returns what a client with a policy makes of an answer.
func judged(t *testing.T, policy codeant.GatePolicy, body string) *codeant.GateResult {
	t.Helper()
	mock := httpmock.NewMockTransport()
	mock.RegisterResponder("POST", gatesResultsURL, status(200, body))
	result, err := funnelClient(t, mock, codeant.WithGatePolicy(policy)).Gates.Results(t.Context(), shop)
	require.NoError(t, err)
	return result
}

func TestAPolicyDecidesWhichGatesCount(t *testing.T) {
	t.Parallel()
	const (
		secretPassed = `"secret_quality_gate":{"status":"PASSED"}`
		sastFailed   = `"sast_quality_gate":{"status":"FAILED"}`
		copyPassed   = `"duplicate_code_quality_gate":{"status":"PASSED"}`
		copySkipped  = `"duplicate_quality_gate":{"status":"SKIPPED"}`
		undecided    = "codeant: quality gate undecided: "
	)
	for _, tt := range []struct {
		name   string
		policy codeant.GatePolicy
		gates  string
		want   codeant.Verdict
		text   string
	}{
		{"required and passed", codeant.GatePolicy{RequiredGates: []string{"Secrets", "Duplicate Code"}}, secretPassed + "," + copyPassed, codeant.VerdictPassed, ""},
		{
			"required and missing",
			codeant.GatePolicy{RequiredGates: []string{"secret", "SAST", "IaC"}},
			secretPassed, codeant.VerdictUndecided,
			undecided + `the answer lacks gates that WithGatePolicy requires: "SAST", "IaC"`,
		},
		{
			"required, missing, and another unclear",
			codeant.GatePolicy{RequiredGates: []string{"dependencies"}},
			copySkipped, codeant.VerdictUndecided,
			undecided + `the answer lacks gates that WithGatePolicy requires: "dependencies"; gate "duplicate" answered "SKIPPED"; ` +
				`if such a status should count as passed, allow it with WithGatePolicy`,
		},
		{
			"required, missing, and another failed",
			codeant.GatePolicy{RequiredGates: []string{"iac"}},
			sastFailed, codeant.VerdictFailed,
			`codeant: quality gate failed: gate "sast" answered "FAILED"`,
		},
		{"required, with a word that the policy allows", codeant.GatePolicy{PassingStatuses: []string{"skipped"}, RequiredGates: []string{"Duplicate_Code"}}, copySkipped, codeant.VerdictPassed, ""},
		{"a word of any ASCII", codeant.GatePolicy{PassingStatuses: []string{"fine\x7f"}}, `"sca_quality_gate":{"status":"Fine\u007f"}`, codeant.VerdictPassed, ""},
		{"failed, but ignored", codeant.GatePolicy{IgnoredGates: []string{"S-A S_T"}}, secretPassed + "," + sastFailed, codeant.VerdictPassed, ""},
		{"unclear, but ignored", codeant.GatePolicy{IgnoredGates: []string{"duplicate code"}}, secretPassed + "," + copySkipped, codeant.VerdictPassed, ""},
		{
			"all ignored",
			codeant.GatePolicy{IgnoredGates: []string{"secrets"}},
			secretPassed, codeant.VerdictUndecided,
			undecided + "the status is COMPLETED, but WithGatePolicy ignores every quality gate of the answer",
		},
		{
			"a required key in another letter case",
			codeant.GatePolicy{RequiredGates: []string{"secret"}},
			`"Secret_quality_gate":{"status":"PASSED"}`, codeant.VerdictUndecided,
			undecided + `gate "secret" answered "PASSED"; if such a status should count as passed, allow it with WithGatePolicy`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			result := judged(t, tt.policy, `{"status":"COMPLETED",`+tt.gates+`}`)
			assert.Equal(t, tt.want, result.Verdict())
			if tt.text == "" {
				assert.NoError(t, result.Err())
			} else {
				assert.EqualError(t, result.Err(), tt.text)
			}
			again := codeant.GateResult{Status: result.Status, Gates: result.Gates}
			byHand := codeant.VerdictPassed
			for _, gate := range result.Gates {
				if gate.Verdict != codeant.VerdictPassed && byHand != codeant.VerdictFailed {
					byHand = gate.Verdict
				}
			}
			assert.Equal(t, byHand, again.Verdict(), "by the default policy")
		})
	}
}

func TestAPolicyThatContradictsItselfIsRefused(t *testing.T) {
	t.Parallel()
	for text, policy := range map[string]codeant.GatePolicy{
		`codeant: passing status "FAILED" cannot count as passed; use another status of a gate, such as SKIPPED`: {PassingStatuses: []string{" failed "}},
		`codeant: passing status cannot count as passed; use another status of a gate, such as SKIPPED`:          {PassingStatuses: []string{"OK", " "}},
		`codeant: gate is not a name of a gate; use a name such as secret or sast`:                               {RequiredGates: []string{""}},
		`codeant: gate "_ -" is not a name of a gate; use a name such as secret or sast`:                         {IgnoredGates: []string{"_ -"}},
		`codeant: gate "Secrets" is both required and ignored; remove it from RequiredGates or IgnoredGates`:     {RequiredGates: []string{"Secrets"}, IgnoredGates: []string{"secret"}},
		`codeant: gate "SCA" is both required and ignored; remove it from RequiredGates or IgnoredGates`:         {RequiredGates: []string{"SCA"}, IgnoredGates: []string{"Dependencies"}},
	} {
		client, err := codeant.New(codeant.WithToken(funnelToken), codeant.WithGatePolicy(policy))
		assert.Nil(t, client)
		require.EqualError(t, err, text)
		assert.ErrorIs(t, err, codeant.ErrInvalidRequest)
	}
}

func TestGatesShowTheServersOwnWords(t *testing.T) {
	t.Parallel()
	const undecided = "codeant: quality gate undecided: "
	for body, want := range map[string]struct{ message, text string }{
		`{"status":"COMPLETED","error":"scanner crashed","a_quality_gate":{"status":"PASSED"}}`: {
			"scanner crashed", undecided + `the status is COMPLETED, but the answer says that it failed (something in "error"); the server says "scanner crashed"`,
		},
		`{"status":"ERROR","message":"no such commit"}`: {"no such commit", undecided + `the status is "ERROR"; the server says "no such commit"`},
		`{"status":"error","error":{"message":"line one\ntwo"},"message":"m"}`: {
			"line one two", undecided + `the status is "error"; the server says "line one two"`,
		},
		`{"status":"COMPLETED","message":"two secrets","secret_quality_gate":{"status":"FAILED"}}`: {
			"two secrets", `codeant: quality gate failed: gate "secret" answered "FAILED"; the server says "two secrets"`,
		},
		`{"status":"COMPLETED","message":"` + funnelToken + `"}`: {
			"cdt_••••6789", undecided + `the status is COMPLETED, but the answer has no quality gate; the server says "cdt_••••6789"`,
		},
	} {
		result := judged(t, codeant.GatePolicy{}, body)
		assert.Equal(t, want.message, result.Message, body)
		assert.EqualError(t, result.Err(), want.text, body)
		client, _ := gatesAnswering(t, status(200, body))
		_, err := client.Gates.Wait(t.Context(), shop, codeant.WaitOptions{})
		assert.EqualError(t, err, want.text, body)
	}
	assert.Empty(t, judged(t, codeant.GatePolicy{}, passes).Message)
}

func TestAVerdictIsAWordInJSON(t *testing.T) {
	t.Parallel()
	all := []codeant.Verdict{codeant.VerdictUndecided, codeant.VerdictPassed, codeant.VerdictFailed}
	text, err := json.Marshal(all)
	require.NoError(t, err)
	assert.Equal(t, `["undecided","passed","failed"]`, string(text))
	var again []codeant.Verdict
	require.NoError(t, json.Unmarshal(text, &again))
	assert.Equal(t, all, again)
	verdict := codeant.VerdictFailed
	require.EqualError(t, verdict.UnmarshalText([]byte("Passed")), `codeant: verdict "Passed" is not known; use passed, failed or undecided`)
	assert.Equal(t, codeant.VerdictFailed, verdict)
}

func TestAnErrorOfManyGatesNamesTen(t *testing.T) {
	t.Parallel()
	body := `{"status":"COMPLETED"`
	for _, name := range []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k"} {
		body += `,"` + name + `_quality_gate":{"status":"FAILED"}`
	}
	assert.EqualError(t, judged(t, codeant.GatePolicy{}, body+"}").Err(), `codeant: quality gate failed: gate "a" answered "FAILED", gate "b" answered "FAILED", `+
		`gate "c" answered "FAILED", gate "d" answered "FAILED", gate "e" answered "FAILED", gate "f" answered "FAILED", gate "g" answered "FAILED", `+
		`gate "h" answered "FAILED", gate "i" answered "FAILED", gate "j" answered "FAILED", and more`)
}
