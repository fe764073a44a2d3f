package report_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant/internal/report"
)

const cobertura = `<?xml version="1.0" encoding="utf-8"?><coverage line-rate="0.5"><packages></packages></coverage>`

var accepted = []struct {
	name, content string
	want          report.Format
}{
	{"Cobertura", cobertura, report.Cobertura},
	{"Cobertura with a byte order mark", "\xef\xbb\xbf" + cobertura, report.Cobertura},
	{"Cobertura that says utf-16", strings.Replace(cobertura, "utf-8", "utf-16", 1), report.Cobertura},
	{"Cobertura in Latin 1", strings.Replace(cobertura, "utf-8", "ISO-8859-1", 1), report.Cobertura},
	{"Cobertura by its DOCTYPE", `<!DOCTYPE coverage SYSTEM "http://cobertura.sourceforge.net/xml/coverage-04.dtd"><coverage><sources/></coverage>`, report.Cobertura},
	{"Cobertura after a line break", "\n<coverage><sources><source>.</source></sources></coverage>", report.Cobertura},
	{"JaCoCo", `<?xml version="1.0"?><!DOCTYPE report PUBLIC "-//JACOCO//DTD Report 1.1//EN" "report.dtd"><report name="shop"><sessioninfo id="a"/></report>`, report.JaCoCo},
	{"JaCoCo without a DOCTYPE", `<report name="shop"><package name="p"></package></report>`, report.JaCoCo},
	{"Clover", `<coverage generated="1700000000" clover="4.4"><project timestamp="1"></project></coverage>`, report.Clover},
	{"LCOV", "TN:\nSF:a.js\nDA:1,1\nend_of_record\n", report.LCOV},
	{"LCOV with CRLF and no test name", "SF:a.js\r\nDA:1,0\r\nend_of_record\r\n", report.LCOV},
	{"a long LCOV record", "TN:\nSF:a.js\n" + strings.Repeat("DA:1,1\n", report.Window/7), report.LCOV},
	{"coverage.py", `{"meta":{},"files":{"a.py":{"executed_lines":[1,2],"missing_lines":[]}},"totals":{}}`, report.JSON},
	{"Istanbul", `{"/src/a.js":{"path":"/src/a.js","statementMap":{"0":{}},"s":{"0":1}}}`, report.JSON},
	{"gcovr", `{"gcovr/format_version":"0.5","files":[{"file":"a.c","lines":[{"line_number":1,"count":1}]}]}`, report.JSON},
	{"SimpleCov", `{"RSpec":{"coverage":{"/a.rb":{"lines":[1,null]}},"timestamp":1}}`, report.JSON},
}

func TestCoverageReportsAreRecognised(t *testing.T) {
	t.Parallel()
	for _, tt := range accepted {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := report.Detect(strings.NewReader(tt.content))
			require.NoError(t, err)
			assert.Equal(t, tt.want, got)
		})
	}
}

var refused = []struct{ name, content, what string }{
	{"nothing", "", "it is empty"},
	{"white space", " \n\t", "it holds nothing but white space"},
	{"HTML", "<!DOCTYPE html><html><body>report</body></html>", "HTML"},
	{"JUnit", `<testsuites><testsuite name="a"/></testsuites>`, "JUnit"},
	{"Go profile", "mode: atomic\nexample.com/m/a.go:1.1,2.2 1 1\n", "Go cover"},
	{"Go profiles put together", "example.com/m/a.go:1.1,2.2 1 1\n", "Go cover"},
	{"gzip", "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03", "gzip"},
	{"zip", "PK\x03\x04\x14\x00\x00\x00", "zip"},
	{"SQLite", "SQLite format 3\x00", "SQLite"},
	{"UTF-16", "\xff\xfe<\x00c\x00", "UTF-16"},
	{"OpenCover", `<CoverageSession><Summary/></CoverageSession>`, "OpenCover"},
	{"dotCover", `<Root CoveredStatements="1" DotCoverVersion="2024.1"></Root>`, "dotCover"},
	{"PHPUnit", `<phpunit xmlns="https://schema.phpunit.de/coverage/1.0"><build/></phpunit>`, "PHPUnit"},
	{"Sonar", `<coverage version="1"><file path="a"/></coverage>`, "Sonar"},
	{"Istanbul's summary", `{"total":{"lines":{"total":1,"covered":1,"skipped":0,"pct":100}}}`, "summary"},
	{"SimpleCov's last run", `{"result":{"line":90.1}}`, "last_run"},
	{"cut off XML", `<coverage line-rate="1"><packages><package>`, ""},
	{"cut off JSON", `{"files":{"a.py":{"executed_lines":[1,`, "cut off"},
	{"cut off LCOV", "TN:\nSF:a.js\nDA:1,1\n", ""},
	{"LCOV after chatter", "Running tests\nTN:\nSF:a.js\nDA:1,1\nend_of_record\n", ""},
	{"LCOV without lines", "TN:\nSF:a.js\nend_of_record\n", ""},
	{"prose", "all tests passed", ""},
	{"an entity bomb", `<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]><x>&b;&b;&b;</x>`, ""},
	{"deep JSON", strings.Repeat("[", report.Window), ""},
}

func TestWhatIsNoCoverageReportIsNamed(t *testing.T) {
	t.Parallel()
	for _, tt := range refused {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := report.Detect(strings.NewReader(tt.content))
			var refusal *report.Refusal
			require.ErrorAs(t, err, &refusal)
			assert.Contains(t, refusal.What, tt.what)
			assert.True(t, strings.HasPrefix(refusal.What, "it "), refusal.What)
			assert.NotEmpty(t, refusal.Advice)
		})
	}
}

func TestAReadErrorIsNotTakenForAnEmptyReport(t *testing.T) {
	t.Parallel()
	broken := errors.New("disk on fire")
	_, err := report.Detect(iotest.ErrReader(broken))
	assert.EqualError(t, err, "it could not be read: disk on fire")
	assert.ErrorIs(t, err, broken)
}

func TestAtMostTheWindowIsRead(t *testing.T) {
	t.Parallel()
	rest := strings.NewReader("TN:\nSF:a.js\n" + strings.Repeat("DA:1,1\n", report.Window))
	size := rest.Len()
	_, err := report.Detect(rest)
	require.NoError(t, err)
	assert.Equal(t, report.Window, size-rest.Len())
}

func FuzzDetect(f *testing.F) {
	for _, tt := range accepted {
		f.Add([]byte(tt.content))
	}
	for _, tt := range refused[:len(refused)-1] {
		f.Add([]byte(tt.content))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		format, err := report.Detect(io.MultiReader(strings.NewReader(string(content))))
		if (err == nil) == (format == "") {
			t.Fatalf("format %q with error %v", format, err)
		}
	})
}
