package jsonscan_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant/internal/jsonscan"
)

func TestTextReadsStringsOnly(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]struct {
		text string
		ok   bool
	}{
		`"a\u00e9\n"`:                     {"aé\n", true},
		`"\"\\\/\b\f\n\r\t\u0041"`:        {"\"\\/\b\f\n\r\tA", true},
		`"\u0189\uabcf\uABCF\u00aF"`:      {"\u0189\uabcf\uabcf\u00af", true},
		`"\ud83d\ude00"`:                  {"😀", true},
		`"\uD83D\uDE00"`:                  {"😀", true},
		`"\ud83d"`:                        {"\ufffd", true},
		`"\ude00\ud83dx"`:                 {"\ufffd\ufffdx", true},
		`"\ud83d\u0041"`:                  {"\ufffdA", true},
		"\"a\xff\\n\xffb\"":               {"a\ufffd\n\ufffdb", true},
		"\"\xed\xa0\x80\"":                {"\ufffd\ufffd\ufffd", true},
		` "a long text without escapes" `: {"a long text without escapes", true},
		` ""`:                             {"", true},
		`7`:                               {"", false},
		`null`:                            {"", false},
		``:                                {"", false},
		`"broken`:                         {"", false},
	} {
		t.Run(value, func(t *testing.T) {
			t.Parallel()
			text, ok := jsonscan.Value(value).Text()
			assert.Equal(t, want.text, text)
			assert.Equal(t, want.ok, ok)
			var decoded string
			if want.ok {
				require.NoError(t, json.Unmarshal([]byte(value), &decoded))
				assert.Equal(t, decoded, text)
			}
		})
	}
}

func TestScalarsAreReadAsTheirKind(t *testing.T) {
	t.Parallel()
	type scalars struct {
		on, isBool bool
		n          int64
		isInt      bool
		f          float64
		isFloat    bool
		count      int
		isCount    bool
	}
	for value, want := range map[string]scalars{
		`true`:                   {on: true, isBool: true},
		` false `:                {isBool: true},
		` 7 `:                    {n: 7, isInt: true, f: 7, isFloat: true, count: 7, isCount: true},
		`-7`:                     {n: -7, isInt: true, f: -7, isFloat: true},
		`-0`:                     {isInt: true, f: math.Copysign(0, -1), isFloat: true, isCount: true},
		`5.0`:                    {n: 5, isInt: true, f: 5, isFloat: true, count: 5, isCount: true},
		`12e1`:                   {n: 120, isInt: true, f: 120, isFloat: true, count: 120, isCount: true},
		`7.5`:                    {f: 7.5, isFloat: true},
		`2147483647`:             {n: math.MaxInt32, isInt: true, f: math.MaxInt32, isFloat: true, count: math.MaxInt32, isCount: true},
		`2147483648`:             {n: 1 << 31, isInt: true, f: 1 << 31, isFloat: true},
		`9223372036854775807`:    {n: math.MaxInt64, isInt: true, f: 1 << 63, isFloat: true},
		`9223372036854775808`:    {f: 1 << 63, isFloat: true},
		`-9223372036854775808`:   {n: math.MinInt64, isInt: true, f: -1 << 63, isFloat: true},
		`-9223372036854775808.0`: {n: math.MinInt64, isInt: true, f: -1 << 63, isFloat: true},
		`-9223372036854777856.0`: {f: -1<<63 - 2048, isFloat: true},
		`1e999`:                  {},
		`"7"`:                    {},
		`null`:                   {},
		`[7]`:                    {},
		``:                       {},
	} {
		t.Run(value, func(t *testing.T) {
			t.Parallel()
			var got scalars
			v := jsonscan.Value(value)
			got.on, got.isBool = v.Bool()
			got.n, got.isInt = v.Int()
			got.count, got.isCount = v.Count()
			if f, ok := v.Float(); ok {
				got.f, got.isFloat = f, ok
			}
			assert.Equal(t, want, got)
		})
	}
}

func TestTimesAreReadInTheFormsThatServersWrite(t *testing.T) {
	t.Parallel()
	day := func(hour, minute, second, nanosecond int) time.Time {
		return time.Date(2026, 3, 14, hour, minute, second, nanosecond, time.UTC)
	}
	for value, want := range map[string]time.Time{
		`"2026-03-14T15:09:26Z"`:             day(15, 9, 26, 0),
		`"2026-03-14T15:09:26.535897Z"`:      day(15, 9, 26, 535897000),
		`"2026-03-14T17:09:26+02:00"`:        day(15, 9, 26, 0),
		`"2026-03-14T15:09:26.535897"`:       day(15, 9, 26, 535897000),
		`"2026-03-14 15:09:26"`:              day(15, 9, 26, 0),
		`"2026-03-14 15:09:26.5+00:00"`:      day(15, 9, 26, 500000000),
		`" 2026-03-14 "`:                     day(0, 0, 0, 0),
		`"2026-03-14T15:09\u003a26Z"`:        day(15, 9, 26, 0),
		`"2026-02-30"`:                       {},
		`"14.03.2026"`:                       {},
		`""`:                                 {},
		`1773500966`:                         {},
		`null`:                               {},
		`"2026-03-14T15:09:26Z and a half."`: {},
	} {
		t.Run(value, func(t *testing.T) {
			t.Parallel()
			got, ok := jsonscan.Value(value).Time()
			assert.Equal(t, !want.IsZero(), ok)
			assert.True(t, want.Equal(got), got)
		})
	}
}

func fieldsOf(t *testing.T, object string) jsonscan.Fields {
	t.Helper()
	fields, err := jsonscan.Parse(nil, []byte(object))
	require.NoError(t, err)
	return fields
}

func TestLookupsUseTheFirstKeyThatHoldsWhatIsAskedFor(t *testing.T) {
	t.Parallel()
	f := fieldsOf(t, `{
		"blank": " ", "null": null, "name": "n\u0061me", "id": 12, "ratio": 0.5, "minus": -1, "on": true, "off": false,
		"list": ["a", 1, "", null, "b"], "empty": [], "object": {"a": 1}, "at": "2026-03-14", "twice": 1, "twice": 2, "NAME": "x"
	}`)
	assert.Equal(t, "name", f.Text("missing", "null", "blank", "name", "id"))
	assert.Equal(t, "12", f.Text("on", "list", "object", "id", "name"))
	assert.Equal(t, "", f.Text("missing"))
	assert.Equal(t, 12, f.Number("name", "ratio", "minus", "id", "twice"))
	assert.Equal(t, 0, f.Number("missing"))
	assert.InDelta(t, 0.5, f.Float("name", "ratio", "id"), 0)
	assert.Zero(t, f.Float("missing"))
	assert.True(t, f.True("missing", "off", "on"))
	assert.False(t, f.True("off", "name", "id"))
	assert.Equal(t, []string{"a", "1", "b"}, f.Texts(10, "missing", "empty", "list", "name"))
	assert.Equal(t, []string{"a", "1"}, f.Texts(2, "list"))
	assert.Equal(t, []string{"name"}, f.Texts(2, "empty", "object", "name"))
	assert.Nil(t, f.Texts(2, "missing"))
	assert.Equal(t, time.Date(2026, 3, 14, 0, 0, 0, 0, time.UTC), f.Time("name", "at"))
	assert.Equal(t, time.Time{}, f.Time("missing"))
	assert.Equal(t, "2", string(f.Get("twice")), "the last one counts, as in encoding/json")
	list, ok := f.List("list")
	assert.True(t, ok)
	assert.Equal(t, 5, list.Len())
	_, ok = f.List("object")
	assert.False(t, ok)
}

func TestFindSeesDoubledKeysAndVariants(t *testing.T) {
	t.Parallel()
	for object, want := range map[string]jsonscan.Found{
		`{}`:                                 {},
		`{"status":1}`:                       {Value: jsonscan.Value("1"), Times: 1},
		`{"st\u0061tus":1,"status":2}`:       {Value: jsonscan.Value("2"), Times: 2},
		`{"Status":1}`:                       {Variants: []string{"Status"}},
		`{"STATUS":1,"status":2,"ſtatus":3}`: {Value: jsonscan.Value("2"), Times: 1, Variants: []string{"STATUS", "ſtatus"}},
		`{"statu":1,"statuss":2,"state":3,"ßtatus":4,"s\u0000tatus":5}`: {},
	} {
		t.Run(object, func(t *testing.T) {
			t.Parallel()
			found := fieldsOf(t, object).Find("status")
			assert.Equal(t, want, found)
			assert.Equal(t, object == `{"status":1}`, found.Sole())
		})
	}
}

func TestSameKeyFoldsAsLenientReadersDo(t *testing.T) {
	t.Parallel()
	keys := []string{
		"", "ok", "OK", "o\u212a", "O\u212a", "okk", "o", "status", "Status", "\u017ftatus", "statu\u017f", "status\u017f",
		"statusı", "x\u017ftatus",
		"id", "ID", "\u0130d", "ıd", "i\u0307d", "errorMessage", "errormessage", "ERRORMESSAGE", "errorMe\u017f\u017fage",
		"error_message", "\xff\xff", "az", "AZ", "@z", "[z", "a[", "a@",
	}
	for _, name := range []string{"ok", "status", "id", "errorMessage", "az", "AZ"} {
		for _, key := range keys {
			//lint:ignore SA6005 both ways of folding are meant
			want := strings.EqualFold(key, name) || strings.ToLower(key) == strings.ToLower(name)
			assert.Equal(t, want, jsonscan.SameKey([]byte(key), name), "%q is %q", key, name)
			if want {
				assert.Equal(t, strings.ToLower(name), jsonscan.Fold([]byte(key)), "%q", key)
			}
		}
	}
}

func TestFoldTurnsWhatAReaderTakesForAnASCIILetterIntoIt(t *testing.T) {
	t.Parallel()
	for key, want := range map[string]string{
		"": "", "AbZ_@[`{9": "abz_@[`{9", "\u017f": "s", "\u212a": "k", "\u0131": "i", "\u017fTATU\u017f": "status", "É": "é",
	} {
		assert.Equal(t, want, jsonscan.Fold([]byte(key)), "%q", key)
	}
}
