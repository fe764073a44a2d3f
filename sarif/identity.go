package sarif

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/codeant-sdk/codeant"
)

// newIdentities returns for each finding its fingerprint and a number that tells it from its twins, in the order of
// their lines. A finding without twins has the number as well: it would change its identity when it gets one otherwise.
func newIdentities(findings []codeant.Finding) []string {
	byLine := make([]int, len(findings))
	for i := range byLine {
		byLine[i] = i
	}
	slices.SortStableFunc(byLine, func(i, j int) int {
		a, b := &findings[i], &findings[j]
		return cmp.Or(cmp.Compare(a.StartLine, b.StartLine), cmp.Compare(a.Column, b.Column), cmp.Compare(a.EndLine, b.EndLine))
	})
	identities := make([]string, len(findings))
	seen := make(map[string]int, len(findings))
	for _, i := range byLine {
		fingerprint := findings[i].Fingerprint()
		seen[fingerprint]++
		identities[i] = fingerprint + ":" + strconv.Itoa(seen[fingerprint])
	}
	return identities
}
