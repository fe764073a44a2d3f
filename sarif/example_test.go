package sarif_test

import (
	"bytes"
	"fmt"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/sarif"
)

func ExampleWrite() {
	report := &codeant.ScanReport{Results: map[codeant.Analysis]*codeant.ScanResults{
		codeant.SAST: {Findings: []codeant.Finding{{Analysis: codeant.SAST, Severity: codeant.SeverityHigh, Path: "src/cart.go", StartLine: 12, RuleID: "sql-injection"}}},
	}}
	var out bytes.Buffer
	if err := sarif.Write(&out, report); err != nil {
		fmt.Println(err)
	}
	fmt.Println(bytes.Contains(out.Bytes(), []byte(`"ruleId": "sast/sql-injection"`)))
	// Output: true
}
