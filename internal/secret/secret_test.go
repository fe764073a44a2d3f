package secret

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"unsafe"

	"github.com/davecgh/go-spew/spew"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const hush = "cdt_hush-hush-0123456789"

func TestRevealReturnsWhatWasHidden(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "x", hush, strings.Repeat("0123456789abcdef", 2), strings.Repeat("ü!", 3000), "\x00\xff"} {
		v := New(text)
		assert.Equal(t, text, v.Reveal())
		assert.Equal(t, text == "", v.IsZero())
	}
	assert.Empty(t, Value{"junk!"}.Reveal())
	assert.Empty(t, Value{"AAAA"}.Reveal())
}

func TestValuesOfOneTextAreEqualAndOthersAreNot(t *testing.T) {
	t.Parallel()
	a, b, other := New(hush), New(strings.Clone(hush)), New(hush+"x")
	assert.True(t, a == b)
	assert.True(t, reflect.DeepEqual(a, b))
	assert.False(t, a == other)
	assert.Equal(t, Value{}, New(""))
}

// Two texts that begin alike must not be enciphered alike: whoever knows one would know the beginning of the other.
func TestTextsThatBeginAlikeAreMaskedDifferently(t *testing.T) {
	t.Parallel()
	a, b := New("cdt_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa1"), New("cdt_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa2")
	same := 0
	for i := range min(len(a.masked), len(b.masked)) {
		if a.masked[i] == b.masked[i] {
			same++
		}
	}
	assert.Less(t, same, 12)
}

func TestNothingThatPrintsShowsTheText(t *testing.T) {
	t.Parallel()
	type inside struct {
		byValue   Value
		byPointer *Value
		Exported  Value
	}
	v := New(hush)
	shown := inside{v, &v, v}
	var printed strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%p", "%T", "%c", "%U", "%08.3f"} {
		fmt.Fprintf(&printed, verb+verb+verb+verb+"\n", v, &v, shown, &shown)
	}
	asJSON, err := json.Marshal([]any{v, &v, shown, map[string]Value{"k": v}})
	require.NoError(t, err)
	printed.Write(asJSON)
	slog.New(slog.NewTextHandler(&printed, nil)).Info("m", "v", v, "shown", shown)
	slog.New(slog.NewJSONHandler(&printed, nil)).Info("m", "v", v, "shown", shown)
	raw := spew.ConfigState{DisableMethods: true, Indent: " "}
	printed.WriteString(raw.Sdump(v, &v, shown) + spew.Sdump(v, &v, shown) + spew.Sprintf("%#+v", shown))
	walk(reflect.ValueOf(shown), &printed) // as kr/pretty and others do
	quiet := &recorder{}
	assert.Equal(quiet, shown, inside{})
	printed.WriteString(quiet.said.String())

	text := printed.String()
	for from := range len(hush) - 5 {
		assert.NotContains(t, text, hush[from:from+6])
	}
	assert.NotContains(t, strings.ToLower(text), fmt.Sprintf("%x", hush[4:10]))
	assert.Equal(t, "•••• •••• ••••", fmt.Sprintf("%v %#v %d", v, v, v))
	assert.Equal(t, `"••••"`, func() string { b, _ := json.Marshal(v); return string(b) }())
	assert.Equal(t, []string{Shown, Shown}, []string{v.String(), v.GoString()})
}

// walk writes every text that reflection reaches.
func walk(v reflect.Value, w *strings.Builder) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			walk(v.Elem(), w)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			walk(v.Field(i), w)
		}
	case reflect.String:
		w.WriteString(v.String() + "\n")
	default:
		fmt.Fprintln(w, v)
	}
}

type recorder struct{ said strings.Builder }

func (r *recorder) Errorf(format string, args ...any) { fmt.Fprintf(&r.said, format, args...) }

// A value of one word is stored in an interface directly, on which go-spew crashes.
func TestAValueHasTwoWords(t *testing.T) {
	t.Parallel()
	assert.Equal(t, 2*unsafe.Sizeof(uintptr(0)), unsafe.Sizeof(Value{}))
}

func BenchmarkReveal(b *testing.B) {
	v := New(hush)
	b.ReportAllocs()
	for b.Loop() {
		_ = v.Reveal()
	}
}
