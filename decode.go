package codeant

import (
	"errors"
	"fmt"
	"strings"

	"github.com/codeant-sdk/codeant/internal/jsonscan"
)

// maxElements bounds the findings of an answer and every other list in it: 15 kB of gzip can hold millions.
const maxElements = 1_000_000

// wantObject refuses a document that is not an object.
func wantObject(doc jsonscan.Document) error {
	switch kind := doc.Kind(); kind {
	case jsonscan.Object:
		return nil
	case jsonscan.Invalid:
		return errEmpty
	default:
		return unusable("it is %s", kind)
	}
}

// unusableJSON says why a text is not JSON that this package reads.
func unusableJSON(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, jsonscan.ErrTooLarge) {
		return tooLarge("%v", err)
	}
	return unusable("%v", err)
}

// decodeList decodes the list under key, whose elements are objects. An element is called noun in errors.
func decodeList[T any](doc jsonscan.Document, key, noun string, decode func(jsonscan.Document) (T, error)) ([]T, error) {
	if err := wantObject(doc); err != nil {
		return nil, err
	}
	list, isList := doc.List(key)
	if !isList {
		return nil, unusable("%v", wrongField(key, list))
	}
	n := list.Len()
	if n > maxElements {
		return nil, tooLarge("its list %q has more than %d elements", key, maxElements)
	}
	var (
		decoded = make([]T, 0, n)
		fields  jsonscan.Fields
		err     error
	)
	for element := range list.Elements() {
		at := len(decoded) + 1
		if kind := element.Kind(); kind != jsonscan.Object {
			return nil, unusable("%s %d is %s", noun, at, kind)
		}
		if fields, err = element.Fields(fields[:0]); err != nil {
			return nil, unusableJSON(err)
		}
		item, err := decode(jsonscan.Document{Fields: fields, Value: element})
		if err != nil {
			return nil, unusable("%s %d: %v", noun, at, err)
		}
		decoded = append(decoded, item)
	}
	return decoded, nil
}

// wantText returns the text of a field that an answer must have.
func wantText(f jsonscan.Fields, key string) (string, error) {
	value := f.Get(key)
	switch text, isText := value.Text(); {
	case !isText:
		return "", wrongField(key, value)
	case text == "":
		return "", fmt.Errorf("field %q is empty", key)
	default:
		return text, nil
	}
}

// wrongField says what is wrong with a field whose value has the wrong kind.
func wrongField(key string, value jsonscan.Value) error {
	switch kind := value.Kind(); kind {
	case jsonscan.Invalid, jsonscan.Null:
		return fmt.Errorf("field %q is missing", key)
	default:
		return fmt.Errorf("field %q is %s", key, kind)
	}
}

// wantSuccess refuses an answer that does not say that it succeeded.
func wantSuccess(doc jsonscan.Document) error {
	if !strings.EqualFold(doc.Text("status"), "success") {
		return unusable(`it does not say "status": "success"`)
	}
	return nil
}

// soleStatus returns the status word of an object. One that is doubled, or is also there in another letter case, could
// hide a failure.
func soleStatus(f jsonscan.Fields) (jsonscan.Value, error) {
	found := f.Find("status")
	switch kind := found.Value.Kind(); {
	case len(found.Variants) > 0:
		return nil, unusable(`field "status" is called %q`, found.Variants[0])
	case found.Times > 1:
		return nil, unusable(`field "status" is there %d times`, found.Times)
	case kind != jsonscan.Invalid && kind != jsonscan.Null && kind != jsonscan.String:
		return nil, unusable("%v", wrongField("status", found.Value))
	}
	return found.Value, nil
}
