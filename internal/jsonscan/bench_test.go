package jsonscan_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/codeant-sdk/codeant/internal/jsonscan"
)

const finding = `{"file_path": "src/handlers/orders.go", "line_number": 118, "severity": "HIGH", "check_id": "go.sql.injection", ` +
	`"message": "The query is built from the value of a request, so that whoever sends it can read other rows.", ` +
	`"cwe": ["CWE-89"], "tags": {"a": [1, 2.5, true, null]}}`

func findings(n int) []byte {
	return []byte(`{"status":"done","results":[` + strings.Repeat(finding+",", n-1) + finding + `]}`)
}

func BenchmarkValid(b *testing.B) {
	data := findings(1000)
	b.Run("jsonscan", func(b *testing.B) {
		b.SetBytes(int64(len(data)))
		for b.Loop() {
			if jsonscan.Check(data) != nil {
				b.Fatal("not valid")
			}
		}
	})
	b.Run("encoding_json", func(b *testing.B) {
		b.SetBytes(int64(len(data)))
		for b.Loop() {
			if !json.Valid(data) {
				b.Fatal("not valid")
			}
		}
	})
}

func BenchmarkIndexOfAFinding(b *testing.B) {
	b.ReportAllocs()
	data := []byte(finding)
	var few [16]jsonscan.Field
	for b.Loop() {
		fields, err := jsonscan.Parse(few[:0], data)
		if err != nil || fields.Number("line", "line_number") != 118 {
			b.Fatal("not read")
		}
	}
}
