package sarif

import "github.com/codeant-sdk/codeant"

// level returns a visible level for an unknown severity: with "none" GitHub would hide the result.
func level(s codeant.Severity) string {
	switch s {
	case codeant.SeverityCritical, codeant.SeverityHigh:
		return "error"
	case codeant.SeverityLow, codeant.SeverityInfo:
		return "note"
	}
	return "warning"
}

// securitySeverity returns a score in GitHub's band for s. Information has none, because its score would be 0, and
// neither has an unknown severity. GitHub then shows the level.
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
