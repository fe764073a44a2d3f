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
	id       string
	index    int // among the rules
	analysis codeant.Analysis
	name     string // in the analysis
	title    string // empty if the findings differ in it
	worst    codeant.Severity
	cweTags  map[string]bool
}

// rules are sorted by id, so that a finding that moves in the report does not renumber them.
type rules struct {
	sorted []*rule
	of     []*rule // of each finding
}

// naming is what the id and the title of a rule depend on. Most findings share it with others, so its texts are cleaned once.
type naming struct {
	analysis      codeant.Analysis
	ruleID, title string
}

func newRules(findings []codeant.Finding) *rules {
	r := &rules{of: make([]*rule, len(findings))}
	byID, byNaming, cweTags := map[string]*rule{}, map[naming]*rule{}, map[string]string{}
	for i := range findings {
		f := &findings[i]
		names := naming{f.Analysis, f.RuleID, f.Title}
		known := byNaming[names]
		if known == nil {
			id, title := finding.RuleID(*f), finding.OneLine(f.Title)
			if known = byID[id]; known == nil {
				known = &rule{
					id: id, analysis: f.Analysis, name: cmp.Or(finding.OneLine(f.RuleID), title), title: title, cweTags: map[string]bool{},
				}
				byID[id] = known
			}
			if known.title != title {
				// Otherwise the title of one finding would be shown for the others.
				known.title = ""
			}
			byNaming[names] = known
		}
		known.worst = max(known.worst, f.Severity)
		for _, cwe := range f.CWE {
			tag, again := cweTags[cwe]
			if !again {
				tag = cweTag(cwe)
				cweTags[cwe] = tag
			}
			if tag != "" {
				known.cweTags[tag] = true
			}
		}
		r.of[i] = known
	}
	r.sorted = slices.SortedFunc(maps.Values(byID), func(a, b *rule) int { return strings.Compare(a.id, b.id) })
	for i, known := range r.sorted {
		known.index = i
	}
	return r
}

func (r *rules) descriptors() []descriptor {
	descriptors := make([]descriptor, 0, len(r.sorted))
	for _, known := range r.sorted {
		descriptors = append(descriptors, known.descriptor())
	}
	return descriptors
}

func (r *rule) descriptor() descriptor {
	description := text{finding.Shorten(cmp.Or(r.title, r.name, r.id), maxDescription)}
	d := descriptor{
		ID:               r.id,
		ShortDescription: description,
		FullDescription:  description,
		Help:             text{"Found by CodeAnt, rule " + r.id + "."},
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
