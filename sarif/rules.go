package sarif

import (
	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"

	"github.com/codeant-sdk/codeant"
)

// rules are the rules of a run, in the order in which the findings name them.
type rules struct {
	list  []*sarif.ReportingDescriptor
	index map[string]int
}

func newRules(findings []codeant.Finding) *rules {
	r := &rules{list: []*sarif.ReportingDescriptor{}, index: map[string]int{}}
	worst := map[string]codeant.Severity{}
	for _, f := range findings {
		id := ruleID(f)
		worst[id] = max(worst[id], f.Severity)
		if _, known := r.index[id]; known {
			continue
		}
		r.index[id] = len(r.list)
		rule := sarif.NewRule(id)
		title := firstText(f.Title, f.RuleID, id)
		rule.ShortDescription = sarif.NewMultiformatMessageString()
		rule.ShortDescription.Text = &title
		rule.Properties = sarif.NewPropertyBag()
		if isSecurity(f.Analysis) {
			rule.Properties.AddTag("security")
		}
		for _, cwe := range f.CWE {
			rule.Properties.AddTag("external/cwe/" + printable(cwe))
		}
		r.list = append(r.list, rule)
	}
	for id, i := range r.index {
		rule := r.list[i]
		rule.DefaultConfiguration = sarif.NewReportingConfiguration()
		rule.DefaultConfiguration.Level = level(worst[id])
		if score := securitySeverity(worst[id]); score != "" && len(rule.Properties.Tags) > 0 && rule.Properties.Tags[0] == "security" {
			rule.Properties.Add("security-severity", score)
		}
	}
	return r
}

// ruleID keeps the rules of the analyses apart.
func ruleID(f codeant.Finding) string {
	return firstText(string(f.Analysis)) + "/" + firstText(f.RuleID, f.Title)
}

func isSecurity(a codeant.Analysis) bool {
	return a == codeant.SAST || a == codeant.SCA || a == codeant.Secrets
}

// securitySeverity is the score by which code scanning ranks a rule: above 9.0 is critical, from 7.0 high, from 4.0 medium,
// below low. An unknown severity has none, and so is ranked by its level.
func securitySeverity(s codeant.Severity) string {
	switch s {
	case codeant.SeverityCritical:
		return "9.5"
	case codeant.SeverityHigh:
		return "8.0"
	case codeant.SeverityMedium:
		return "5.5"
	case codeant.SeverityLow:
		return "3.0"
	case codeant.SeverityInfo:
		return "1.0"
	}
	return ""
}
