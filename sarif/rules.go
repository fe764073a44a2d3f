package sarif

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/internal/finding"
)

const (
	maxDescription = 1024 // GitHub's limit
	maxTags        = 10   // GitHub drops further ones
)

// rule has what the findings of one rule have in common.
type rule struct {
	analysis codeant.Analysis
	name     string // in the analysis
	title    string // empty if the findings differ in it
	worst    codeant.Severity
	cweTags  map[string]bool
}

// rules are sorted by id, so that a finding that moves in the report does not renumber them.
type rules struct {
	byID  map[string]*rule
	ids   []string
	index map[string]int
}

func newRules(findings []codeant.Finding) *rules {
	r := &rules{byID: map[string]*rule{}, index: map[string]int{}}
	for i := range findings {
		f := &findings[i]
		id, title := finding.RuleID(*f), finding.OneLine(f.Title)
		known := r.byID[id]
		if known == nil {
			known = &rule{analysis: f.Analysis, name: cmp.Or(finding.OneLine(f.RuleID), title), title: title, cweTags: map[string]bool{}}
			r.byID[id] = known
		}
		if known.title != title {
			// Otherwise the title of one finding would be shown for the others.
			known.title = ""
		}
		known.worst = max(known.worst, f.Severity)
		for _, cwe := range f.CWE {
			if tag := cweTag(cwe); tag != "" {
				known.cweTags[tag] = true
			}
		}
	}
	r.ids = slices.Sorted(maps.Keys(r.byID))
	for i, id := range r.ids {
		r.index[id] = i
	}
	return r
}

func (r *rules) descriptors() []descriptor {
	descriptors := make([]descriptor, 0, len(r.ids))
	for _, id := range r.ids {
		descriptors = append(descriptors, r.byID[id].descriptor(id))
	}
	return descriptors
}

func (r *rule) descriptor(id string) descriptor {
	description := text{finding.Shorten(cmp.Or(r.title, r.name, id), maxDescription)}
	d := descriptor{
		ID:               id,
		ShortDescription: description,
		FullDescription:  description,
		Help:             text{"Found by CodeAnt, rule " + id + "."},
		Configuration:    configuration{level(r.worst)},
	}
	properties := ruleProperties{Tags: r.tags()}
	if aboutSecurity(r.analysis) {
		properties.SecuritySeverity = securitySeverity(r.worst)
	}
	if properties.SecuritySeverity != "" || len(properties.Tags) > 0 {
		d.Properties = &properties
	}
	return d
}

func (r *rule) tags() []string {
	tags := slices.Sorted(maps.Keys(r.cweTags))
	if aboutSecurity(r.analysis) {
		tags = append([]string{"security"}, tags...)
	}
	return tags[:min(len(tags), maxTags)]
}

var cweNumber = regexp.MustCompile(`^(?i:CWE-)0*([0-9]{1,5})\b`)

// cweTag returns the tag that GitHub recognizes as a weakness, in CodeQL's spelling.
func cweTag(cwe string) string {
	match := cweNumber.FindStringSubmatch(strings.TrimSpace(cwe))
	if match == nil {
		return ""
	}
	number, err := strconv.Atoi(match[1])
	if err != nil {
		return ""
	}
	return fmt.Sprintf("external/cwe/cwe-%03d", number)
}
