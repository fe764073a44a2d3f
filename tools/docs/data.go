package docs

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"strings"
)

// other checks a block that is not Go.
func (r *runner) other(b Block) error {
	switch b.Lang {
	case "sh":
		return r.shell(b)
	case "yaml":
		return r.yaml(b)
	case "json":
		var value any
		if err := json.Unmarshal([]byte(b.Text), &value); err != nil {
			return b.errorf("%v", err)
		}
	case "xml":
		for decoder := xml.NewDecoder(strings.NewReader(b.Text)); ; {
			if _, err := decoder.Token(); errors.Is(err, io.EOF) {
				return nil
			} else if err != nil {
				return b.errorf("%v", err)
			}
		}
	case "go", "text", "diff":
	case "":
		return b.errorf("the block does not say its language")
	default:
		return b.errorf("the language %q is not go, sh, yaml, json, xml, text or diff", b.Lang)
	}
	return nil
}
