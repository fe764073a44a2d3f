package sarif_test

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/sarif"
)

func ExampleWrite() {
	report := &codeant.ScanReport{Results: map[codeant.Analysis]*codeant.ScanResults{
		codeant.SAST: {Findings: []codeant.Finding{{
			Analysis: codeant.SAST, Severity: codeant.SeverityHigh, RuleID: "python.sqli",
			Path: "my shop/cart.py", StartLine: 12, Message: "A query is built from user input.",
		}}},
	}}
	var document bytes.Buffer // in a program, often a file that is then uploaded to GitHub
	if err := sarif.Write(&document, report); err != nil {
		fmt.Println(err)
		return
	}

	var log struct {
		Runs []struct {
			Results []struct {
				Level, RuleID string
				Locations     []struct {
					PhysicalLocation struct{ ArtifactLocation struct{ URI string } }
				}
			}
		}
	}
	if err := json.Unmarshal(document.Bytes(), &log); err != nil {
		fmt.Println(err)
		return
	}
	for _, r := range log.Runs[0].Results {
		fmt.Println(r.Level, r.RuleID, r.Locations[0].PhysicalLocation.ArtifactLocation.URI)
	}
	// Output: error sast/python.sqli my%20shop/cart.py
}
