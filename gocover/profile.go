package gocover

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/tools/cover"
)

// maxLineLength is in bytes, more than any path needs. It keeps errors from quoting a file that is not a profile.
const maxLineLength = 4 << 10

// readProfiles returns one profile for each file, in the order of their names.
func readProfiles(r io.Reader) ([]*cover.Profile, error) {
	text, err := joinProfiles(r)
	if err != nil {
		return nil, err
	}
	profiles, err := cover.ParseProfilesFromReader(text)
	if err != nil {
		return nil, fmt.Errorf("gocover: the profile cannot be read: %w", err)
	}
	return profiles, nil
}

// joinProfiles turns concatenated profiles into one profile with one mode line at its start. The parser would read a
// second mode line as a block, and refuses a profile without a mode line.
func joinProfiles(r io.Reader) (io.Reader, error) {
	var (
		mode   string
		blocks bytes.Buffer
		number int
	)
	scanner := bufio.NewScanner(r)
	scanner.Buffer(nil, maxLineLength)
	for scanner.Scan() {
		number++
		line := strings.TrimSpace(strings.TrimPrefix(scanner.Text(), "\uFEFF"))
		kind, isMode := strings.CutPrefix(line, "mode:")
		switch {
		case line == "":
		case isMode:
			var err error
			if mode, err = sameMode(mode, strings.TrimSpace(kind)); err != nil {
				return nil, err
			}
		default:
			blocks.WriteString(line)
			blocks.WriteByte('\n')
		}
	}
	switch err := scanner.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return nil, fmt.Errorf("gocover: line %d is too long for a cover profile; give the file that go test -coverprofile wrote", number+1)
	case err != nil:
		return nil, fmt.Errorf("gocover: the profile cannot be read: %w", err)
	case blocks.Len() == 0:
		return nil, errors.New("gocover: the profile is empty; check that the tests ran and that -coverpkg matches a package")
	case mode == "":
		mode = "count" // also right for set: whether the sum is zero does not depend on the mode
	}
	return io.MultiReader(strings.NewReader("mode: "+mode+"\n"), &blocks), nil
}

// sameMode returns the mode after a mode line, or an error if the line contradicts the mode so far.
func sameMode(mode, kind string) (string, error) {
	switch kind {
	case "set", "count", "atomic":
	default:
		return "", fmt.Errorf("gocover: the mode %q is not set, count or atomic; give the file that go test -coverprofile wrote", kind)
	}
	if mode != "" && mode != kind {
		return "", fmt.Errorf("gocover: the profile mixes the modes %s and %s, whose counts cannot be added up; "+
			"run all tests with one -covermode", mode, kind)
	}
	return kind, nil
}
