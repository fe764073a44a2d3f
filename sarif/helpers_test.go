package sarif_test

import (
	"bytes"
	"encoding/json"
	"os"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
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

// These mirror what a document may have, so that a comparison leaves nothing out.
type (
	text struct{ Text string }
	run  struct {
		Tool struct {
			Driver struct {
				Name, InformationURI, SemanticVersion string
				Rules                                 []rule
			}
		}
		OriginalURIBaseIDs map[string]struct{ Description text }
		Invocations        []struct {
			ExecutionSuccessful        bool
			ToolExecutionNotifications []struct {
				Level   string
				Message text
			}
		}
		VersionControlProvenance []struct {
			RepositoryURI, RevisionID, Branch string
			MappedTo                          artifact
		}
		Results []result
	}
	rule struct {
		ID                                      string
		ShortDescription, FullDescription, Help text
		DefaultConfiguration                    struct{ Level string }
		Properties                              struct {
			Tags             []string
			SecuritySeverity string `json:"security-severity"`
		}
	}
	result struct {
		RuleID    string
		RuleIndex int
		Level     string
		Message   text
		Locations []struct {
			PhysicalLocation struct {
				ArtifactLocation artifact
				Region           *region
			}
		}
		PartialFingerprints map[string]string
		Suppressions        []struct{ Kind, Status, Justification string }
		Properties          map[string]any
	}
	artifact struct{ URI, URIBaseID string }
	region   struct{ StartLine, StartColumn, EndLine int }
)

// parse reads the document's only run.
func parse(t *testing.T, document []byte) *run {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(document))
	decoder.DisallowUnknownFields()
	var log struct {
		Schema  string `json:"$schema"`
		Version string
		Runs    []run
	}
	require.NoError(t, decoder.Decode(&log))
	require.Equal(t, "2.1.0", log.Version)
	require.Len(t, log.Runs, 1)
	return &log.Runs[0]
}

func runOf(t *testing.T, findings ...codeant.Finding) *run {
	t.Helper()
	return parse(t, write(t, reportOf(findings...)))
}

var officialSchema = sync.OnceValues(func() (*jsonschema.Schema, error) {
	file, err := os.Open("testdata/sarif-schema-2.1.0.json")
	if err != nil {
		return nil, err
	}
	defer file.Close()
	parsed, err := jsonschema.UnmarshalJSON(file)
	if err != nil {
		return nil, err
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource("sarif.json", parsed); err != nil {
		return nil, err
	}
	return compiler.Compile("sarif.json")
})

func requireValid(t *testing.T, document []byte) {
	t.Helper()
	schema, err := officialSchema()
	require.NoError(t, err)
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(document))
	require.NoError(t, err)
	require.NoError(t, schema.Validate(parsed))
}
