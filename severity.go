package codeant

import "bytes"

// Severity is how serious a finding is. The zero value is SeverityUnknown, which is below all others.
type Severity int

// The severities, in ascending order.
const (
	SeverityUnknown Severity = iota
	SeverityInfo
	SeverityLow
	SeverityMedium
	SeverityHigh
	SeverityCritical
)

// ParseSeverity parses the words that scanners use, in any letter case: critical, blocker and p0; high, error, major and p1;
// medium, warning, moderate and p2; low, note, minor and p3; info, informational, information and p4; unknown. For any other
// word it returns SeverityUnknown and an ErrInvalidRequest.
//
// Evidence: observed (CodeAnt's command line client, which lacks p1).
func ParseSeverity(s string) (Severity, error) {
	severity, known := knownSeverity([]byte(s))
	if !known {
		return SeverityUnknown, invalid("severity", s, "is not known", "use critical, high, medium, low, info or unknown")
	}
	return severity, nil
}

// knownSeverity parses a word without copying it, because every finding has one.
func knownSeverity(word []byte) (severity Severity, known bool) {
	var lower [len("informational")]byte
	trimmed := bytes.TrimSpace(word)
	if len(trimmed) > len(lower) {
		return SeverityUnknown, false
	}
	for i, c := range trimmed {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		lower[i] = c
	}
	switch string(lower[:len(trimmed)]) {
	case "critical", "blocker", "p0":
		return SeverityCritical, true
	case "high", "error", "major", "p1":
		return SeverityHigh, true
	case "medium", "warning", "moderate", "p2":
		return SeverityMedium, true
	case "low", "note", "minor", "p3":
		return SeverityLow, true
	case "info", "informational", "information", "p4":
		return SeverityInfo, true
	case "unknown":
		return SeverityUnknown, true
	}
	return SeverityUnknown, false
}

// String returns the severity in lower case, such as "critical".
func (s Severity) String() string {
	switch s {
	case SeverityCritical:
		return "critical"
	case SeverityHigh:
		return "high"
	case SeverityMedium:
		return "medium"
	case SeverityLow:
		return "low"
	case SeverityInfo:
		return "info"
	}
	return "unknown"
}

// MarshalText returns the text of String.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText parses a severity as ParseSeverity does.
func (s *Severity) UnmarshalText(text []byte) error {
	severity, err := ParseSeverity(string(text))
	*s = severity
	return err
}
