package finding

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/codeant-sdk/codeant"
)

// Identities returns for each finding its fingerprint and a number that tells it from its twins, in the order of their
// lines. A finding without twins has the number as well: otherwise its identity would change when it gets one.
func Identities(findings []codeant.Finding) []string {
	identities := make([]string, len(findings))
	first := make(map[string]int, len(findings))
	twins := map[string][]int{} // few findings have any
	for i := range findings {
		fingerprint := findings[i].Fingerprint()
		identities[i] = fingerprint + ":1"
		if j, again := first[fingerprint]; !again {
			first[fingerprint] = i
		} else if twins[fingerprint] == nil {
			twins[fingerprint] = []int{j, i}
		} else {
			twins[fingerprint] = append(twins[fingerprint], i)
		}
	}
	for fingerprint, same := range twins {
		slices.SortStableFunc(same, func(i, j int) int {
			a, b := &findings[i], &findings[j]
			return cmp.Or(cmp.Compare(a.StartLine, b.StartLine), cmp.Compare(a.Column, b.Column), cmp.Compare(a.EndLine, b.EndLine))
		})
		for n, i := range same {
			identities[i] = fingerprint + ":" + strconv.Itoa(n+1)
		}
	}
	return identities
}
