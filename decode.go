package codeant

import (
	"errors"
	"fmt"
	"strings"

	"github.com/codeant-sdk/codeant/internal/jsonscan"
)

// maxElements limits the findings of an answer and every other list: 15 kB of gzip can contain millions.
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

// unusableJSON wraps an error of jsonscan.
func unusableJSON(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, jsonscan.ErrTooLarge) {
		return tooLarge("%v", err)
	}
	return unusable("%v", err)
}

// decodeList decodes the list under key, whose elements are objects. noun is the name of an element in errors.
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
		return nil, tooLarge("list %q has more than %d elements", key, maxElements)
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

// wantText returns the text of a required field.
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

// wrongField returns the error of a field that is missing or has the wrong kind.
func wrongField(key string, value jsonscan.Value) error {
	switch kind := value.Kind(); kind {
	case jsonscan.Invalid, jsonscan.Null:
		return fmt.Errorf("field %q is missing", key)
	default:
		return fmt.Errorf("field %q is %s", key, kind)
	}
}

// wantSuccess returns an error unless the answer says that the call succeeded.
func wantSuccess(doc jsonscan.Document) error {
	if !strings.EqualFold(doc.Text("status"), "success") {
		return unusable(`it does not say "status": "success"`)
	}
	return nil
}

// soleStatus returns the status of an object. It returns an error if the key occurs twice or in another letter case, which
// could hide a failure.
func soleStatus(f jsonscan.Fields) (jsonscan.Value, error) {
	found := f.Find("status")
	switch kind := found.Value.Kind(); {
	case len(found.Variants) > 0:
		return nil, unusable(`field "status" is spelled %q`, found.Variants[0])
	case found.Times > 1:
		return nil, unusable(`field "status" occurs %d times`, found.Times)
	case kind != jsonscan.Invalid && kind != jsonscan.Null && kind != jsonscan.String:
		return nil, unusable("%v", wrongField("status", found.Value))
	}
	return found.Value, nil
}
