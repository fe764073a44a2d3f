package main

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

const head = `<!-- Written by go generate from the source; change the comments there. -->

# The API, endpoint by endpoint

Every endpoint that this package speaks to and how well it is known: **documented** by CodeAnt, **observed** in its own
scripts and command line client, or **inferred** from its neighbours. Nobody has tried this package on a real account yet.
If you have one, run ` + "`go run ./examples/check-api -h`" + ` and send us its report: it settles the open questions below.

## Methods

| Method | Operations | Evidence | Uncertain |
|---|---|---|---|
`

const operationsHead = `
## Operations

The names are in errors, in logs and in the faults of package codeanttest. Every request carries ` + "`Authorization: Bearer`" + `.
"Field" is where the vendor's documentation or scripts want the token in the body, besides. An operation that is not
idempotent is repeated only if the server certainly did not process it, or answered 429.

| Operation | Path | Idempotent | Field |
|---|---|---|---|
`

const tail = "| `coverage.put` | PUT the presigned URL | yes | none, and no header either |\n" +
	"| `call` | any, by `Client.Call` | as the caller says | as the caller says |\n" + `
## No method, and why

| Operation of the description | Path | Why |
|---|---|---|
| getScanScript | GET /analysis/ci/scan/script/get | downloads start_scan.sh, which ` + "`Scans`" + ` replaces |
| getQualityGatesScript | GET /analysis/ci/quality-gates/script/get | downloads quality_gates.sh, which ` + "`Gates`" + ` replaces |
| getCoverageScript | GET /pr/analysis/coverage/script/get | downloads upload_coverage.sh, which ` + "`Coverage`" + ` replaces |
| runAnalysis | POST /extension/analysis/run | starts a scan as ` + "`Scans.Start`" + ` does, which is documented |
| getScanCenterHistory | POST /extension/scans2/get-scan-history | lists scans as ` + "`Scans.History`" + ` does, whose path is documented |
| getIssueOverrides | POST /extension/scans2/change-issue-details/get | lists changes that results are said to have in them |
`

// generate returns the page for the package in the folder root.
func generate(root string) ([]byte, error) {
	src, err := read(root)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	b.WriteString(head)
	for _, m := range src.methods {
		names := make([]string, 0, len(m.operations))
		for _, variable := range m.operations {
			if name := "`" + src.operations[variable].name + "`"; !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
		slices.Sort(names)
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", m.name, strings.Join(names, ", "), m.known, orDash(m.uncertain))
	}
	b.WriteString(operationsHead)
	for _, variable := range src.order {
		op := src.operations[variable]
		idempotent := "no"
		if op.idempotent {
			idempotent = "yes"
		}
		field := "-"
		if op.tokenField != "" {
			field = "`" + op.tokenField + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", op.name, op.path, idempotent, field)
	}
	b.WriteString(tail)
	return b.Bytes(), nil
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
