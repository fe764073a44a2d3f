package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/codequality"
	"github.com/codeant-sdk/codeant/sarif"
)

const manyFindings = 100_000

// unsorted returns a report with findings in random order: of 5,000 files, with 300 rules.
func unsorted(n int) *codeant.ScanReport {
	random := rand.New(rand.NewPCG(1, 2))
	results := &codeant.ScanResults{Analysis: codeant.SAST, Findings: make([]codeant.Finding, n)}
	for i := range results.Findings {
		file, line, rule := random.IntN(5_000), 1+random.IntN(1_000), random.IntN(300)
		results.Findings[i] = codeant.Finding{
			Analysis: codeant.SAST, Severity: codeant.Severity(random.IntN(6)),
			Path: fmt.Sprintf("services/shop/module%d/file%d.py", file%100, file), StartLine: line, EndLine: line + 2, Column: 1 + random.IntN(60),
			RuleID: fmt.Sprintf("python.rule-%d", rule), Title: fmt.Sprintf("Title of rule %d", rule), CWE: []string{"CWE-89"},
			Message: fmt.Sprintf("The query number %d is built from a value of the request and reaches the database without a check.", i),
		}
	}
	return &codeant.ScanReport{Results: map[codeant.Analysis]*codeant.ScanResults{codeant.SAST: results}}
}

// sorting compares the sorting of a report's findings with a stable sort of a copy of them by the same fields.
func sorting() []row {
	report := unsorted(manyFindings)
	ours := func() { report.Findings() }
	floor := func() { slices.SortStableFunc(slices.Clone(report.Results[codeant.SAST].Findings), compareFindings) }
	seconds := best(ours)
	return []row{
		{what: "sorting 100,000 findings", got: seconds * 1000, bar: 35, unit: "ms", time: true},
		{what: "sorting 100,000 findings, processor time", got: processorTime(ours) * 1000, bar: 35, unit: "ms", time: true},
		{what: "sorting 100,000 findings, time over slices.SortStableFunc", got: seconds / best(floor), unit: "x", time: true},
	}
}

func compareFindings(a, b codeant.Finding) int {
	switch {
	case a.Severity != b.Severity:
		return int(b.Severity - a.Severity)
	case a.Path != b.Path:
		return strings.Compare(a.Path, b.Path)
	case a.StartLine != b.StartLine:
		return a.StartLine - b.StartLine
	case a.RuleID != b.RuleID:
		return strings.Compare(a.RuleID, b.RuleID)
	case a.Column != b.Column:
		return a.Column - b.Column
	}
	return strings.Compare(a.Message, b.Message)
}

// reports compares the writing of a report with encoding/json, given the structs of the same document.
func reports() []row {
	report := unsorted(manyFindings)
	writeSARIF := func() { check(sarif.Write(io.Discard, report)) }
	encodeKept := encoderOf[sarifDocument](writtenBy(sarif.Write, report), "")
	writeQuality := func() { check(codequality.Write(io.Discard, report)) }
	encodeQuality := encoderOf[[]violation](writtenBy(codequality.Write, report), "  ")
	sarifTime, keptBytes := processorTime(writeSARIF), allocated(encodeKept)
	return []row{
		{
			what: "SARIF of 100,000 findings: processor time over json.Encoder", got: sarifTime / processorTime(encoderOfAll(report)),
			bar: 3, unit: "x", time: true,
		},
		{
			what: "SARIF of 100,000 findings: processor time over json.Encoder of the 25,000 in the document",
			got:  sarifTime / processorTime(encodeKept), unit: "x", time: true,
		},
		{
			what: "SARIF of 100,000 findings: bytes over json.Encoder of the 25,000 in the document", got: allocated(writeSARIF) / keptBytes,
			bar: 2, unit: "x",
		},
		{
			what: "Code Quality of 100,000 findings: processor time over json.Encoder",
			got:  processorTime(writeQuality) / processorTime(encodeQuality), unit: "x", time: true,
		},
		{
			what: "Code Quality of 100,000 findings: bytes over json.Encoder", got: allocated(writeQuality) / allocated(encodeQuality),
			bar: 2, unit: "x",
		},
	}
}

func writtenBy(write func(io.Writer, *codeant.ScanReport) error, report *codeant.ScanReport) []byte {
	var document bytes.Buffer
	check(write(&document, report))
	return document.Bytes()
}

// encoderOf returns a function that encodes the structs of a document, which are a T.
func encoderOf[T any](document []byte, indent string) func() {
	var structs T
	check(json.Unmarshal(document, &structs))
	encode := func(w io.Writer) {
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", indent)
		check(encoder.Encode(&structs))
	}
	var again bytes.Buffer
	encode(&again)
	if !bytes.Equal(document, again.Bytes()) {
		check(fmt.Errorf("a %T does not give the same document", structs))
	}
	return func() { encode(io.Discard) }
}

// encoderOfAll returns a function that encodes the SARIF structs of all findings, of which one document has at most 25,000.
func encoderOfAll(report *codeant.ScanReport) func() {
	var all sarifDocument
	for part := range slices.Chunk(report.Results[codeant.SAST].Findings, 25_000) {
		some := &codeant.ScanReport{Results: map[codeant.Analysis]*codeant.ScanResults{codeant.SAST: {Findings: part}}}
		var document sarifDocument
		check(json.Unmarshal(writtenBy(sarif.Write, some), &document))
		results := append(all.Runs[0].Results, document.Runs[0].Results...)
		all = document
		all.Runs[0].Results = results
	}
	return func() { check(json.NewEncoder(io.Discard).Encode(&all)) }
}

// allocated returns how many bytes f allocates when the buffers that encoding/json keeps for its next use are gone.
func allocated(f func()) float64 {
	runtime.GC()
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return float64(after.TotalAlloc - before.TotalAlloc)
}

// processorTime returns for how many seconds f keeps processors busy, in the best of several runs. Other work on the machine
// changes it less than the time that passes.
func processorTime(f func()) float64 {
	least := time.Hour
	started := time.Now()
	for run := 0; run < 5 || run < 30 && time.Since(started) < 2*time.Second; run++ {
		runtime.GC()
		before := busy()
		f()
		least = min(least, busy()-before)
	}
	return least.Seconds()
}

func busy() time.Duration {
	var usage syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// sarifDocument has what a document of these findings has.
type sarifDocument struct {
	Schema  string `json:"$schema"`
	Version string `json:"version"`
	Runs    [1]struct {
		Tool        json.RawMessage `json:"tool"`
		BaseIDs     json.RawMessage `json:"originalUriBaseIds"`
		Invocations json.RawMessage `json:"invocations,omitempty"`
		Results     []sarifResult   `json:"results"`
	} `json:"runs"`
}

type sarifResult struct {
	RuleID    string `json:"ruleId"`
	RuleIndex int    `json:"ruleIndex"`
	Level     string `json:"level"`
	Message   struct {
		Text string `json:"text"`
	} `json:"message"`
	Locations [1]struct {
		Physical struct {
			Artifact struct {
				URI       string `json:"uri"`
				URIBaseID string `json:"uriBaseId"`
			} `json:"artifactLocation"`
			Region struct {
				StartLine   int `json:"startLine"`
				StartColumn int `json:"startColumn"`
				EndLine     int `json:"endLine"`
			} `json:"region"`
		} `json:"physicalLocation"`
	} `json:"locations"`
	Fingerprints struct {
		LineHash string `json:"primaryLocationLineHash"`
		CodeAnt  string `json:"codeantFingerprint/v1"`
	} `json:"partialFingerprints"`
	Properties struct {
		Severity string   `json:"severity"`
		CWE      []string `json:"cwe"`
	} `json:"properties"`
}

type violation struct {
	Description string `json:"description"`
	CheckName   string `json:"check_name"`
	Fingerprint string `json:"fingerprint"`
	Severity    string `json:"severity"`
	Location    struct {
		Path  string `json:"path"`
		Lines struct {
			Begin int `json:"begin"`
		} `json:"lines"`
	} `json:"location"`
}
