package codeant_test

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant"
)

func TestFindingsAreSortedByEveryField(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	word := func() string { return fmt.Sprint("word ", random.IntN(3)) }
	analyses := []codeant.Analysis{codeant.SAST, codeant.SCA}
	severities := []codeant.Severity{math.MinInt, -1, 0, 1, 2, 3, 4, 5, math.MaxInt} // also those that only a caller can set
	lines := []int{math.MinInt, -1, 0, 1, math.MaxInt}
	all := make([]codeant.Finding, 5_000)
	for i := range all {
		all[i] = codeant.Finding{
			Analysis: analyses[random.IntN(2)], Severity: severities[random.IntN(len(severities))], Path: word(),
			StartLine: lines[random.IntN(len(lines))], RuleID: word(), Column: random.IntN(2), Title: word(), Message: word(),
			EndLine: i, // which tells equal ones apart
		}
	}
	want := slices.Clone(all)
	slices.SortStableFunc(want, func(a, b codeant.Finding) int {
		return cmp.Or(
			-cmp.Compare(a.Severity, b.Severity), cmp.Compare(a.Path, b.Path), cmp.Compare(a.StartLine, b.StartLine), cmp.Compare(a.RuleID, b.RuleID),
			cmp.Compare(a.Column, b.Column), cmp.Compare(a.Title, b.Title), cmp.Compare(a.Message, b.Message), cmp.Compare(a.Analysis, b.Analysis),
		)
	})
	before := slices.Clone(all)
	report := &codeant.ScanReport{Results: map[codeant.Analysis]*codeant.ScanResults{
		codeant.SCA: {Findings: all[2_000:]}, codeant.SAST: {Findings: all[:2_000]},
	}}
	got := report.Findings()
	require.Len(t, got, len(want))
	for i := range want {
		require.Equal(t, want[i], got[i], "the finding at %d", i)
	}
	assert.Equal(t, before, all, "the report is left as it is")
}
