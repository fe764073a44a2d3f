package strictjson_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant/internal/strictjson"
)

func TestCheckAcceptsExactlyOneValue(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ data, want string }{
		"object":           {data: ` {"a":[1,null,true]} `},
		"scalar":           {data: `7`},
		"null":             {data: `null`},
		"empty":            {data: "", want: "it is empty"},
		"blank":            {data: " \r\n\t", want: "it is empty"},
		"truncated object": {data: `{"a":1`, want: "its JSON breaks off"},
		"truncated list":   {data: `[{"a":1},`, want: "its JSON breaks off"},
		"truncated string": {data: `"a`, want: "its JSON breaks off"},
		"second value":     {data: `{} {"secret":1}`, want: "its JSON is wrong at byte 4"},
		"garbage behind":   {data: `{"a":1} secret`, want: "its JSON is wrong at byte 9"},
		"NaN":              {data: `{"a":NaN,"b":1}`, want: "its JSON is wrong at byte 6"},
		"HTML":             {data: `<html></html>`, want: "its JSON is wrong at byte 1"},
		"byte order mark":  {data: "\xef\xbb\xbf{}", want: "its JSON is wrong at byte 1"},
		"too deep":         {data: strings.Repeat("[", 10001) + strings.Repeat("]", 10001), want: "its JSON is wrong at byte 10001"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := strictjson.Check([]byte(test.data))
			if test.want == "" {
				require.NoError(t, err)
				return
			}
			assert.EqualError(t, err, test.want)
		})
	}
}

func TestTrimBOMDropsOneMark(t *testing.T) {
	t.Parallel()
	assert.Equal(t, []byte("{}"), strictjson.TrimBOM([]byte("\xef\xbb\xbf{}")))
	assert.Equal(t, []byte("{}"), strictjson.TrimBOM([]byte("{}")))
	assert.Equal(t, []byte("\xef\xbb\xbf"), strictjson.TrimBOM([]byte("\xef\xbb\xbf\xef\xbb\xbf")))
}

func TestKindOfLooksAtTheFirstCharacter(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]struct {
		kind strictjson.Kind
		text string
	}{
		"":         {strictjson.Invalid, "no JSON"},
		"  ":       {strictjson.Invalid, "no JSON"},
		" null":    {strictjson.Null, "null"},
		"true":     {strictjson.Bool, "a boolean"},
		"\tfalse":  {strictjson.Bool, "a boolean"},
		"-1":       {strictjson.Number, "a number"},
		"0":        {strictjson.Number, "a number"},
		"\r\n\"\"": {strictjson.String, "a string"},
		"[]":       {strictjson.Array, "a list"},
		"{}":       {strictjson.Object, "an object"},
	} {
		t.Run(value, func(t *testing.T) {
			t.Parallel()
			kind := strictjson.KindOf([]byte(value))
			assert.Equal(t, want.kind, kind)
			assert.Equal(t, want.text, kind.String())
		})
	}
}

type answer struct {
	ID    int    `json:"id"`
	Name  string `json:"name"`
	Inner struct {
		On bool `json:"on"`
	} `json:"inner"`
}

func TestUnmarshalDecodesOneValue(t *testing.T) {
	t.Parallel()
	var got answer
	require.NoError(t, strictjson.Unmarshal([]byte(`{"id":7,"name":"n","inner":{"on":true},"extra":1}`), &got))
	want := answer{ID: 7, Name: "n"}
	want.Inner.On = true
	assert.Equal(t, want, got)
}

func TestUnmarshalNamesTheFieldAndNotTheValue(t *testing.T) {
	t.Parallel()
	for data, want := range map[string]string{
		`{"id":"secret"}`:                 `its field "id" is a string`,
		`{"id":7.5}`:                      `its field "id" is a number that does not fit`,
		`{"id":99999999999999999999}`:     `its field "id" is a number that does not fit`,
		`{"id":true}`:                     `its field "id" is a bool`,
		`{"name":7}`:                      `its field "name" is a number`,
		`{"name":{}}`:                     `its field "name" is an object`,
		`{"name":[]}`:                     `its field "name" is an array`,
		`{"inner":{"on":"secret"}}`:       `its field "inner.on" is a string`,
		`["secret"]`:                      `it is an array`,
		`"secret"`:                        `it is a string`,
		`{"id":7}{"id":8}`:                `its JSON is wrong at byte 9`,
		`{"id":7`:                         `its JSON breaks off`,
		``:                                `it is empty`,
		`{"inner":["secret"],"name":"n"}`: `its field "inner" is an array`,
	} {
		t.Run(data, func(t *testing.T) {
			t.Parallel()
			var got answer
			assert.EqualError(t, strictjson.Unmarshal([]byte(data), &got), want)
		})
	}
}

type member struct{ key, value string }

func members(object string) []member {
	var all []member
	for key, value := range strictjson.Members([]byte(object)) {
		all = append(all, member{key, string(value)})
	}
	return all
}

func elements(array string) []string {
	var all []string
	for value := range strictjson.Elements([]byte(array)) {
		all = append(all, string(value))
	}
	return all
}

func TestMembersKeepOrderCaseAndDoubles(t *testing.T) {
	t.Parallel()
	for object, want := range map[string][]member{
		`{}`:                  nil,
		` { }`:                nil,
		`{"a":1,"A":2,"a":3}`: {{"a", "1"}, {"A", "2"}, {"a", "3"}},
		" {\n\"a\" : [1, {\"b\":\"]}\"}] ,\t\"c\":\"\\\\\\\"\" } ": {{"a", `[1, {"b":"]}"}]`}, {"c", `"\\\""`}},
		`{"\u0061":null,"":-1.5e3}`:                                {{"a", "null"}, {"", "-1.5e3"}},
		`["a",1]`:                                                  nil,
		`"a"`:                                                      nil,
		``:                                                         nil,
	} {
		t.Run(object, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, want, members(object))
		})
	}
}

func TestElementsKeepTheirText(t *testing.T) {
	t.Parallel()
	for array, want := range map[string][]string{
		`[]`:                                    nil,
		`[ ]`:                                   nil,
		`[1]`:                                   {"1"},
		` [ 1 , "a,]" ,[2,3], {"b":[]} ,null] `: {"1", `"a,]"`, "[2,3]", `{"b":[]}`, "null"},
		`{"a":1}`:                               nil,
		`7`:                                     nil,
		``:                                      nil,
	} {
		t.Run(array, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, want, elements(array))
		})
	}
}

func TestIterationStopsWhenAsked(t *testing.T) {
	t.Parallel()
	var seen []string
	for key := range strictjson.Members([]byte(`{"a":1,"b":2}`)) {
		seen = append(seen, key)
		break
	}
	for value := range strictjson.Elements([]byte(`[1,2]`)) {
		seen = append(seen, string(value))
		break
	}
	assert.Equal(t, []string{"a", "1"}, seen)
}

func TestAppendingToAValueLeavesItsNeighbourAlone(t *testing.T) {
	t.Parallel()
	data := []byte(`[1,{"a":2,"b":3},4]`)
	for value := range strictjson.Elements(data) {
		_ = append(value, "xxxx"...)
		for _, inner := range strictjson.Members(value) {
			_ = append(inner, "yyyy"...)
		}
	}
	assert.Equal(t, `[1,{"a":2,"b":3},4]`, string(data))
}

func TestGetCountsExactKeys(t *testing.T) {
	t.Parallel()
	const object = `{"status":"PASSED","Status":"FAILED","status":"FAILED"}`
	for key, want := range map[string]struct {
		value string
		times int
	}{
		"status": {`"FAILED"`, 2},
		"Status": {`"FAILED"`, 1},
		"STATUS": {"", 0},
	} {
		t.Run(key, func(t *testing.T) {
			t.Parallel()
			value, times := strictjson.Get([]byte(object), key)
			assert.Equal(t, want.value, string(value))
			assert.Equal(t, want.times, times)
		})
	}
}

func TestTextReadsStringsOnly(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]struct {
		text string
		ok   bool
	}{
		`"a\u00e9\n"`: {"aé\n", true},
		` ""`:         {"", true},
		`7`:           {"", false},
		`null`:        {"", false},
		``:            {"", false},
		`"broken`:     {"", false},
	} {
		t.Run(value, func(t *testing.T) {
			t.Parallel()
			text, ok := strictjson.Text([]byte(value))
			assert.Equal(t, want.text, text)
			assert.Equal(t, want.ok, ok)
		})
	}
}

func seeds(f *testing.F) {
	for _, seed := range []string{
		"", "{}", "[]", `{"a":1,"a":2}`, `[1,"\\\"]",{"b":[null]}]`, `{"\ud800":"\xff"}`, `{"a"`, `["\`, "[1}", "{]", "[:,", `{"a":}`, " [ 1 , 2 ] ",
	} {
		f.Add([]byte(seed))
	}
}

func assertShared(t *testing.T, whole, part []byte) {
	t.Helper()
	assert.Equal(t, len(part), cap(part))
	offset := uintptr(unsafe.Pointer(unsafe.SliceData(part))) - uintptr(unsafe.Pointer(unsafe.SliceData(whole)))
	assert.LessOrEqual(t, offset+uintptr(len(part)), uintptr(len(whole)))
	assert.True(t, bytes.Equal(part, whole[offset:][:len(part)]))
}

func FuzzMembers(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		got := map[string]json.RawMessage{}
		for key, value := range strictjson.Members(data) {
			assertShared(t, data, value)
			got[key] = value
		}
		if !json.Valid(data) || strictjson.KindOf(data) != strictjson.Object {
			return
		}
		var want map[string]json.RawMessage
		require.NoError(t, json.Unmarshal(data, &want))
		assert.Equal(t, want, got)
	})
}

func FuzzElements(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		got := []json.RawMessage{}
		for value := range strictjson.Elements(data) {
			assertShared(t, data, value)
			got = append(got, value)
		}
		if !json.Valid(data) || strictjson.KindOf(data) != strictjson.Array {
			return
		}
		var want []json.RawMessage
		require.NoError(t, json.Unmarshal(data, &want))
		assert.Equal(t, want, got)
	})
}

func FuzzCheckAgreesWithValid(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		assert.Equal(t, json.Valid(data), strictjson.Check(data) == nil)
	})
}
