package gocover

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"golang.org/x/tools/cover"
)

// maxLine is more lines than any source file has. A damaged profile must not cost memory for each line it makes up.
const maxLine = 1_000_000

// linesOf returns the lines with statements in their order.
func linesOf(p *cover.Profile) ([]xmlLine, error) {
	blocks, err := mergeBlocks(p)
	if err != nil {
		return nil, err
	}
	hits := map[int]int{}
	for block, count := range blocks {
		// A //line directive within a block, as goyacc writes them, can make it end before its start. Then the start is
		// all that is known of it.
		for line := block.StartLine; line <= max(block.StartLine, block.EndLine); line++ {
			hits[line] = max(hits[line], count)
		}
	}
	lines := make([]xmlLine, 0, len(hits))
	for _, number := range slices.Sorted(maps.Keys(hits)) {
		lines = append(lines, xmlLine{Number: number, Hits: hits[number]})
	}
	return lines, nil
}

// mergeBlocks returns the counts of the blocks with statements. The parser merges only equal blocks that are neighbours
// after it sorted them by their start, so that another block with the same start can keep two apart.
func mergeBlocks(p *cover.Profile) (map[cover.ProfileBlock]int, error) {
	merged := map[cover.ProfileBlock]int{}
	for _, block := range p.Blocks {
		if block.NumStmt == 0 {
			continue
		}
		if line := badLine(block); line >= 0 {
			return nil, fmt.Errorf("gocover: the profile is damaged: the file %q cannot have a line %d; run the tests again", p.FileName, line)
		}
		count := block.Count
		block.Count = 0
		switch {
		case p.Mode == "set":
			merged[block] |= count
		case count < 0 || count > math.MaxInt-merged[block]: // below zero the parser's own sum has overflowed
			return nil, fmt.Errorf("gocover: the profile is damaged: the counts of line %d of the file %q are too large to add up; run the tests again", block.StartLine, p.FileName)
		default:
			merged[block] += count
		}
	}
	return merged, nil
}

// badLine returns the line of a block that no file has, or -1.
func badLine(block cover.ProfileBlock) int {
	for _, line := range []int{block.StartLine, block.EndLine} {
		if line < 1 || line > maxLine {
			return line
		}
	}
	return -1
}
