// Package finding formats findings for reports that other programs read: the rule, the text and the file of a finding.
//
// A finding of a secrets scan is itself a secret. This package never returns its message, which may quote the secret. Reports
// show only its type, rule, path and line.
package finding

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"path"
	"strings"

	"github.com/codeant-sdk/codeant"
)

const (
	maxRuleID  = 255  // bytes
	maxMessage = 8192 // characters; one huge message must not push the other findings out of a report
)

// RuleID returns the analysis and its name of the rule, such as "sast/python.sqli". If that is too long for an ID, it is
// shortened and ends with a hash.
func RuleID(f codeant.Finding) string {
	id := cmp.Or(OneLine(string(f.Analysis)), "codeant") + "/" + cmp.Or(OneLine(f.RuleID), OneLine(f.Title), "unnamed")
	if len(id) <= maxRuleID {
		return id
	}
	sum := sha256.Sum256([]byte(id))
	hash := "-" + hex.EncodeToString(sum[:8])
	return strings.ToValidUTF8(id[:maxRuleID-len(hash)], "") + hash
}

// Message returns the text of a finding, which may have several lines and is never empty. If the finding has no file, the text
// says so.
func Message(f codeant.Finding) string {
	if note := noPlace(f); note != "" {
		return message(f) + "\n\n" + note
	}
	return message(f)
}

// Line returns Message on one line.
func Line(f codeant.Finding) string {
	if note := noPlace(f); note != "" {
		return strings.TrimRight(Summary(f), ".") + ". " + note
	}
	return Summary(f)
}

// noPlace returns a sentence for a finding without a file, and "" for any other.
func noPlace(f codeant.Finding) string {
	if _, ok := File(f); ok {
		return ""
	}
	about := "CodeAnt names no file for it"
	switch dependency := Dependency(f); {
	case dependency != "":
		about = "it is about the dependency " + dependency
	case OneLine(f.Path) != "":
		about = "CodeAnt names " + OneLine(f.Path)
	}
	return "This finding has no place in the repository: " + about + "."
}

func message(f codeant.Finding) string {
	if f.Analysis == codeant.Secrets {
		return "A secret was found here. Its type is: " + cmp.Or(OneLine(f.Title), OneLine(f.RuleID), "unknown") + "."
	}
	return Shorten(cmp.Or(Clean(f.Message), Clean(f.Title), RuleID(f)), maxMessage)
}

// Summary returns the text of a finding on one line, without the sentence of noPlace.
func Summary(f codeant.Finding) string { return OneLine(message(f)) }

// Dependency returns the name and version of the package that a finding is about, such as "left-pad@1.0.0", or "".
func Dependency(f codeant.Finding) string {
	if f.Package == nil || OneLine(f.Package.Name) == "" {
		return ""
	}
	if version := OneLine(f.Package.Version); version != "" {
		return OneLine(f.Package.Name) + "@" + version
	}
	return OneLine(f.Package.Name)
}

// File returns the path of the finding's file relative to the root of the repository, with slashes. It returns false if the
// finding has no file in the repository.
func File(f codeant.Finding) (string, bool) { return inRepository(f.Path) }

// Place returns the path of File. For a finding without a file it returns the name of the dependency, or else the analysis.
func Place(f codeant.Finding) string {
	if file, ok := File(f); ok {
		return file
	}
	if f.Package != nil {
		if name, ok := inRepository(OneLine(f.Package.Name)); ok {
			return name
		}
	}
	if name, ok := inRepository(OneLine(string(f.Analysis))); ok {
		return name
	}
	return "codeant"
}

// inRepository cleans the path of a file. White space around it is dropped, and a leading slash means the root of the
// repository, as scanners write it. It returns false if the path is empty, is the root itself, leaves the root, begins with a
// blank folder or a Windows drive, or contains a NUL. Such a path is not corrected, because the result could be another file.
func inRepository(name string) (string, bool) {
	name = strings.ReplaceAll(strings.TrimSpace(name), `\`, "/")
	if name == "" || strings.ContainsRune(name, 0) || hasDrive(name) {
		return "", false
	}
	name = path.Clean(strings.TrimLeft(name, "/"))
	if name == "." || name == ".." || strings.HasPrefix(name, "../") || strings.TrimSpace(name) != name {
		return "", false
	}
	return name, true
}

func hasDrive(name string) bool {
	return len(name) >= 3 && name[1] == ':' && name[2] == '/' && (name[0]|0x20) >= 'a' && (name[0]|0x20) <= 'z'
}
