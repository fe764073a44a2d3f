package report

import (
	"bytes"
	"regexp"

	"github.com/codeant-sdk/codeant/internal/jsonscan"
)

var (
	goMode  = regexp.MustCompile(`^mode: (set|count|atomic)$`)
	goBlock = regexp.MustCompile(`^.+:\d+\.\d+,\d+\.\d+ \d+ \d+$`)
	goFunc  = regexp.MustCompile(`^\S+\.go:\d+:\s+\S+\s+[0-9.]+%$`)
	goTest  = regexp.MustCompile(`^(PASS|FAIL|ok  \t.*|FAIL\t.*|\?   \t.*|=== RUN .*|\t\S+\t\tcoverage: .*)$`)
	pyTable = regexp.MustCompile(`^Name +Stmts +Miss`)
	gcov    = regexp.MustCompile(`^-: +0:Source:`)
	lcovHit = regexp.MustCompile(`^DA:\d+,[-=]?\d`)
)

var (
	lfsPointer = []byte("version https://git-lfs.")
	tapVersion = []byte("TAP version ")
)

const adviseGo = "run the tests with -coverprofile and convert the profile with gocover.Cobertura " +
	"(package github.com/codeant-sdk/codeant/gocover)"

// detectText detects the format of text that is neither XML nor JSON. text is trimmed and not empty.
func detectText(text []byte, whole bool) (Format, *Refusal) {
	first := firstLine(text)
	switch {
	case isLCOV(first):
		return detectLCOV(text, whole)
	case IsGoProfile(text):
		return "", &Refusal{
			"it is a Go cover profile",
			"convert it with gocover.Cobertura (package github.com/codeant-sdk/codeant/gocover) and upload the result",
		}
	case goFunc.Match(first):
		return "", &Refusal{"it is the text output of \"go tool cover -func\"", adviseGo}
	case goTest.Match(first):
		return "", &Refusal{"it is the text output of go test", adviseGo}
	case pyTable.Match(first):
		return "", &Refusal{
			"it is the text table of coverage.py",
			"run \"coverage xml\" and upload the coverage.xml that it writes",
		}
	case gcov.Match(first):
		return "", &Refusal{"it is the annotated source of gcov", "run gcovr or lcov and upload the report that it writes"}
	case bytes.HasPrefix(first, lfsPointer):
		return "", &Refusal{"it is a Git LFS pointer, not the file itself", "run \"git lfs pull\" first"}
	case bytes.HasPrefix(first, tapVersion):
		return "", &Refusal{"it is a TAP test result, not a coverage report", adviseReport}
	}
	return "", &Refusal{"it is text in no coverage format that CodeAnt reads", adviseReport}
}

// IsGoProfile reports whether a file that begins with prefix is a Go cover profile: its first non-blank line names a mode or,
// as in profiles that were concatenated by hand, describes a block. A byte order mark and Windows line ends are allowed.
// prefix must include the whole first line.
func IsGoProfile(prefix []byte) bool {
	text := bytes.TrimSpace(jsonscan.TrimBOM(prefix))
	line, _, _ := bytes.Cut(text, []byte("\n"))
	line = bytes.TrimSpace(line)
	return goMode.Match(line) || goBlock.Match(line)
}

// firstLine returns the first line that is not blank and not a comment.
func firstLine(text []byte) []byte {
	for line := range bytes.Lines(text) {
		line = bytes.TrimRight(line, " \t\r\n")
		if trimmed := bytes.TrimLeft(line, " \t"); len(trimmed) > 0 && trimmed[0] != '#' {
			return line
		}
	}
	return nil
}

// isLCOV checks only the first line, because a log with an SF: line further down is not a report.
func isLCOV(first []byte) bool {
	return bytes.HasPrefix(first, []byte("TN:")) || bytes.HasPrefix(first, []byte("SF:"))
}

func detectLCOV(text []byte, whole bool) (Format, *Refusal) {
	hits, open := false, false
	for line := range bytes.Lines(text) {
		line = bytes.TrimSpace(line)
		switch {
		case bytes.HasPrefix(line, []byte("SF:")):
			open = true
		case bytes.Equal(line, []byte("end_of_record")):
			open = false
		case lcovHit.Match(line):
			hits = true
		}
	}
	switch {
	case whole && open:
		return "", &Refusal{"it is an LCOV report that is cut off: its last record lacks end_of_record", adviseRerun}
	case !hits && whole:
		return "", &Refusal{
			"it is an LCOV report without line coverage (no DA: line)",
			"check that the coverage tool saw the sources",
		}
	case !hits:
		return "", &Refusal{
			"it is an LCOV report without line coverage (no DA: line) in its first 128 KiB",
			"check that the coverage tool saw the sources",
		}
	}
	return LCOV, nil
}
