package gocover

import (
	"cmp"
	"maps"
	"path"
	"slices"
	"strconv"

	"golang.org/x/tools/cover"
)

// newReport makes a report of profiles in the order of their names.
func newReport(profiles []*cover.Profile, namer namer) (*xmlReport, error) {
	var all tally
	packages := map[string]*packageTally{}
	for _, p := range profiles {
		name, err := namer.name(p.FileName)
		if err != nil {
			return nil, err
		}
		lines, err := linesOf(p)
		if err != nil {
			return nil, err
		}
		file := tallyOf(lines)
		all.add(file)
		dir := path.Dir(name)
		if packages[dir] == nil {
			packages[dir] = &packageTally{}
		}
		packages[dir].add(file)
		packages[dir].classes = append(packages[dir].classes, xmlClass{
			Name: path.Base(name), Filename: name, rates: file.rates(), Lines: lines,
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

func tallyOf(lines []xmlLine) tally {
	t := tally{valid: len(lines)}
	for _, line := range lines {
		if line.Hits > 0 {
			t.covered++
		}
	}
	return t
}

func (t *tally) add(other tally) {
	t.covered += other.covered
	t.valid += other.valid
}

// rates gives nothing to cover the rate 0, as go tool cover does.
func (t tally) rates() rates {
	return rates{Line: strconv.FormatFloat(float64(t.covered)/float64(max(t.valid, 1)), 'f', -1, 64)}
}
