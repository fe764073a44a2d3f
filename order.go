package codeant

import (
	"cmp"
	"slices"
	"strings"
)

// rank holds the values that decide nearly every comparison. It has the number of a path among the sorted paths instead of
// the path, because many findings are in one file and texts are slow to compare.
type rank struct {
	severity Severity
	line     int
	finding  *Finding
	path     int32
	at       int32 // its place before sorting
}

// sortFindings returns the findings of several lists by severity, path, line and rule, and what is equal in these by the
// rest, so that equal input gives equal output.
func sortFindings(lists [][]Finding) []Finding {
	n := 0
	for _, list := range lists {
		n += len(list)
	}
	ranks := make([]rank, 0, n)
	var paths []string
	numbers := map[string]int32{} // of the paths, first in the order in which they occur
	for _, list := range lists {
		for i := range list {
			f := &list[i]
			number, known := numbers[f.Path]
			if !known {
				number = int32(len(paths))
				numbers[f.Path] = number
				paths = append(paths, f.Path)
			}
			ranks = append(ranks, rank{f.Severity, f.StartLine, f, number, int32(len(ranks))})
		}
	}
	slices.Sort(paths)
	sortedNumber := make([]int32, len(paths))
	for i, path := range paths {
		sortedNumber[numbers[path]] = int32(i)
	}
	for i := range ranks {
		ranks[i].path = sortedNumber[ranks[i].path]
	}
	slices.SortFunc(ranks, compareRanks)
	sorted := make([]Finding, n)
	for i, r := range ranks {
		sorted[i] = *r.finding
	}
	return sorted
}

func compareRanks(a, b rank) int {
	switch {
	case a.severity != b.severity:
		return cmp.Compare(b.severity, a.severity) // the most severe first
	case a.path != b.path:
		return cmp.Compare(a.path, b.path)
	case a.line != b.line:
		return cmp.Compare(a.line, b.line)
	}
	x, y := a.finding, b.finding
	if x.RuleID != y.RuleID {
		return strings.Compare(x.RuleID, y.RuleID)
	}
	return cmp.Or(
		cmp.Compare(x.Column, y.Column), strings.Compare(x.Title, y.Title), strings.Compare(x.Message, y.Message),
		strings.Compare(string(x.Analysis), string(y.Analysis)), cmp.Compare(a.at, b.at),
	)
}
