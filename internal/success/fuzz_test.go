package success_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/codeant-sdk/codeant/internal/jsonscan"
	"github.com/codeant-sdk/codeant/internal/success"
)

// FuzzRefused: a member that says that a call failed is found whatever stands before and behind it.
func FuzzRefused(f *testing.F) {
	for _, seed := range []string{`{}`, `{"status":"success"}`, `{"a":{"error":1}}`, `{"status":null}`, `{"\u0073tatus":4e2}`, `{"ok":"false"}`, `[1]`, `{"statuſ":"x"}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if jsonscan.Check(body) != nil || jsonscan.Value(body).Kind() != jsonscan.Object {
			return
		}
		refused(t, string(body), 0) // both ways of reading agree
		var members map[string]json.RawMessage
		if json.Unmarshal(body, &members) != nil {
			return
		}
		inside, separator := body[1:len(body)-1], ","
		if len(members) == 0 {
			inside, separator = nil, ""
		}
		for _, failure := range []string{`"status":"failed"`, `"ok":false`, `"statusCode":500`, `"errors":[1]`} {
			for _, with := range []string{"{" + failure + separator + string(inside) + "}", "{" + string(inside) + separator + failure + "}"} {
				_, failed := success.Refused(jsonscan.Document{Value: jsonscan.Value(with)}, 0)
				assert.True(t, failed, with)
			}
		}
	})
}
