package main

import (
	"bytes"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant"
)

func TestWithoutATokenTheWholeStoryRunsOnTheEmbeddedServer(t *testing.T) {
	t.Setenv(codeant.TokenEnv, "")
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), nil, &out))

	// The last four characters, the port and the request's number differ from run to run.
	told := regexp.MustCompile(`cdt_••••\S{4}`).ReplaceAllString(out.String(), "cdt_••••last")
	told = regexp.MustCompile(`127\.0\.0\.1:\d+`).ReplaceAllString(told, "127.0.0.1:port")
	told = regexp.MustCompile(`request id [^)]+`).ReplaceAllString(told, "request id x")
	assert.Equal(t, `CODEANT_API_TOKEN is not set, so this runs on a CodeAnt server inside the program. Nothing leaves this machine.
Created the token "pipeline of acme/shop": cdt_••••last (the value is shown only now; keep it as a secret of your pipeline).
Uploaded the coverage of acme/shop at 8f3b2c1: lcov, 507 bytes.
CodeAnt says: Coverage report received
Scanned it: 3 findings.
  high     checkout.js line 41: a query is built from user input
  medium   cart.js line 5: prices are not checked
  low      package-lock.json line 12: CVE-2026-0001
  gate "sast": passed
  gate "secret": passed
Quality gates: passed.
Rotating: the new token is cdt_••••last; here your secrets would be updated, while the old one still works.
Rotated: cdt_••••last is in force, cdt_••••last is revoked.
The revoked token is refused, as it should be: codeant: tokens.list: 401 Unauthorized: token revoked (POST /api/tokens/list, host 127.0.0.1:port, 1 attempt, request id x); revocation is final: create a new one in CodeAnt under Settings -> API tokens and put it where this program reads it (CODEANT_API_TOKEN)
`, told)
}

func TestFlagsWithoutATokenAreRefusedInsteadOfIgnored(t *testing.T) {
	t.Setenv(codeant.TokenEnv, "")
	var out bytes.Buffer
	err := run(t.Context(), []string{"-repo", "acme/shop"}, &out)
	assert.EqualError(t, err, "the flags are for the real CodeAnt: set CODEANT_API_TOKEN to use it")
	assert.Empty(t, out.String())
}

func TestWithATokenWhatToUploadMustBeNamed(t *testing.T) {
	t.Setenv(codeant.TokenEnv, "cdt_0123456789abcdef")
	t.Setenv(codeant.BaseURLEnv, "http://127.0.0.1:1")
	var out bytes.Buffer
	for missing, args := range map[string][]string{
		"repo":   nil,
		"commit": {"-repo", "acme/shop"},
		"report": {"-repo", "acme/shop", "-commit", "8f3b2c1d9e7a6b5c4d3e2f1a0b9c8d7e6f5a4b3c"},
	} {
		err := run(t.Context(), args, &out)
		assert.EqualError(t, err, "CODEANT_API_TOKEN is set, so this uploads to the real CodeAnt and needs -repo, -commit and -report (-"+missing+
			" is missing); to run the demo instead, unset CODEANT_API_TOKEN")
	}
	assert.Empty(t, out.String())
}
