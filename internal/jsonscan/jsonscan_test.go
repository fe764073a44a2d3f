package jsonscan_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant/internal/jsonscan"
)

func nested(levels int) string { return strings.Repeat("[", levels) + strings.Repeat("]", levels) }

func nestedObjects(levels int) string {
	return strings.Repeat(`{"a":`, levels) + "1" + strings.Repeat("}", levels)
}

func TestCheckAcceptsExactlyOneValue(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ data, want string }{
		"object":            {data: ` {"a":[1,null,true]} `},
		"scalar":            {data: `7`},
		"null":              {data: `null`},
		"empty":             {data: "", want: "it is empty"},
		"blank":             {data: " \r\n\t", want: "it is empty"},
		"truncated object":  {data: `{"a":1`, want: "its JSON breaks off"},
		"opened object":     {data: `{`, want: "its JSON breaks off"},
		"opened list":       {data: `[`, want: "its JSON breaks off"},
		"nines":             {data: `[9,-9.9e9]`},
		"beyond the digits": {data: `[1:]`, want: "its JSON is wrong at byte 3"},
		"hexadecimal":       {data: `"\u0189\uabcf\uABCF"`},
		"fourth digit":      {data: `"\u123x"`, want: "its JSON is wrong at byte 7"},
		"before 0":          {data: `"\u000/"`, want: "its JSON is wrong at byte 7"},
		"after 9":           {data: `"\u000:"`, want: "its JSON is wrong at byte 7"},
		"before a":          {data: "\"\\u000`\"", want: "its JSON is wrong at byte 7"},
		"after f":           {data: `"\u000g"`, want: "its JSON is wrong at byte 7"},
		"before A":          {data: `"\u000@"`, want: "its JSON is wrong at byte 7"},
		"after F":           {data: `"\u000G"`, want: "its JSON is wrong at byte 7"},
		"truncated list":    {data: `[{"a":1},`, want: "its JSON breaks off"},
		"truncated string":  {data: `"a`, want: "its JSON breaks off"},
		"truncated escape":  {data: `"\u00`, want: "its JSON breaks off"},
		"truncated word":    {data: `[tru`, want: "its JSON breaks off"},
		"truncated number":  {data: `-`, want: "its JSON breaks off"},
		"second value":      {data: `{} {"secret":1}`, want: "its JSON is wrong at byte 4"},
		"garbage behind":    {data: `{"a":1} secret`, want: "its JSON is wrong at byte 9"},
		"one byte too many": {data: `{"a":1}}`, want: "its JSON is wrong at byte 8"},
		"NaN":               {data: `{"a":NaN,"b":1}`, want: "its JSON is wrong at byte 6"},
		"HTML":              {data: `<html></html>`, want: "its JSON is wrong at byte 1"},
		"byte order mark":   {data: "\xef\xbb\xbf{}", want: "its JSON is wrong at byte 1"},
		"control character": {data: "\"a\nb\"", want: "its JSON is wrong at byte 3"},
		"unknown escape":    {data: `"secret\x"`, want: "its JSON is wrong at byte 9"},
		"leading zero":      {data: `01`, want: "its JSON is wrong at byte 2"},
		"trailing comma":    {data: `[1,]`, want: "its JSON is wrong at byte 4"},
		"key without value": {data: `{"a"}`, want: "its JSON is wrong at byte 5"},
		"deep lists":        {data: nested(10_000)},
		"deeper lists":      {data: nested(10_001), want: "its JSON is nested more than 10,000 levels deep"},
		"deep objects":      {data: nestedObjects(10_000)},
		"deeper objects":    {data: nestedObjects(10_001), want: "its JSON is nested more than 10,000 levels deep"},
		"unclosed lists":    {data: strings.Repeat("[", 1<<20), want: "its JSON is nested more than 10,000 levels deep"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, parseErr := jsonscan.Parse(nil, []byte(test.data))
			err := jsonscan.Check([]byte(test.data))
			assert.Equal(t, err, parseErr)
			assert.Equal(t, json.Valid([]byte(test.data)), err == nil)
			if test.want == "" {
				require.NoError(t, err)
				return
			}
			require.EqualError(t, err, test.want)
			assert.Equal(t, strings.HasPrefix(name, "deeper") || name == "unclosed lists", errors.Is(err, jsonscan.ErrTooLarge))
		})
	}
}

func TestParseIndexesAtMostTenThousandKeys(t *testing.T) {
	t.Parallel()
	object := func(keys int) []byte { return []byte("{" + strings.Repeat(`"":0,`, keys-1) + `"last":0}`) }

	fields, err := jsonscan.Parse(nil, object(10_000))
	require.NoError(t, err)
	require.Len(t, fields, 10_000)
	assert.Equal(t, "last", string(fields[9_999].Key))

	fields, err = jsonscan.Parse(nil, object(10_001))
	require.EqualError(t, err, "an object in it has more than 10,000 keys")
	require.ErrorIs(t, err, jsonscan.ErrTooLarge)
	assert.Len(t, fields, 10_000)

	_, err = jsonscan.Parse(nil, append(object(10_001), '}'))
	require.EqualError(t, err, "its JSON is wrong at byte 50011")

	require.NoError(t, jsonscan.Check(object(10_001)), "only an index is bounded")
}

func TestParseAppendsMembers(t *testing.T) {
	t.Parallel()
	fields, err := jsonscan.Parse(jsonscan.Fields{{Key: []byte("before")}}, []byte(` {"a":1,"\u0061":[2]} `))
	require.NoError(t, err)
	assert.Equal(t, jsonscan.Fields{
		{Key: []byte("before")}, {Key: []byte("a"), Value: jsonscan.Value("1")}, {Key: []byte("a"), Value: jsonscan.Value("[2]")},
	}, fields)
	for _, data := range []string{"null", "[{}]", `"a"`} {
		fields, err := jsonscan.Parse(nil, []byte(data))
		require.NoError(t, err)
		assert.Empty(t, fields)
	}
}

func TestTrimBOMDropsOneMark(t *testing.T) {
	t.Parallel()
	assert.Equal(t, []byte("{}"), jsonscan.TrimBOM([]byte("\xef\xbb\xbf{}")))
	assert.Equal(t, []byte("{}"), jsonscan.TrimBOM([]byte("{}")))
	assert.Equal(t, []byte("\xef\xbb\xbf"), jsonscan.TrimBOM([]byte("\xef\xbb\xbf\xef\xbb\xbf")))
}

func TestKindLooksAtTheFirstCharacter(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]struct {
		kind jsonscan.Kind
		text string
	}{
		"":         {jsonscan.Invalid, "no JSON"},
		"  ":       {jsonscan.Invalid, "no JSON"},
		" null":    {jsonscan.Null, "null"},
		"true":     {jsonscan.Bool, "a boolean"},
		"\tfalse":  {jsonscan.Bool, "a boolean"},
		"-1":       {jsonscan.Number, "a number"},
		"0":        {jsonscan.Number, "a number"},
		"\r\n\"\"": {jsonscan.String, "a string"},
		"[]":       {jsonscan.Array, "a list"},
		"{}":       {jsonscan.Object, "an object"},
	} {
		t.Run(value, func(t *testing.T) {
			t.Parallel()
			kind := jsonscan.Value(value).Kind()
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

func TestDecodeReadsOneValue(t *testing.T) {
	t.Parallel()
	var got answer
	require.NoError(t, jsonscan.Decode([]byte(`{"id":7,"name":"n","inner":{"on":true},"extra":1}`), &got))
	want := answer{ID: 7, Name: "n"}
	want.Inner.On = true
	assert.Equal(t, want, got)
}

func TestDecodeNamesTheFieldAndNotTheValue(t *testing.T) {
	t.Parallel()
	for data, want := range map[string]string{
		`{"id":"secret"}`:                 `field "id" is a string`,
		`{"id":7.5}`:                      `field "id" is a number that does not fit`,
		`{"id":99999999999999999999}`:     `field "id" is a number that does not fit`,
		`{"id":true}`:                     `field "id" is a boolean`,
		`{"name":7}`:                      `field "name" is a number`,
		`{"name":{}}`:                     `field "name" is an object`,
		`{"name":[]}`:                     `field "name" is a list`,
		`{"inner":{"on":"secret"}}`:       `field "inner.on" is a string`,
		`["secret"]`:                      `it is a list`,
		`"secret"`:                        `it is a string`,
		`{"id":7}{"id":8}`:                `its JSON is wrong at byte 9`,
		`{"id":7`:                         `its JSON breaks off`,
		``:                                `it is empty`,
		nested(10_001):                    `its JSON is nested more than 10,000 levels deep`,
		`{"inner":["secret"],"name":"n"}`: `field "inner" is a list`,
	} {
		t.Run(data[:min(len(data), 40)], func(t *testing.T) {
			t.Parallel()
			var got answer
			assert.EqualError(t, jsonscan.Decode([]byte(data), &got), want)
		})
	}
}

type member struct{ key, value string }

func members(object string) []member {
	var all []member
	for key, value := range jsonscan.Value(object).Members() {
		all = append(all, member{string(key), string(value)})
	}
	return all
}

func elements(array string) []string {
	var all []string
	for value := range jsonscan.Value(array).Elements() {
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
			fields, err := jsonscan.Value(object).Fields(nil)
			assert.Equal(t, object == "", err != nil)
			var indexed []member
			for _, field := range fields {
				indexed = append(indexed, member{string(field.Key), string(field.Value)})
			}
			assert.Equal(t, want, indexed)
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
			assert.Equal(t, len(want), jsonscan.Value(array).Len())
			for i, element := range want {
				assert.Equal(t, element, string(jsonscan.Value(array).Element(i)))
			}
			assert.Nil(t, jsonscan.Value(array).Element(len(want)))
			assert.Nil(t, jsonscan.Value(array).Element(-1))
		})
	}
}

func TestIterationStopsWhenAsked(t *testing.T) {
	t.Parallel()
	var seen []string
	for key := range jsonscan.Value(`{"a":1,"b":2}`).Members() {
		seen = append(seen, string(key))
		break
	}
	for value := range jsonscan.Value(`[1,2]`).Elements() {
		seen = append(seen, string(value))
		break
	}
	assert.Equal(t, []string{"a", "1"}, seen)
}

func TestAppendingToAValueLeavesItsNeighbourAlone(t *testing.T) {
	t.Parallel()
	data := []byte(`[1,{"a":2,"b":3},"c",4]`)
	for value := range jsonscan.Value(data).Elements() {
		_ = append(value, "xxxx"...)
		for key, inner := range value.Members() {
			_ = append(key, "yyyy"...)
			_ = append(inner, "zzzz"...)
		}
		if b, ok := value.Bytes(); ok {
			_ = append(b, "vvvv"...)
		}
	}
	assert.Equal(t, `[1,{"a":2,"b":3},"c",4]`, string(data))
}

func TestReadingAllocatesNothing(t *testing.T) {
	body := []byte(`{"status":"PASSED","count":12,"list":["a",{"b":1}],"on":true,"nothing":null,"deep":[[[{"c":[1,2]}]]]}`)
	var few [16]jsonscan.Field
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		fields, err := jsonscan.Parse(few[:0], body)
		if err != nil || fields.Get("missing") != nil || !fields.True("missing", "on") || fields.Find("status").Times != 1 {
			t.Error("not read")
		}
		n := fields.Number("missing", "count")
		for element := range fields.Get("list").Elements() {
			n += len(element)
		}
		for key, value := range jsonscan.Value(body).Members() {
			n += len(key) + len(value)
		}
		if n == 0 || string(fields.Bytes("missing", "status")) != "PASSED" {
			t.Error("not read")
		}
	}))
}
