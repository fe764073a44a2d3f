package sarif_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/sarif"
)

func compressed(t *testing.T, document []byte) int {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write(document)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.Len()
}

// noise is a text that does not compress well.
func noise(random *rand.ChaCha8, characters int) string {
	b := make([]byte, characters)
	_, _ = random.Read(b)
	return base64.StdEncoding.EncodeToString(b)[:characters]
}

func TestADocumentStaysWithinTheCompressedSizeThatGitHubTakes(t *testing.T) {
	t.Parallel()
	random := rand.NewChaCha8([32]byte{1})
	var findings []codeant.Finding
	for i := range 1800 {
		f := codeant.Finding{Analysis: codeant.SAST, Severity: codeant.SeverityLow, RuleID: "r", Path: fmt.Sprintf("%04d.go", i), Message: noise(random, 8000)}
		if i >= 1790 {
			f.Severity = codeant.SeverityCritical
		}
		findings = append(findings, f)
	}
	var document bytes.Buffer
	summary, err := sarif.WriteSummary(&document, reportOf(findings...))
	require.NoError(t, err)

	size := compressed(t, document.Bytes())
	assert.LessOrEqual(t, size, 10_000_000)
	assert.Greater(t, size, 9_500_000, "no more is left out than has to be")
	requireValid(t, document.Bytes())
	run := parse(t, document.Bytes())
	assert.Equal(t, sarif.Summary{Findings: 1800, Results: len(run.Results)}, summary)
	assert.Equal(t, 1800-len(run.Results), summary.LeftOut())
	for i, r := range run.Results {
		require.Equal(t, i < 10, r.Level == "error")
	}
	require.Len(t, run.Invocations, 1)
	assert.Equal(t, fmt.Sprintf("This document has the %d most severe of 1800 findings, because GitHub code scanning takes no more; %d are left out.",
		summary.Results, summary.LeftOut()), run.Invocations[0].ToolExecutionNotifications[0].Message.Text)
}

// Every finding has a rule of its own, and the rules come before the results.
func TestRulesCountTowardsTheSize(t *testing.T) {
	t.Parallel()
	random := rand.NewChaCha8([32]byte{2})
	var findings []codeant.Finding
	for range 12_000 {
		findings = append(findings, codeant.Finding{Analysis: codeant.SAST, Path: "a.go", Title: noise(random, 1000), Message: "m"})
	}
	var document bytes.Buffer
	summary, err := sarif.WriteSummary(&document, reportOf(findings...))
	require.NoError(t, err)
	assert.LessOrEqual(t, compressed(t, document.Bytes()), 10_000_000)
	assert.Positive(t, summary.Results)
	assert.Len(t, parse(t, document.Bytes()).Tool.Driver.Rules, summary.Results)
}

func TestNothingIsLeftOutOfAReportThatFits(t *testing.T) {
	t.Parallel()
	random := rand.NewChaCha8([32]byte{3})
	var findings []codeant.Finding
	for i := range 2000 { // 16 MB, but only 10,000 characters of it are noise
		findings = append(findings, codeant.Finding{
			Analysis: codeant.SAST, RuleID: "r", Path: fmt.Sprint(i), Message: noise(random, 5) + strings.Repeat(" x", 4000),
		})
	}
	var document bytes.Buffer
	summary, err := sarif.WriteSummary(&document, reportOf(findings...))
	require.NoError(t, err)
	assert.Greater(t, document.Len(), 10_000_000)
	assert.Equal(t, sarif.Summary{Findings: 2000, Results: 2000}, summary)
	assert.Empty(t, parse(t, document.Bytes()).Invocations)
}
