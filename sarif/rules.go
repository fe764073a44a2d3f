package sarif

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"

	"github.com/codeant-sdk/codeant"
)

const (
	maxRuleID      = 255
	maxDescription = 1024 // GitHub's limit
	maxTags        = 10   // GitHub drops those above
)

// rule is what the findings of one rule have in common.
type rule struct {
	analysis codeant.Analysis
	name     string // in the analysis
	title    string // empty where the findings differ in it
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
	for _, f := range findings {
		id, title := ruleID(f), oneLine(f.Title)
		known := r.byID[id]
		if known == nil {
			known = &rule{analysis: f.Analysis, name: cmp.Or(oneLine(f.RuleID), title), title: title, cweTags: map[string]bool{}}
			r.byID[id] = known
		}
		if known.title != title {
			// The title of one finding would head the alerts of the others.
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

func (r *rules) descriptors() []*sarif.ReportingDescriptor {
	descriptors := make([]*sarif.ReportingDescriptor, 0, len(r.ids))
	for _, id := range r.ids {
		descriptors = append(descriptors, r.byID[id].descriptor(id))
	}
	return descriptors
}

func (r *rule) descriptor(id string) *sarif.ReportingDescriptor {
	description := shorten(cmp.Or(r.title, r.name, id), maxDescription)
	help := "Found by CodeAnt, rule " + id + "."
	d := sarif.NewRule(id).
		WithDescription(description).
		WithFullDescription(sarif.NewMultiformatMessageString().WithText(description)).
		WithHelp(sarif.NewMultiformatMessageString().WithText(help)).
		WithDefaultConfiguration(sarif.NewReportingConfiguration().WithLevel(level(r.worst)))
	properties := sarif.NewPropertyBag()
	properties.Tags = r.tags()
	if score := securitySeverity(r.worst); score != "" && aboutSecurity(r.analysis) {
		properties.Add("security-severity", score)
	}
	return d.WithProperties(properties)
}

func (r *rule) tags() []string {
	tags := slices.Sorted(maps.Keys(r.cweTags))
	if aboutSecurity(r.analysis) {
		tags = append([]string{"security"}, tags...)
	}
	return tags[:min(len(tags), maxTags)]
}

// ruleID is the analysis and the rule's name in it. A name too long for an id keeps its beginning and a hash.
func ruleID(f codeant.Finding) string {
	id := cmp.Or(oneLine(string(f.Analysis)), "codeant") + "/" + cmp.Or(oneLine(f.RuleID), oneLine(f.Title), "unnamed")
	if len(id) <= maxRuleID {
		return id
	}
	sum := sha256.Sum256([]byte(id))
	hash := "-" + hex.EncodeToString(sum[:8])
	return strings.ToValidUTF8(id[:maxRuleID-len(hash)], "") + hash
}

var cweNumber = regexp.MustCompile(`^(?i:CWE-)0*([0-9]{1,5})\b`)

// cweTag is the tag by which GitHub knows a weakness, as CodeQL writes it.
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
