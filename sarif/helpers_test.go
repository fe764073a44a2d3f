package sarif_test

import (
	"bytes"
	"testing"

	library "github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"
	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/sarif"
)

const commit = "8f3b2c1d9e7a6b5c4d3e2f1a0b9c8d7e6f5a4b3c"

func reportOf(findings ...codeant.Finding) *codeant.ScanReport {
	return &codeant.ScanReport{
		Revision: codeant.Revision{Provider: codeant.GitHub, Repo: "acme/shop", Commit: commit, Branch: "main"},
		Results:  map[codeant.Analysis]*codeant.ScanResults{codeant.SAST: {Findings: findings}},
	}
}

func write(t *testing.T, report *codeant.ScanReport) []byte {
	t.Helper()
	var document bytes.Buffer
	require.NoError(t, sarif.Write(&document, report))
	return document.Bytes()
}

// parse reads the document's only run. The library is strict here: it mends no list that the document has as null.
func parse(t *testing.T, document []byte) *library.Run {
	t.Helper()
	log, err := library.FromBytes(document, library.WithStrictValidation())
	require.NoError(t, err)
	require.Len(t, log.Runs, 1)
	return log.Runs[0]
}

func runOf(t *testing.T, findings ...codeant.Finding) *library.Run {
	t.Helper()
	return parse(t, write(t, reportOf(findings...)))
}
