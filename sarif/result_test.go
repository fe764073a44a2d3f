package sarif_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant"
)

func TestLevelsAndScoresFollowTheSeverity(t *testing.T) {
	t.Parallel()
	for severity, want := range map[codeant.Severity]struct {
		level string
		score string
	}{
		codeant.SeverityCritical: {"error", "9.5"},
		codeant.SeverityHigh:     {"error", "8.0"},
		codeant.SeverityMedium:   {"warning", "5.5"},
		codeant.SeverityLow:      {"note", "3.0"},
		codeant.SeverityInfo:     {"note", ""},
		codeant.SeverityUnknown:  {"warning", ""},
	} {
		for _, analysis := range []codeant.Analysis{codeant.SAST, codeant.SCA, codeant.Secrets} {
			run := runOf(t, codeant.Finding{Analysis: analysis, Severity: severity, RuleID: "r"})
			rule := run.Tool.Driver.Rules[0]
			assert.Equal(t, want.level, run.Results[0].Level, severity)
			assert.Equal(t, want.level, rule.DefaultConfiguration.Level, severity)
			assert.Equal(t, want.score, rule.Properties.SecuritySeverity, severity)
			assert.Equal(t, []string{"security"}, rule.Properties.Tags)
		}
	}
}

func TestACodeSmellIsNoSecurityAlert(t *testing.T) {
	t.Parallel()
	rule := runOf(t, codeant.Finding{Analysis: codeant.AntiPatterns, Severity: codeant.SeverityCritical, RuleID: "r"}).Tool.Driver.Rules[0]
	assert.Empty(t, rule.Properties.Tags)
	assert.Empty(t, rule.Properties.SecuritySeverity)
}

func TestARuleIsAsBadAsItsWorstResult(t *testing.T) {
	t.Parallel()
	low := codeant.Finding{Analysis: codeant.SAST, Severity: codeant.SeverityLow, RuleID: "r", Title: "one", CWE: []string{"CWE-89: SQL", "79"}}
	high := codeant.Finding{Analysis: codeant.SAST, Severity: codeant.SeverityHigh, RuleID: "r", Title: "two", CWE: []string{"cwe-022"}}
	other := codeant.Finding{Analysis: codeant.SAST, Severity: codeant.SeverityCritical, RuleID: "a"}
	run := runOf(t, low, high, other)
	require.Len(t, run.Tool.Driver.Rules, 2)
	assert.Equal(t, "sast/a", run.Tool.Driver.Rules[0].ID)
	rule := run.Tool.Driver.Rules[1]
	assert.Equal(t, "8.0", rule.Properties.SecuritySeverity)
	assert.Equal(t, []string{"security", "external/cwe/cwe-022", "external/cwe/cwe-089"}, rule.Properties.Tags)
	assert.Equal(t, "r", rule.ShortDescription.Text, "the title of one finding is not that of the other")
	assert.Equal(t, []string{"error", "error", "note"}, []string{run.Results[0].Level, run.Results[1].Level, run.Results[2].Level})
}

func TestARuleKeepsToTheLimitsOfGitHub(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ü", 2000)
	f := codeant.Finding{Analysis: codeant.SAST, Title: long}
	for i := range 30 {
		f.CWE = append(f.CWE, "CWE-1"+strings.Repeat("0", i%4)+string(rune('0'+i%10)))
	}
	other := f
	other.Title += "!"
	run := runOf(t, f, other)
	require.Len(t, run.Tool.Driver.Rules, 2, "what is cut off still tells two rules apart")
	for _, rule := range run.Tool.Driver.Rules {
		assert.LessOrEqual(t, len(rule.ID), 255)
		assert.LessOrEqual(t, len([]rune(rule.ShortDescription.Text)), 1024)
		assert.Len(t, rule.Properties.Tags, 10)
		assert.NotEmpty(t, rule.Help.Text)
	}
}

func TestTwinsAreNumberedInTheOrderOfTheirLines(t *testing.T) {
	t.Parallel()
	twin := func(line int, severity codeant.Severity) codeant.Finding {
		return codeant.Finding{Analysis: codeant.SAST, Severity: severity, RuleID: "r", Path: "a.go", Message: "m", StartLine: line}
	}
	number := func(findings ...codeant.Finding) map[int]string {
		numbers := map[int]string{}
		for _, r := range runOf(t, findings...).Results {
			identity := r.PartialFingerprints["primaryLocationLineHash"]
			assert.Equal(t, identity, r.PartialFingerprints["codeantFingerprint/v1"])
			fingerprint, n, _ := strings.Cut(identity, ":")
			assert.Equal(t, findings[0].Fingerprint(), fingerprint)
			numbers[r.Locations[0].PhysicalLocation.Region.StartLine] = n
		}
		return numbers
	}
	low, high := codeant.SeverityLow, codeant.SeverityHigh
	assert.Equal(t, map[int]string{10: "1"}, number(twin(10, low)))
	assert.Equal(t, map[int]string{10: "1", 20: "2", 30: "3"}, number(twin(30, high), twin(10, low), twin(20, high)))
	assert.Equal(t, map[int]string{11: "1", 21: "2", 31: "3"}, number(twin(31, high), twin(11, low), twin(21, high)), "the lines moved")
}

func TestAFindingThatNamesNoFileHasALocationAndSaysWhy(t *testing.T) {
	t.Parallel()
	dependency := func(name, version string) *codeant.Package { return &codeant.Package{Name: name, Version: version} }
	for _, c := range []struct {
		finding     codeant.Finding
		uri, text   string
		pathIsShown bool
	}{
		{
			finding: codeant.Finding{Analysis: codeant.SCA, Message: "m", StartLine: 3, Package: dependency("left-pad", "1.0.0")},
			uri:     "left-pad", text: "it is about the dependency left-pad@1.0.0",
		},
		{
			finding: codeant.Finding{Analysis: codeant.SCA, Message: "m", Path: "../outside.go", Package: dependency("@scope/a b", "")},
			uri:     "@scope/a%20b", text: "it is about the dependency @scope/a b", pathIsShown: true,
		},
		{
			finding: codeant.Finding{Analysis: codeant.SCA, Message: "m", Package: dependency("../../etc/passwd", "1")},
			uri:     "sca", text: "it is about the dependency ../../etc/passwd@1",
		},
		{finding: codeant.Finding{Analysis: codeant.SAST, Message: "m"}, uri: "sast", text: "CodeAnt names no file for it"},
		{
			finding: codeant.Finding{Analysis: codeant.SAST, Message: "m", Path: "../outside.go"},
			uri:     "sast", text: "CodeAnt names ../outside.go", pathIsShown: true,
		},
		{finding: codeant.Finding{Analysis: "..", Message: "m", Package: &codeant.Package{}}, uri: "codeant", text: "CodeAnt names no file for it"},
	} {
		report := reportOf(c.finding)
		result := runOf(t, c.finding).Results[0]
		requireValid(t, write(t, report))
		require.Len(t, result.Locations, 1)
		place := result.Locations[0].PhysicalLocation
		assert.Equal(t, artifact{URI: c.uri}, place.ArtifactLocation, "without the source root: no such file is meant")
		assert.Nil(t, place.Region)
		assert.Equal(t, "m\n\nThis finding has no place in the repository: "+c.text+".", result.Message.Text)
		if c.pathIsShown {
			assert.Equal(t, c.finding.Path, result.Properties["path"])
		} else {
			assert.NotContains(t, result.Properties, "path")
		}
	}
}

func TestWhatASecretsScanFoundIsNeverWritten(t *testing.T) {
	t.Parallel()
	found := codeant.Finding{
		Analysis: codeant.Secrets, Severity: codeant.SeverityHigh, RuleID: "aws-key", Title: "AWS access key", Path: "config/a.env", StartLine: 7,
		Message: "AWS_KEY=AKIAhunter2", Raw: []byte(`{"match":"AKIAhunter2","hashed_secret":"AKIAhunter2"}`),
	}
	untitled, nameless := found, found
	untitled.Title, nameless.Title, nameless.RuleID = "", "", ""
	document := write(t, reportOf(found, untitled, nameless))
	assert.NotContains(t, string(document), "hunter2")
	requireValid(t, document)
	var texts []string
	for _, r := range parse(t, document).Results {
		texts = append(texts, r.RuleID+": "+r.Message.Text)
		assert.Equal(t, "config/a.env", r.Locations[0].PhysicalLocation.ArtifactLocation.URI)
		assert.Equal(t, 7, r.Locations[0].PhysicalLocation.Region.StartLine)
	}
	assert.ElementsMatch(t, []string{
		"secrets/aws-key: A secret was found here. Its type is: AWS access key.",
		"secrets/aws-key: A secret was found here. Its type is: aws-key.",
		"secrets/unnamed: A secret was found here. Its type is: unknown.",
	}, texts)
}

func TestBracesAndBracketsOfATextAreNoPlaceholdersAndNoLinks(t *testing.T) {
	t.Parallel()
	result := runOf(t, codeant.Finding{Analysis: codeant.SAST, Path: "app/[id]/{x}.tsx", RuleID: "r[0]", Title: "a {1}", Message: "use {0}, not [this](1)"}).Results[0]
	assert.Equal(t, `use {{0}}, not \[this\](1)`, result.Message.Text)
	assert.Equal(t, "sast/r[0]", result.RuleID)
	assert.Equal(t, "app/%5Bid%5D/%7Bx%7D.tsx", result.Locations[0].PhysicalLocation.ArtifactLocation.URI)
}

func TestAnEndlessTextIsShortened(t *testing.T) {
	t.Parallel()
	result := runOf(t, codeant.Finding{Analysis: codeant.SAST, Path: "a.go", Message: strings.Repeat("ü", 100_000)}).Results[0]
	assert.Equal(t, strings.Repeat("ü", 8191)+"…", result.Message.Text)
}

func TestARegionNeedsALine(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ start, end, column, wantStart, wantEnd, wantColumn int }{
		{start: 0, end: 5},
		{start: -1},
		{start: 3, wantStart: 3, wantEnd: 3, wantColumn: 1},
		{start: 3, end: 2, column: -4, wantStart: 3, wantEnd: 3, wantColumn: 1},
		{start: 3, end: 9, column: 4, wantStart: 3, wantEnd: 9, wantColumn: 4},
	} {
		place := runOf(t, codeant.Finding{Analysis: codeant.SAST, Path: "a.go", StartLine: c.start, EndLine: c.end, Column: c.column}).Results[0].Locations[0].PhysicalLocation
		if c.wantStart == 0 {
			assert.Nil(t, place.Region)
			continue
		}
		assert.Equal(t, []int{c.wantStart, c.wantEnd, c.wantColumn}, []int{place.Region.StartLine, place.Region.EndLine, place.Region.StartColumn})
	}
}

func TestWhatIsMissingHasAStandIn(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		finding     codeant.Finding
		id, message string
	}{
		{codeant.Finding{Analysis: codeant.SAST, RuleID: "r", Title: "t", Message: "m"}, "sast/r", "m"},
		{codeant.Finding{Analysis: codeant.SAST, RuleID: "r", Message: "a\u202eb\u200bc\u2028d\ufeff"}, "sast/r", "a�b�c�d�"},
		{codeant.Finding{Analysis: codeant.SAST, RuleID: " ", Title: "a\n title", Message: "\t"}, "sast/a title", "a\n title"},
		{codeant.Finding{Analysis: codeant.SAST}, "sast/unnamed", "sast/unnamed"},
		{codeant.Finding{}, "codeant/unnamed", "codeant/unnamed"},
		{codeant.Finding{Analysis: codeant.SAST, RuleID: "r", Message: "a\x00b\xff\r\nc\rd\te"}, "sast/r", "a�b�\nc\nd\te"},
	} {
		c.finding.Path = "a.go"
		result := runOf(t, c.finding).Results[0]
		assert.Equal(t, c.id, result.RuleID)
		assert.Equal(t, c.message, result.Message.Text)
	}
}
