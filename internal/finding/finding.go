// Package finding has the words of a finding that the reports for other programs share: its rule, its text, its file.
//
// What a secrets scan found is itself a secret. This package never hands out the message of such a finding, which may
// quote it; its type, rule, path and line are all that a report shows.
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
	maxMessage = 8192 // characters; one endless message must not keep all other findings out of a report
)

// RuleID is the analysis and the rule's name in it, such as "sast/python.sqli". A name too long for an id keeps its
// beginning and a hash.
func RuleID(f codeant.Finding) string {
	id := cmp.Or(OneLine(string(f.Analysis)), "codeant") + "/" + cmp.Or(OneLine(f.RuleID), OneLine(f.Title), "unnamed")
	if len(id) <= maxRuleID {
		return id
	}
	sum := sha256.Sum256([]byte(id))
	hash := "-" + hex.EncodeToString(sum[:8])
	return strings.ToValidUTF8(id[:maxRuleID-len(hash)], "") + hash
}

// Message is the text of a finding, which may have several lines and is never empty. A finding without a file says so.
func Message(f codeant.Finding) string {
	if note := noPlace(f); note != "" {
		return message(f) + "\n\n" + note
	}
	return message(f)
}

// Line is Message on one line.
func Line(f codeant.Finding) string {
	if note := noPlace(f); note != "" {
		return strings.TrimRight(Summary(f), ".") + ". " + note
	}
	return Summary(f)
}

// noPlace is what the text of a finding without a file adds.
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

// Summary is the text of a finding on one line, without the remark about its place.
func Summary(f codeant.Finding) string { return OneLine(message(f)) }

// Dependency is the name and version of the package that a finding is about, such as "left-pad@1.0.0", or "".
func Dependency(f codeant.Finding) string {
	if f.Package == nil || OneLine(f.Package.Name) == "" {
		return ""
	}
	if version := OneLine(f.Package.Version); version != "" {
		return OneLine(f.Package.Name) + "@" + version
	}
	return OneLine(f.Package.Name)
}

// File is the path of the finding's file relative to the root of the repository, with slashes. It is false if the
// finding names no file of the repository.
func File(f codeant.Finding) (string, bool) { return inRepository(f.Path) }

// Place is File, or for a finding without one a substitute: the dependency, or else the analysis.
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

// inRepository cleans the path of a file. A leading slash is taken for the root of the repository, as scanners write it.
// It is false for a path that names no file of the repository: none at all, the root itself, one that leaves the root,
// one of a Windows drive, or one with a NUL. To make one of these fit would point at a file that may be another.
func inRepository(name string) (string, bool) {
	if strings.TrimSpace(name) == "" || strings.ContainsRune(name, 0) {
		return "", false
	}
	name = strings.ReplaceAll(name, `\`, "/")
	if hasDrive(name) {
		return "", false
	}
	name = path.Clean(strings.TrimLeft(name, "/"))
	if name == "." || name == ".." || strings.HasPrefix(name, "../") {
		return "", false
	}
	return name, true
}

func hasDrive(name string) bool {
	return len(name) >= 3 && name[1] == ':' && name[2] == '/' && (name[0]|0x20) >= 'a' && (name[0]|0x20) <= 'z'
}
