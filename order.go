package codeant

import (
	"cmp"
	"slices"
	"strings"
)

// rank holds the values that decide nearly every comparison. It has no pointer, and instead of a path its number among the
// sorted paths, because both make sorting slower.
type rank struct {
	severity Severity
	line     int
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
	findings, ranks := make([]*Finding, 0, n), make([]rank, 0, n)
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
			ranks = append(ranks, rank{f.Severity, f.StartLine, number, int32(len(findings))})
			findings = append(findings, f)
		}
	}
	slices.Sort(paths)
	sortedNumbers := make([]int32, len(paths))
	for i, path := range paths {
		sortedNumbers[numbers[path]] = int32(i)
	}
	for i := range ranks {
		ranks[i].path = sortedNumbers[ranks[i].path]
	}
	slices.SortFunc(ranks, func(a, b rank) int {
		switch {
		case a.severity != b.severity:
			return cmp.Compare(b.severity, a.severity) // the most severe first
		case a.path != b.path:
			return cmp.Compare(a.path, b.path)
		case a.line != b.line:
			return cmp.Compare(a.line, b.line)
		}
		return cmp.Or(compareRest(findings[a.at], findings[b.at]), cmp.Compare(a.at, b.at))
	})
	sorted := make([]Finding, n)
	for i, r := range ranks {
		sorted[i] = *findings[r.at]
	}
	return sorted
}

// compareRest compares findings of one severity on one line.
func compareRest(a, b *Finding) int {
	if a.RuleID != b.RuleID {
		return strings.Compare(a.RuleID, b.RuleID)
	}
	return cmp.Or(
		cmp.Compare(a.Column, b.Column), strings.Compare(a.Title, b.Title), strings.Compare(a.Message, b.Message),
		cmp.Compare(a.Analysis, b.Analysis),
	)
}
