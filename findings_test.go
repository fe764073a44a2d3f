package codeant_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/codeant-sdk/codeant"
)

func TestFindingsAreSortedByEveryField(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	word := func() string { return fmt.Sprint("word ", random.IntN(3)) }
	all := make([]codeant.Finding, 5_000)
	for i := range all {
		all[i] = codeant.Finding{
			Analysis: codeant.SAST, Severity: codeant.Severity(random.IntN(6)), Path: word(), StartLine: random.IntN(3), RuleID: word(),
			Column: random.IntN(2), Title: word(), Message: word(), EndLine: i, // which tells equal ones apart
		}
	}
	want := slices.Clone(all)
	slices.SortStableFunc(want, func(a, b codeant.Finding) int {
		return cmp.Or(
			-cmp.Compare(a.Severity, b.Severity), cmp.Compare(a.Path, b.Path), cmp.Compare(a.StartLine, b.StartLine), cmp.Compare(a.RuleID, b.RuleID),
			cmp.Compare(a.Column, b.Column), cmp.Compare(a.Title, b.Title), cmp.Compare(a.Message, b.Message),
		)
	})
	before := slices.Clone(all)
	report := &codeant.ScanReport{Results: map[codeant.Analysis]*codeant.ScanResults{codeant.SAST: {Analysis: codeant.SAST, Findings: all}}}
	assert.Equal(t, want, report.Findings())
	assert.Equal(t, before, all, "the report is left as it is")
}
