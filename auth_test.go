package codeant

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestACredentialIsTheFirstMemberOfAnObject(t *testing.T) {
	t.Parallel()
	token, err := ParseToken(`cdt_"0123\456`)
	require.NoError(t, err)
	for object, want := range map[string]string{
		`{}`:            `{"access_token":"cdt_\"0123\\456"}`,
		`{"a":1}`:       `{"access_token":"cdt_\"0123\\456","a":1}`,
		`{ "a": {} }`:   `{"access_token":"cdt_\"0123\\456", "a": {} }`,
		``:              "",
		`{`:             "",
		`[]`:            "",
		`["a"]`:         "",
		` {"a":1}`:      "",
		`null`:          "",
		`"{}"`:          "",
		"\ufeff" + `{}`: "",
	} {
		got, err := withCredential([]byte(object), "access_token", token)
		assert.Equal(t, want, string(got), object)
		if want == "" {
			assert.EqualError(t, err, "middleware replaced the body with one that is not a JSON object, so the token cannot be added", object)
		} else {
			assert.NoError(t, err, object)
		}
	}
}
