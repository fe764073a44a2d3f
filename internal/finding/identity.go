package finding

import (
	"cmp"
	"hash/maphash"
	"slices"
	"strconv"

	"github.com/codeant-sdk/codeant"
)

// Identities returns for each of the first n findings its fingerprint and a number that distinguishes it from its twins among all
// of them, in the order of their lines. A finding without twins has the number as well: otherwise its identity would
// change when it gets one.
func Identities(findings []codeant.Finding, n int) []string {
	identities := make([]string, n)
	first := make(map[string]int, n)
	twins := map[string][]int{} // few findings have any
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

// likeOneOf returns whether a finding agrees with one of these in what a fingerprint depends on. It is rarely wrong, and
// saves the fingerprints of the findings that a report has no room for.
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
