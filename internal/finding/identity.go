package finding

import (
	"cmp"
	"hash/maphash"
	"slices"
	"strconv"

	"github.com/codeant-sdk/codeant"
)

// Identities returns the identities of the first n findings: the fingerprint and a number, which counts all findings with the
// same fingerprint in the order of their lines. A finding with a unique fingerprint has the number 1, so that its identity
// does not change when another finding gets the same fingerprint.
func Identities(findings []codeant.Finding, n int) []string {
	identities := make([]string, n)
	first := make(map[string]int, n)
	twins := map[string][]int{} // findings with the same fingerprint; there are few
	mayBeTwin := likeOneOf(findings[:n])
	for i := range findings {
		if i >= n && !mayBeTwin(&findings[i]) {
			continue
		}
		fingerprint := findings[i].Fingerprint()
		if i < n {
			identities[i] = fingerprint + ":1"
		}
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
		for number, i := range same {
			if i < n {
				identities[i] = fingerprint + ":" + strconv.Itoa(number+1)
			}
		}
	}
	return identities
}

// likeOneOf returns a function that reports whether a finding may have the fingerprint of one of findings. It is cheaper than
// a fingerprint, for the findings that do not fit in a report.
func likeOneOf(findings []codeant.Finding) func(*codeant.Finding) bool {
	seed := maphash.MakeSeed()
	key := func(f *codeant.Finding) uint64 {
		return maphash.String(seed, f.Path) ^ maphash.String(seed, f.RuleID)*3 ^ maphash.String(seed, f.Message)*5
	}
	keys := make(map[uint64]bool, len(findings))
	for i := range findings {
		keys[key(&findings[i])] = true
	}
	return func(f *codeant.Finding) bool { return keys[key(f)] }
}
