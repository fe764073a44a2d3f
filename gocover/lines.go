package gocover

import (
	"cmp"
	"encoding/xml"
	"fmt"
	"math"
	"slices"
	"strconv"

	"golang.org/x/tools/cover"
)

const (
	// maxLine is more than the number of lines of any source file.
	maxLine = 1_000_000
	// maxLines limits the lines of all files together. A few bytes of a damaged profile can claim a million lines, and
	// each takes about 50 bytes in the report.
	maxLines = 5_000_000
)

// span is a run of lines with the same number of hits.
type span struct{ first, last, hits int }

func (s span) lines() int { return s.last - s.first + 1 }

// spansOf returns the lines with statements, in order. Its cost depends on the number of blocks, not on their length.
func spansOf(p *cover.Profile) ([]span, error) {
	merged, err := mergeBlocks(p)
	if err != nil {
		return nil, err
	}
	blocks := make([]span, 0, len(merged))
	edges := make([]int, 0, 2*len(merged)) // the lines at which a block begins or has ended
	for block, count := range merged {
		// A //line directive within a block, as goyacc writes it, can make the block end before its start. Then only the
		// start is known.
		last := max(block.StartLine, block.EndLine)
		blocks = append(blocks, span{block.StartLine, last, count})
		edges = append(edges, block.StartLine, last+1)
	}
	slices.Sort(edges)
	edges = slices.Compact(edges)
	// Between two edges all lines have the same blocks. The blocks with the most hits take their gaps first, and next
	// leads from a gap that is taken to the first one after it that may not be.
	slices.SortFunc(blocks, func(a, b span) int { return cmp.Compare(b.hits, a.hits) })
	next := make([]int, len(edges))
	hits := make([]int, len(edges))
	for gap := range next {
		next[gap], hits[gap] = gap, -1
	}
	for _, block := range blocks {
		gap, _ := slices.BinarySearch(edges, block.first)
		end, _ := slices.BinarySearch(edges, block.last+1)
		for gap = free(next, gap); gap < end; gap = free(next, gap) {
			next[gap], hits[gap] = gap+1, block.hits
		}
	}
	var spans []span
	for gap, n := range hits {
		if n >= 0 {
			spans = append(spans, span{edges[gap], edges[gap+1] - 1, n})
		}
	}
	return spans, nil
}

// free returns the first gap from this one on that is not taken, and shortens the way there. The last gap, after the
// end of all blocks, is never taken.
func free(next []int, gap int) int {
	for next[gap] != gap {
		next[gap] = next[next[gap]]
		gap = next[gap]
	}
	return gap
}

// xmlLines writes each line of the spans as an element, so that only the spans are in memory.
type xmlLines []span

// MarshalXML implements xml.Marshaler.
func (spans xmlLines) MarshalXML(e *xml.Encoder, start xml.StartElement) error {
	if err := e.EncodeToken(start); err != nil {
		return err
	}
	line := xml.StartElement{
		Name: xml.Name{Local: "line"},
		Attr: []xml.Attr{{Name: xml.Name{Local: "number"}}, {Name: xml.Name{Local: "hits"}}},
	}
	for _, s := range spans {
		line.Attr[1].Value = strconv.Itoa(s.hits)
		for number := s.first; number <= s.last; number++ {
			line.Attr[0].Value = strconv.Itoa(number)
			if err := e.EncodeToken(line); err != nil {
				return err
			}
			if err := e.EncodeToken(line.End()); err != nil {
				return err
			}
		}
	}
	return e.EncodeToken(start.End())
}

// mergeBlocks returns the counts of the blocks with statements. The parser sorts blocks by their start and merges only
// equal neighbours, so another block with the same start can keep two equal ones apart.
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
			return nil, fmt.Errorf("gocover: the profile is damaged: the counts of line %d of the file %q are too large to add up; "+
				"run the tests again", block.StartLine, p.FileName)
		default:
			merged[block] += count
		}
	}
	return merged, nil
}

// badLine returns a line number of the block that no file can have, or -1.
func badLine(block cover.ProfileBlock) int {
	for _, line := range []int{block.StartLine, block.EndLine} {
		if line < 1 || line > maxLine {
			return line
		}
	}
	return -1
}
