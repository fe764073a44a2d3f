package sarif

import "github.com/codeant-sdk/codeant"

// level has a word for unknown that is seen: with "none" GitHub would hide the result.
func level(s codeant.Severity) string {
	switch s {
	case codeant.SeverityCritical, codeant.SeverityHigh:
		return "error"
	case codeant.SeverityLow, codeant.SeverityInfo:
		return "note"
	}
	return "warning"
}

// securitySeverity is a score in the band that GitHub names like s. Information has none, as its score would be 0, and
// nothing is made up for what is unknown: GitHub then shows the level.
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
	}
	return ""
}

func aboutSecurity(a codeant.Analysis) bool {
	return a == codeant.SAST || a == codeant.SCA || a == codeant.Secrets
}
