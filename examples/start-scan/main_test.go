package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/codeanttest"
	"github.com/codeant-sdk/codeant/examples/internal/pipeline"
	"github.com/codeant-sdk/codeant/examples/internal/pipelinetest"
)

var (
	line     = []string{"-r", "acme/shop", "-c", pipelinetest.Commit, "-s", "github"}
	revision = codeant.Revision{Provider: codeant.GitHub, Repo: "acme/shop", Commit: pipelinetest.Commit}
)

var formats = []string{"results", "sarif", "codequality", "junit"}

func with(more ...string) []string { return append(append([]string{}, line...), more...) }

func inBubble(t *testing.T, opts []codeanttest.Option, test func(t *testing.T, w pipelinetest.World)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		test(t, pipelinetest.World{Server: codeanttest.NewServer(t, append(opts, codeanttest.InMemory())...)})
	})
}

func TestTheRequestsAreThoseOfTheScript(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		args    []string
		env     map[string]string
		start   string
		results string
	}{
		{line, nil, `"service":"github","include_files":"","exclude_files":"","branch":"","github_base_url":"https://github.com"`, `"service":"github","github_base_url":"https://github.com"`},
		{
			[]string{"--repo", "acme/shop", "--commit-id", pipelinetest.Commit, "--service", "gitlab", "--branch", "main", "--include-files", "a,b", "--exclude-files", "c", "--base-url", "https://git.acme.example", "--timeout", "60", "--polling-interval", "10"},
			nil, `"service":"gitlab","include_files":"a,b","exclude_files":"c","branch":"main","gitlab_base_url":"https://git.acme.example"`, `"service":"gitlab","gitlab_base_url":"https://git.acme.example"`,
		},
		{nil, map[string]string{"REPO_NAME": "acme/shop", "COMMIT_ID": pipelinetest.Commit, "SERVICE": "bitbucket", "BRANCH": "dev", "INCLUDE_FILES": "x"}, `"service":"bitbucket","include_files":"x","exclude_files":"","branch":"dev"`, `"service":"bitbucket"`},
		{
			[]string{"-r", "acme/shop", "-c", pipelinetest.Commit, "-s", "azuredevops"},
			nil,
			`"service":"azuredevops","include_files":"","exclude_files":"","branch":"","azure_devops_base_url":"https://dev.azure.com"`, `"service":"azuredevops","azure_devops_base_url":"https://dev.azure.com"`,
		},
	} {
		inBubble(t, nil, func(t *testing.T, w pipelinetest.World) {
			w.Env = tt.env
			got := w.Run(t, run, tt.args...)
			require.Equal(t, 0, got.Code, got.Stderr)
			common := `{"repo":"acme/shop","commit_id":"` + pipelinetest.Commit + `","access_token":"` + w.Server.Token().Reveal() + `",`
			paths := map[string]string{}
			for _, r := range w.Server.Requests() {
				assert.Equal(t, "Bearer "+w.Server.Token().Reveal(), r.Header.Get("Authorization"))
				paths[r.Path] = string(r.Body)
			}
			require.Len(t, paths, 3)
			assert.JSONEq(t, common+tt.start+"}", paths["/api/analysis/start"])
			assert.JSONEq(t, common+tt.results+"}", paths["/api/analysis/results"])
			assert.JSONEq(t, common+tt.results+"}", paths["/api/analysis/results/sca"])
		})
	}
}

func TestExitCodes(t *testing.T) {
	t.Parallel()
	always := func(f codeanttest.Fault) []codeanttest.Fault {
		all := make([]codeanttest.Fault, 200)
		for i := range all {
			all[i] = f
		}
		return all
	}
	body := func(text string) codeanttest.Fault { return codeanttest.Fault{Status: 200, Body: text} }
	for _, tt := range []struct {
		name   string
		op     string
		faults []codeanttest.Fault
		args   []string
		env    map[string]string
		code   int
		status string
	}{
		{name: "success", args: line, status: "success"},
		{name: "only started", args: with("-n"), status: "success"},
		{name: "only started, not confirmed", op: "scans.start", faults: []codeanttest.Fault{{Status: 504}}, args: with("-n"), status: "unconfirmed"},
		{name: "queued, then waited for", op: "scans.start", faults: []codeanttest.Fault{{Status: 504}}, args: line, status: "success"},
		{name: "one reset", op: "scans.results.sast", faults: []codeanttest.Fault{{Reset: true}}, args: line, status: "success"},
		{name: "one 500", op: "scans.results.sca", faults: []codeanttest.Fault{{Status: 500}}, args: line, status: "success"},
		{name: "half an answer", op: "scans.results.sca", faults: []codeanttest.Fault{{Truncate: true}}, args: line, status: "success"},
		{name: "a bare list", op: "scans.results.sast", faults: []codeanttest.Fault{body(`[]`)}, args: line, status: "success"},
		{name: "pending in capitals", op: "scans.results.sast", faults: []codeanttest.Fault{body(`{"status":"PENDING"}`)}, args: line, status: "success"},
		{name: "no content at first", op: "scans.results.sast", faults: []codeanttest.Fault{{Status: 204}}, args: line, status: "success"},
		{name: "status error", op: "scans.results.sast", faults: []codeanttest.Fault{body(`{"status":"error"}`)}, args: line, code: 1, status: "failed"},
		{name: "status failed", op: "scans.results.sca", faults: []codeanttest.Fault{body(`{"status":"failed","results":[]}`)}, args: line, code: 1, status: "failed"},
		{name: "findings that matter", op: "scans.results.sast", faults: []codeanttest.Fault{body(`[{"severity":"high"},{"severity":"low"}]`)}, args: with("-fail-on", "high"), code: 1, status: "failed"},
		{name: "findings that do not matter", op: "scans.results.sast", faults: []codeanttest.Fault{body(`[{"severity":"high"}]`)}, args: with("-fail-on", "critical"), status: "success"},
		{name: "findings that were dismissed", op: "scans.results.sast", faults: []codeanttest.Fault{body(`[{"severity":"high","is_dismissed":true},{"severity":"high","is_false_positive":true}]`)}, args: with("-fail-on", "high"), status: "success"},
		{name: "an unknown severity", args: with("-fail-on", "awful"), code: 2, status: "usage"},
		{name: "an unknown scanner", args: with("-scanners", "sast,magic"), code: 2, status: "usage"},
		{name: "an unknown provider", args: with("-s", "svn"), code: 2, status: "usage"},
		{name: "an interval of nothing", args: with("-p", "0"), code: 2, status: "usage"},
		{name: "a flag without its value", args: with("-b"), code: 2, status: "usage"},
		{name: "no token", args: line, env: map[string]string{codeant.TokenEnv: ""}, code: 3, status: "unauthorized"},
		{name: "unauthorized while polling", op: "scans.results.sast", faults: []codeanttest.Fault{{Status: 401}}, args: line, code: 3, status: "unauthorized"},
		{name: "forbidden", op: "scans.results.sast", faults: []codeanttest.Fault{{Status: 403}}, args: line, code: 3, status: "unauthorized"},
		{name: "a start that failed", op: "scans.start", faults: []codeanttest.Fault{{Status: 503}}, args: line, code: 4, status: "unavailable"},
		{name: "one analysis down for good", op: "scans.results.sca", faults: always(codeanttest.Fault{Status: 500}), args: line, code: 4, status: "unavailable"},
		{name: "an answer nobody understands", op: "scans.results.sast", faults: []codeanttest.Fault{body(`{"message":"hello"}`)}, args: with("-allow-unavailable"), code: 4, status: "unavailable"},
		{name: "one analysis never comes", op: "scans.results.sca", faults: always(body(`{"status":"pending"}`)), args: line, code: 5, status: "timeout"},
		{name: "a state nobody knows", op: "scans.results.sca", faults: always(body(`{"status":"parked"}`)), args: line, code: 5, status: "timeout"},
		{name: "never found", op: "scans.results.sca", faults: always(codeanttest.Fault{Status: 404}), args: line, code: 5, status: "timeout"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, nil, func(t *testing.T, w pipelinetest.World) {
				if tt.op != "" {
					w.Server.Inject(tt.op, tt.faults...)
				}
				w.Env = tt.env
				got := w.Run(t, run, tt.args...)
				assert.Equal(t, tt.code, got.Code, got.Stderr)
				assert.Equal(t, tt.status, got.Result.Status)
				assert.LessOrEqual(t, strings.Count(got.Stderr, "\n"), 3)
			})
		})
	}
}

func TestFindingsAreCountedListedAndWrittenAsSARIF(t *testing.T) {
	t.Parallel()
	inBubble(t, []codeanttest.Option{codeanttest.PendingPolls(1)}, func(t *testing.T, w pipelinetest.World) {
		w.Server.SetFindings(revision, codeant.SAST, json.RawMessage(`[{"path":"a.go","line":3,"severity":"high","message":"SQL injection ::error::x"},{"path":"b.go","severity":"low","message":"m"}]`))
		w.Server.SetFindings(revision, codeant.Secrets, json.RawMessage(`[{"type":"AWS key","filename":"c.env","line_number":1}]`))
		file := filepath.Join(t.TempDir(), "out.sarif")
		got := w.Run(t, run, with("-scanners", "sast,secrets", "-sarif", file)...)
		require.Equal(t, 0, got.Code, got.Stderr)
		assert.Equal(t, []pipeline.Analysis{{Name: "sast", Status: "done"}, {Name: "secrets", Status: "done"}}, got.Result.Analyses)
		assert.Equal(t, &pipeline.Findings{Total: 3, BySeverity: map[string]int{"high": 2, "low": 1}}, got.Result.Findings)
		assert.Contains(t, got.Stdout, "high  a.go:3   SQL injection : :error: :x\n")
		written, err := os.ReadFile(file)
		require.NoError(t, err)
		var log struct {
			Version string
			Runs    []struct{ Results []json.RawMessage }
		}
		require.NoError(t, json.Unmarshal(written, &log))
		assert.Equal(t, "2.1.0", log.Version)
		assert.Len(t, log.Runs[0].Results, 3)
	})
}

func TestAStartThatIsNotConfirmedIsNotCalledStarted(t *testing.T) {
	t.Parallel()
	inBubble(t, nil, func(t *testing.T, w pipelinetest.World) {
		w.Server.Inject("scans.start", codeanttest.Fault{Status: 504})
		got := w.Run(t, run, with("-n")...)
		assert.Equal(t, 0, got.Code)
		assert.Equal(t, "unconfirmed", got.Result.Status)
		assert.Empty(t, got.Stdout)
		assert.Equal(t, "WARNING: The start of the scan is not confirmed: CodeAnt's gateway timed out (504). It may run all the same.\n", got.Stderr)
	})
}

// The command line of the newest action of the vendor.
func TestTheNewestActionsCommandLine(t *testing.T) {
	t.Parallel()
	for scanners, want := range map[string][]pipeline.Analysis{
		"sast,sca": {{Name: "sast", Status: "done"}, {Name: "sca", Status: "done"}},
		"sast,iac": {{Name: "iac", Status: "done"}, {Name: "sast", Status: "done"}},
		"iac":      {{Name: "iac", Status: "done"}},
	} {
		inBubble(t, nil, func(t *testing.T, w pipelinetest.World) {
			w.Env = map[string]string{codeant.TokenEnv: ""}
			got := w.Run(t, run, "--scanners", scanners, "-a", w.Server.Token().Reveal(), "-r", "acme/shop", "-c", pipelinetest.Commit, "-s", "github", "-b", "main")
			assert.Equal(t, 0, got.Code, got.Stderr)
			assert.Equal(t, want, got.Result.Analyses)
			for _, body := range w.Bodies("scans.start") {
				assert.NotContains(t, body, "scanners", "the name of its field is not known")
			}
		})
	}
}

func TestFindingsOfUnknownSeverityFailAtEveryLevelAndAreNamed(t *testing.T) {
	t.Parallel()
	inBubble(t, nil, func(t *testing.T, w pipelinetest.World) {
		w.Server.SetFindings(revision, codeant.SAST, json.RawMessage(`[{"path":"a.go","severity":"SEVERE","message":"m"},{"path":"b.go","severity":"SEVERE","message":"m","is_dismissed":true}]`))
		got := w.Run(t, run, with("-fail-on", "critical")...)
		assert.Equal(t, 1, got.Code)
		assert.Equal(t, "WARNING: 1 finding has a severity that is not known; -fail-on counts it at every level\nstart-scan: findings that -fail-on critical does not accept: 1, of which 1 has an unknown severity\n", got.Stderr)
		assert.Equal(t, map[string]int{"unknown": 1}, got.Result.Findings.BySeverity)
		assert.Contains(t, got.Stdout, "\n1 open finding in sast, sca: 1 unknown.\n")
	})
}

func TestAtMostTenFindingsAreShownAtTheirLinesOnGitHub(t *testing.T) {
	t.Parallel()
	inBubble(t, nil, func(t *testing.T, w pipelinetest.World) {
		var all []map[string]any
		for i := range 30 {
			all = append(all, map[string]any{"path": fmt.Sprintf("src/%02d,a:b.go", i), "line": 7, "severity": "high", "check_id": "sqli", "message": "bad\n::error::" + w.Server.Token().Reveal()})
		}
		body, err := json.Marshal(all)
		require.NoError(t, err)
		w.Server.SetFindings(revision, codeant.SAST, body)
		w.Env = map[string]string{"GITHUB_ACTIONS": "true"}
		got := w.Run(t, run, with("-fail-on", "high")...)
		assert.Equal(t, 1, got.Code)
		assert.Equal(t, 10, strings.Count(got.Stdout, "::error file="))
		assert.Contains(t, got.Stdout, "::error file=src/00%2Ca%3Ab.go,line=7,title=high%3A sast/sqli::bad : :error: :cdt_••••"+w.Server.Token().Last4()+"\n")
		assert.Contains(t, got.Stdout, "\nand 10 more: -results FILE writes them all\n")
		w.Env = nil
		assert.NotContains(t, w.Run(t, run, with("-fail-on", "high")...).Stdout, "::error")
	})
}

// What a secrets scan found is itself a secret: only its type, rule, path and line are shown.
func TestASecretThatWasFoundIsShownNowhere(t *testing.T) {
	t.Parallel()
	inBubble(t, nil, func(t *testing.T, w pipelinetest.World) {
		w.Server.SetFindings(revision, codeant.Secrets, json.RawMessage(`[{"type":"AWS key","filename":"c.env","line_number":1,"message":"AKIA-SECRET","match":"AKIA-SECRET","check_id":"aws"}]`))
		dir := t.TempDir()
		w.Env = map[string]string{"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": filepath.Join(dir, "summary.md")}
		args := with("-scanners", "secrets", "-fail-on", "low")
		for _, format := range formats {
			args = append(args, "-"+format, filepath.Join(dir, format))
		}
		got := w.Run(t, run, args...)
		assert.Equal(t, 1, got.Code)
		assert.Contains(t, got.Stdout, "::error file=c.env,line=1,title=high%3A secrets/aws::")
		assert.NotContains(t, got.Stdout+got.Stderr, "AKIA")
		for _, name := range append(formats, "summary.md") {
			written, err := os.ReadFile(filepath.Join(dir, name))
			require.NoError(t, err)
			assert.NotContains(t, string(written), "AKIA", name)
		}
	})
}

// An analysis of "all" that this installation refuses is no failure; one that was asked for by name is.
func TestAnAnalysisThatIsRefusedIsNotAvailable(t *testing.T) {
	t.Parallel()
	for _, status := range []int{403, 404} {
		inBubble(t, nil, func(t *testing.T, w pipelinetest.World) {
			w.Server.Inject("scans.results.iac", codeanttest.Fault{Status: status})
			got := w.Run(t, run, with("-scanners", "all")...)
			assert.Equal(t, 0, got.Code, got.Stderr)
			assert.Contains(t, got.Result.Analyses, pipeline.Analysis{Name: "iac", Status: "not available"})
			assert.Contains(t, got.Result.Analyses, pipeline.Analysis{Name: "docstring", Status: "done"})
			assert.Contains(t, got.Stdout, "\niac is not available with this token.\n")
			assert.Len(t, got.Result.Analyses, 10)
		})
	}
	inBubble(t, nil, func(t *testing.T, w pipelinetest.World) {
		w.Server.Inject("scans.results.iac", codeanttest.Fault{Status: 403})
		assert.Equal(t, 3, w.Run(t, run, with("-scanners", "sast,iac")...).Code)
	})
}

func TestOnlyNewFindingsCountAgainstABaseline(t *testing.T) {
	t.Parallel()
	inBubble(t, nil, func(t *testing.T, w pipelinetest.World) {
		old := `{"path":"a.go","line":3,"severity":"high","check_id":"sqli","message":"m"}`
		w.Server.SetFindings(revision, codeant.SAST, json.RawMessage("["+old+"]"))
		baseline := filepath.Join(t.TempDir(), "results.json")
		assert.Equal(t, 1, w.Run(t, run, with("-fail-on", "high", "-results", baseline)...).Code)
		written, err := os.ReadFile(baseline)
		require.NoError(t, err)
		assert.Contains(t, string(written), `"rule_id": "sqli"`)
		assert.Contains(t, string(written), `"status": "done"`)

		got := w.Run(t, run, with("-fail-on", "high", "-baseline", baseline)...)
		assert.Equal(t, 0, got.Code, got.Stderr)
		assert.Equal(t, 1, got.Result.Findings.Total)
		assert.Equal(t, 0, *got.Result.Findings.New)

		shifted := strings.Replace(old, ":3,", ":30,", 1)
		w.Server.SetFindings(revision, codeant.SAST, json.RawMessage("["+shifted+","+strings.Replace(old, "a.go", "b.go", 1)+"]"))
		got = w.Run(t, run, with("-fail-on", "high", "-baseline", baseline)...)
		assert.Equal(t, 1, got.Code)
		assert.Equal(t, "start-scan: findings that -fail-on high does not accept: 1\n", got.Stderr)
		assert.Contains(t, got.Stdout, "high  b.go:3  m\n")
		assert.NotContains(t, got.Stdout, "a.go")

		for _, broken := range []string{"{}", "[", "null"} {
			require.NoError(t, os.WriteFile(baseline, []byte(broken), 0o600))
			got = w.Run(t, run, with("-baseline", baseline)...)
			assert.Equal(t, 2, got.Code)
			assert.Contains(t, got.Stderr, "start-scan: the file of -baseline cannot be used: ")
		}
	})
}

// The file of results has what has finished: the script writes one after a failure too.
func TestResultsAreWrittenEvenIfAnAnalysisFailed(t *testing.T) {
	t.Parallel()
	inBubble(t, nil, func(t *testing.T, w pipelinetest.World) {
		w.Server.Inject("scans.results.sca", codeanttest.Fault{Status: 200, Body: `{"status":"failed","results":[]}`})
		file := filepath.Join(t.TempDir(), "results.json")
		assert.Equal(t, 1, w.Run(t, run, with("-results", file)...).Code)
		var report codeant.ScanReport
		written, err := os.ReadFile(file)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(written, &report))
		assert.Contains(t, report.Results, codeant.SAST)
		assert.NotContains(t, report.Results, codeant.SCA)
	})
}

// A server that repeats the token finds it in no file.
func TestTheTokenIsInNoFile(t *testing.T) {
	t.Parallel()
	const token = `cdt_a!b:c@d&e"f<g>h`
	inBubble(t, nil, func(t *testing.T, w pipelinetest.World) {
		body, err := json.Marshal([]map[string]any{{"path": token, "line": 1, "severity": "high", "check_id": token, "message": token, "package_name": token}})
		require.NoError(t, err)
		w.Server.Inject("scans.results.sast", codeanttest.Fault{Status: 200, Body: string(body)})
		dir := t.TempDir()
		w.Env = map[string]string{codeant.TokenEnv: token, "GITHUB_STEP_SUMMARY": filepath.Join(dir, "summary.md")}
		w.Server.Inject("scans.start", codeanttest.Fault{Status: 200, Body: `{"message":"ok"}`})
		args := with("-scanners", "sast", "-fail-on", "low", "-json", filepath.Join(dir, "object"))
		for _, format := range formats {
			args = append(args, "-"+format, filepath.Join(dir, format))
		}
		got := w.Run(t, run, args...)
		assert.Equal(t, 1, got.Code, got.Stderr)
		texts := map[string]string{"out": got.Stdout, "err": got.Stderr}
		for _, name := range append(formats, "summary.md") {
			written, err := os.ReadFile(filepath.Join(dir, name))
			require.NoError(t, err)
			texts[name] = string(written)
		}
		for where, text := range texts {
			for _, part := range []string{"a!b", "a%21b", "c@d", "c%40d"} {
				assert.NotContains(t, text, part, where)
			}
		}
	})
}

func TestHalfAReportIsNotWritten(t *testing.T) {
	t.Parallel()
	inBubble(t, nil, func(t *testing.T, w pipelinetest.World) {
		w.Server.Inject("scans.results.sca", codeanttest.Fault{Status: 200, Body: `{"status":"failed","results":[]}`})
		file := filepath.Join(t.TempDir(), "out.sarif")
		assert.Equal(t, 1, w.Run(t, run, with("-sarif", file)...).Code)
		assert.NoFileExists(t, file)
	})
}

func TestAFileThatCannotBeWrittenIsAnError(t *testing.T) {
	t.Parallel()
	inBubble(t, nil, func(t *testing.T, w pipelinetest.World) {
		dir := t.TempDir()
		got := w.Run(t, run, with("-sarif", dir)...)
		assert.Equal(t, 2, got.Code)
		assert.Equal(t, "start-scan: the file of -sarif cannot be written: write "+dir+": it is a directory\n", got.Stderr)
	})
}

func TestAPageThatAnswersIsTold(t *testing.T) {
	t.Parallel()
	inBubble(t, nil, func(t *testing.T, w pipelinetest.World) {
		w.Server.Inject("scans.start", codeanttest.Fault{Status: 200, Body: "<html><title>Sign in</title></html>", Header: http.Header{"Content-Type": {"text/html"}}})
		got := w.Run(t, run, line...)
		assert.Equal(t, 4, got.Code)
		assert.Contains(t, got.Stderr, "start-scan: scans.start: 200 OK: the answer is a web page, not CodeAnt's JSON (text/html) (POST")
	})
}

func TestHelpFitsAScreen(t *testing.T) {
	t.Parallel()
	inBubble(t, nil, func(t *testing.T, w pipelinetest.World) {
		got := w.Run(t, run, "-h")
		assert.Equal(t, 0, got.Code)
		pipelinetest.FitsAScreen(t, got.Stdout)
		assert.Contains(t, got.Stdout, "Exit codes")
	})
}
