package jsonscan_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant/internal/jsonscan"
)

func seeds(f *testing.F) {
	for _, seed := range []string{
		"", "{}", "[]", `{"a":1,"a":2}`, `[1,"\\\"]",{"b":[null]}]`, `{"\ud800":"\xff"}`, `{"a"`, `["\`,
		"[1}", "{]", "[:,", `{"a":}`, " [ 1 , 2 ] ",
		"\"0123456\x1f\"", "\"01234567\x7f\"", "\"é😀é😀\\u00e9\"", `{"K":1,"status":-0.5E+10}`,
		`[true,false,null,0,-0,1e5]`, `nul`, `truE`, `-`, `1.`, `1e`, `0x`,
	} {
		f.Add([]byte(seed))
	}
}

func FuzzCheckAgreesWithEncodingJSON(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		err := jsonscan.Check(data)
		require.Equal(t, json.Valid(data), err == nil)
		if err == nil || errors.Is(err, jsonscan.ErrTooLarge) || len(bytes.TrimSpace(data)) == 0 {
			return
		}
		// With a byte behind it that is wrong everywhere, encoding/json says where the text went wrong or broke off.
		var syntax *json.SyntaxError
		require.ErrorAs(t, json.Unmarshal(append(bytes.Clone(data), 0), new(any)), &syntax)
		want := fmt.Sprintf("its JSON is wrong at byte %d", syntax.Offset)
		if syntax.Offset > int64(len(data)) {
			want = "its JSON breaks off"
		}
		require.EqualError(t, err, want)
	})
}

func assertShared(t *testing.T, whole, part []byte) {
	t.Helper()
	assert.Equal(t, len(part), cap(part))
	offset := uintptr(unsafe.Pointer(unsafe.SliceData(part))) - uintptr(unsafe.Pointer(unsafe.SliceData(whole)))
	require.LessOrEqual(t, offset+uintptr(len(part)), uintptr(len(whole)))
	assert.True(t, bytes.Equal(part, whole[offset:][:len(part)]))
}

func FuzzMembersAgreeWithEncodingJSON(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		got := map[string]json.RawMessage{}
		times := 0
		for key, value := range jsonscan.Value(data).Members() {
			assertShared(t, data, value)
			got[string(key)] = json.RawMessage(value)
			times++
		}
		if !json.Valid(data) || jsonscan.Value(data).Kind() != jsonscan.Object {
			return
		}
		var want map[string]json.RawMessage
		require.NoError(t, json.Unmarshal(data, &want))
		assert.Equal(t, want, got)

		fields, err := jsonscan.Parse(nil, data)
		require.NoError(t, err)
		assert.Len(t, fields, times)
		for key, value := range want {
			assert.Equal(t, value, json.RawMessage(fields.Get(key)))
		}
	})
}

func FuzzElementsAgreeWithEncodingJSON(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		got := []json.RawMessage{}
		for value := range jsonscan.Value(data).Elements() {
			assertShared(t, data, value)
			got = append(got, json.RawMessage(value))
		}
		if !json.Valid(data) || jsonscan.Value(data).Kind() != jsonscan.Array {
			return
		}
		var want []json.RawMessage
		require.NoError(t, json.Unmarshal(data, &want))
		assert.Equal(t, want, got)
	})
}

func FuzzScalarsAgreeWithEncodingJSON(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		if !json.Valid(data) {
			return
		}
		v := jsonscan.Value(data)
		var text string
		isText := json.Unmarshal(data, &text) == nil && v.Kind() != jsonscan.Null
		got, ok := v.Text()
		assert.Equal(t, isText, ok)
		if isText {
			assert.Equal(t, text, got)
		}
		var number float64
		isNumber := json.Unmarshal(data, &number) == nil && v.Kind() != jsonscan.Null
		f, ok := v.Float()
		assert.Equal(t, isNumber, ok)
		if isNumber {
			assert.InDelta(t, number, f, 0)
		}
	})
}
