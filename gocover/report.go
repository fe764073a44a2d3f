package gocover

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"

	"golang.org/x/tools/cover"
)

// newReport makes a report from profiles that are sorted by name.
func newReport(profiles []*cover.Profile, namer namer) (*xmlReport, error) {
	var all tally
	packages := map[string]*packageTally{}
	for _, p := range profiles {
		name, err := namer.name(p.FileName)
		if err != nil {
			return nil, err
		}
		spans, err := spansOf(p)
		if err != nil {
			return nil, err
		}
		file := tallyOf(spans)
		if all.add(file); all.valid > maxLines {
			return nil, fmt.Errorf("gocover: the profile has more than %d lines, which is more than a report can hold; "+
				"convert the profile of one module at a time, or run the tests again if it is damaged", maxLines)
		}
		dir := path.Dir(name)
		if packages[dir] == nil {
			packages[dir] = &packageTally{}
		}
		packages[dir].add(file)
		packages[dir].classes = append(packages[dir].classes, xmlClass{
			Name: path.Base(name), Filename: name, rates: file.rates(), Lines: spans,
		})
	}
	report := &xmlReport{
		rates:        all.rates(),
		LinesCovered: all.covered,
		LinesValid:   all.valid,
		Version:      "gocover",
		Sources:      []string{"."},
	}
	for _, dir := range slices.Sorted(maps.Keys(packages)) {
		p := packages[dir]
		slices.SortFunc(p.classes, func(a, b xmlClass) int { return cmp.Compare(a.Filename, b.Filename) })
		report.Packages = append(report.Packages, xmlPackage{Name: dir, rates: p.rates(), Classes: p.classes})
	}
	return report, nil
}

type packageTally struct {
	tally
	classes []xmlClass
}

// tally counts lines.
type tally struct{ covered, valid int }

func tallyOf(spans []span) (t tally) {
	for _, s := range spans {
		t.valid += s.lines()
		if s.hits > 0 {
			t.covered += s.lines()
		}
	}
	return t
}

func (t *tally) add(other tally) {
	t.covered += other.covered
	t.valid += other.valid
}

// rates returns the rate 0 if there is nothing to cover, as go tool cover does.
func (t tally) rates() rates {
	return rates{Line: strconv.FormatFloat(float64(t.covered)/float64(max(t.valid, 1)), 'f', -1, 64)}
}
