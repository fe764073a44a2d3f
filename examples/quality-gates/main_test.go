package main

import (
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
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

func with(more ...string) []string { return append(append([]string{}, line...), more...) }

func inBubble(t *testing.T, opts []codeanttest.Option, test func(t *testing.T, w pipelinetest.World)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		test(t, pipelinetest.World{Server: codeanttest.NewServer(t, append(opts, codeanttest.InMemory())...)})
	})
}

func TestTheRequestsAreThoseOfTheScript(t *testing.T) {
	t.Parallel()
	inBubble(t, nil, func(t *testing.T, w pipelinetest.World) {
		assert.Equal(t, 0, w.Run(t, run, with("-u", "https://git.acme.example")...).Code)
		assert.Equal(t, 0, w.Run(t, run, "--repo", "acme/shop", "--commit-id", pipelinetest.Commit, "--operation", "results", "--timeout", "60", "--poll-interval", "5").Code)
		token := "Bearer " + w.Server.Token().Reveal()
		requests := w.Server.Requests()
		require.Len(t, requests, 2)
		assert.Equal(t, []string{"POST", "/analysis/ci/quality-gates/scan/start", token}, []string{requests[0].Method, requests[0].Path, requests[0].Header.Get("Authorization")})
		assert.JSONEq(t, `{"repo":"acme/shop","service":"github","commit_id":"`+pipelinetest.Commit+`","base_url":"https://git.acme.example"}`, string(requests[0].Body))
		assert.Equal(t, "/analysis/ci/quality-gates/scan/results", requests[1].Path)
		assert.JSONEq(t, `{"repo":"acme/shop","service":"github","commit_id":"`+pipelinetest.Commit+`"}`, string(requests[1].Body))
	})
}

func TestExitCodes(t *testing.T) {
	t.Parallel()
	fault := func(status int) codeanttest.Fault { return codeanttest.Fault{Status: status} }
	always := func(status int) []codeanttest.Fault {
		faults := make([]codeanttest.Fault, 100)
		for i := range faults {
			faults[i] = fault(status)
		}
		return faults
	}
	body := func(text string) []codeanttest.Fault { return []codeanttest.Fault{{Status: 200, Body: text}} }
	for _, tt := range []struct {
		name   string
		op     string
		faults []codeanttest.Fault
		args   []string
		env    map[string]string
		code   int
		status string
	}{
		{name: "passed", args: with("-o", "results"), status: "success"},
		{name: "passed by run", args: with("-o", "run"), status: "success"},
		{name: "started", args: line, status: "success"},
		{name: "one 503 while polling", op: "gates.results", faults: []codeanttest.Fault{fault(503)}, args: with("-o", "results"), status: "success"},
		{name: "one 429 while polling", op: "gates.results", faults: []codeanttest.Fault{fault(429)}, args: with("-o", "results"), status: "success"},
		{name: "one reset while polling", op: "gates.results", faults: []codeanttest.Fault{{Reset: true}}, args: with("-o", "results"), status: "success"},
		{name: "not found at first", op: "gates.results", faults: []codeanttest.Fault{fault(404), fault(404)}, args: with("-o", "results"), status: "success"},
		{name: "one 429 on the start", op: "gates.start", faults: []codeanttest.Fault{fault(429)}, args: line, status: "success"},
		{name: "not confirmed", op: "gates.start", faults: []codeanttest.Fault{fault(504)}, args: line, status: "unconfirmed"},
		{name: "queued, then waited for", op: "gates.start", faults: []codeanttest.Fault{fault(504)}, args: with("-o", "run"), status: "success"},
		{name: "failed", op: "gates.results", faults: body(`{"status":"COMPLETED","sast_quality_gate":{"status":"FAILED"}}`), args: with("-o", "results"), code: 1, status: "failed"},
		{name: "no gates", op: "gates.results", faults: body(`{"status":"COMPLETED"}`), args: with("-o", "results"), code: 1, status: "undecided"},
		{name: "null gates", op: "gates.results", faults: body(`{"status":"COMPLETED","secret_quality_gate":null}`), args: with("-o", "results"), code: 1, status: "undecided"},
		{name: "an unknown word", op: "gates.results", faults: body(`{"status":"COMPLETED","secret_quality_gate":{"status":"SKIPPED"}}`), args: with("-o", "results"), code: 1, status: "undecided"},
		{name: "an unknown word that was taught", op: "gates.results", faults: body(`{"status":"COMPLETED","secret_quality_gate":{"status":"SKIPPED"}}`), args: with("-o", "results", "-passing-status", "SKIPPED"), status: "success"},
		{name: "error", op: "gates.results", faults: body(`{"status":"ERROR"}`), args: with("-o", "results"), code: 1, status: "undecided"},
		{name: "a flag that there is not", args: with("-x"), code: 2, status: "usage"},
		{name: "a leftover argument", args: with("acme"), code: 2, status: "usage"},
		{name: "a timeout that is no number", args: with("-t", "5m"), code: 2, status: "usage"},
		{name: "an unknown operation", args: with("-o", "stop"), code: 2, status: "usage"},
		{name: "no repository and no CI", args: []string{"-c", pipelinetest.Commit}, code: 2, status: "usage"},
		{name: "no commit", args: []string{"-r", "acme/shop", "-c", "HEAD"}, code: 2, status: "usage"},
		{name: "no token", args: line, env: map[string]string{codeant.TokenEnv: ""}, code: 3, status: "unauthorized"},
		{name: "a foreign token", args: line, env: map[string]string{codeant.TokenEnv: "ghp_0123456789abcdef"}, code: 3, status: "unauthorized"},
		{name: "an unknown token", args: line, env: map[string]string{codeant.TokenEnv: "cdt_0123456789abcdef"}, code: 3, status: "unauthorized"},
		{name: "forbidden", op: "gates.results", faults: []codeanttest.Fault{fault(403)}, args: with("-o", "results"), code: 3, status: "unauthorized"},
		{name: "down", op: "gates.results", faults: always(503), args: with("-o", "results"), code: 4, status: "unavailable"},
		{name: "down, and that is allowed", op: "gates.results", faults: always(503), args: with("-o", "results", "-allow-unavailable"), code: 0, status: "unavailable"},
		{name: "a start that failed", op: "gates.start", faults: []codeanttest.Fault{fault(503)}, args: line, code: 4, status: "unavailable"},
		{name: "a start that was lost", op: "gates.start", faults: []codeanttest.Fault{{Reset: true}}, args: line, code: 4, status: "unavailable"},
		{name: "a page of a proxy", op: "gates.results", faults: []codeanttest.Fault{{Status: 200, Body: "<html>", Header: http.Header{"Content-Type": {"text/html"}}}}, args: with("-o", "results", "-allow-unavailable"), code: 4, status: "unavailable"},
		{name: "an undecided gate is never allowed", op: "gates.results", faults: body(`{"status":"COMPLETED"}`), args: with("-o", "results", "-allow-unavailable"), code: 1, status: "undecided"},
		{name: "a hint to wait too long", op: "gates.results", faults: []codeanttest.Fault{{Status: 429, Header: http.Header{"Retry-After": {"3600"}}}}, args: with("-o", "results"), code: 4, status: "unavailable"},
		{name: "never found", op: "gates.results", faults: always(404), args: with("-o", "results"), code: 5, status: "timeout"},
		{name: "a state nobody knows", op: "gates.results", faults: func() []codeanttest.Fault {
			var all []codeanttest.Fault
			for range 100 {
				all = append(all, body(`{"status":"PARKED"}`)...)
			}
			return all
		}(), args: with("-o", "results"), code: 5, status: "timeout"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, nil, func(t *testing.T, w pipelinetest.World) {
				w.Server.SetGates(revision, map[string]string{"secret": "PASSED"})
				if tt.op != "" {
					w.Server.Inject(tt.op, tt.faults...)
				}
				w.Env = tt.env
				got := w.Run(t, run, tt.args...)
				assert.Equal(t, tt.code, got.Code, got.Stderr)
				assert.Equal(t, tt.status, got.Result.Status)
				assert.LessOrEqual(t, strings.Count(got.Stderr, "\n"), 3)
				if tt.code != 0 {
					assert.NotEmpty(t, got.Stderr)
					assert.NotEmpty(t, got.Result.Error)
				}
			})
		})
	}
}

func TestStillPendingAtTheEndIsATimeout(t *testing.T) {
	t.Parallel()
	inBubble(t, []codeanttest.Option{codeanttest.PendingPolls(1000)}, func(t *testing.T, w pipelinetest.World) {
		w.Server.SetGates(revision, map[string]string{"secret": "PASSED"})
		got := w.Run(t, run, with("-o", "results", "-t", "30")...)
		assert.Equal(t, 5, got.Code)
		assert.Equal(t, "timeout", got.Result.Status)
	})
}

func TestTheObjectOfJSONTellsEachGate(t *testing.T) {
	t.Parallel()
	inBubble(t, nil, func(t *testing.T, w pipelinetest.World) {
		w.Server.SetGates(revision, map[string]string{"secret": "FAILED"})
		got := w.Run(t, run, with("-o", "run")...)
		assert.Equal(t, pipeline.Result{
			Program: "quality-gates", Version: codeant.Version, Repo: "acme/shop", Commit: pipelinetest.Commit, Status: "failed", ExitCode: 1,
			Error: `codeant: quality gate failed: gate "secret" answered "FAILED"`,
			Gates: []pipeline.Gate{{Name: "secret", Status: "FAILED", Verdict: "failed"}},
		}, got.Result)
		assert.Equal(t, "quality-gates: quality gate failed: gate \"secret\" answered \"FAILED\"\n", got.Stderr)
	})
}

func TestNothingThatAServerSaysIsACommandOfTheCISystem(t *testing.T) {
	t.Parallel()
	for _, system := range []map[string]string{{"GITHUB_ACTIONS": "true"}, {"TF_BUILD": "True"}, {}} {
		inBubble(t, nil, func(t *testing.T, w pipelinetest.World) {
			summary := filepath.Join(t.TempDir(), "summary.md")
			system["GITHUB_STEP_SUMMARY"] = summary
			w.Env = system
			w.Server.Inject("gates.results", codeanttest.Fault{Status: 200, Body: `{"status":"COMPLETED","secret_quality_gate":{"status":"x\n::set-output name=a::b%0A##vso[task.setvariable]c##[error]|<b>"}}`})
			got := w.Run(t, run, with("-o", "results")...)
			assert.Equal(t, 1, got.Code)
			written, err := os.ReadFile(summary)
			require.NoError(t, err)
			assert.NotContains(t, string(written), "<b>")
			for out := range strings.Lines(got.Stdout + got.Stderr) {
				own := strings.HasPrefix(out, "::error title=quality-gates::") || strings.HasPrefix(out, "##vso[task.logissue type=error]")
				rest := strings.TrimPrefix(strings.TrimPrefix(out, "::error title=quality-gates::"), "##vso[task.logissue type=error]")
				for _, command := range []string{"::", "##vso[", "##[", "%0A"} {
					assert.NotContains(t, rest, command, "own %t", own)
				}
			}
		})
	}
}

func TestWithoutATokenABuildOfAForkMaySkip(t *testing.T) {
	t.Parallel()
	inBubble(t, nil, func(t *testing.T, w pipelinetest.World) {
		w.Env = map[string]string{codeant.TokenEnv: ""}
		got := w.Run(t, run, with("-skip-without-token")...)
		assert.Equal(t, 0, got.Code)
		assert.Equal(t, "there is no token, so nothing was sent (-skip-without-token)\n", got.Stdout)
		got = w.Run(t, run, with("-dry-run")...)
		assert.Equal(t, 0, got.Code)
		assert.Equal(t, "would start the quality gates of acme/shop at "+pipelinetest.Commit+" (github)\n", got.Stdout)
		assert.Empty(t, w.Server.Requests())
	})
}

func TestTheTokenMayComeFromAFileOrStandardInputOrTheCommandLine(t *testing.T) {
	t.Parallel()
	inBubble(t, nil, func(t *testing.T, w pipelinetest.World) {
		token := w.Server.Token().Reveal()
		file := filepath.Join(t.TempDir(), "token")
		require.NoError(t, os.WriteFile(file, []byte(token+"\n"), 0o600))
		w.Env = map[string]string{codeant.TokenEnv: ""}
		w.Stdin = token + "\n"
		assert.Equal(t, 0, w.Run(t, run, with("-token-file", file)...).Code)
		assert.Equal(t, 0, w.Run(t, run, with("-token-file", "-")...).Code)
		assert.Equal(t, 3, w.Run(t, run, with("-token-file", file+".missing")...).Code)
		got := w.Run(t, run, with("-a", token)...)
		assert.Equal(t, 0, got.Code)
		assert.Equal(t, "WARNING: the token on the command line (-a) can be read by every process on this machine; put it into CODEANT_API_TOKEN\n", got.Stderr)
		w.Env["ACCESS_TOKEN"] = token
		assert.Equal(t, 0, w.Run(t, run, line...).Code)
	})
}

func TestTheCISystemFillsWhatIsLeftOut(t *testing.T) {
	t.Parallel()
	inBubble(t, nil, func(t *testing.T, w pipelinetest.World) {
		w.Env = map[string]string{
			"GITLAB_CI": "true", "CI_PROJECT_PATH": "acme/group/shop", "CI_COMMIT_SHA": pipelinetest.Commit, "CI_COMMIT_BRANCH": "main", "CI_SERVER_URL": "https://gitlab.acme.example",
		}
		assert.Equal(t, 0, w.Run(t, run).Code)
		assert.JSONEq(t, `{"repo":"acme/group/shop","service":"gitlab","commit_id":"`+pipelinetest.Commit+`","base_url":"https://gitlab.acme.example"}`, w.Bodies("gates.start")[0])
	})
}

func TestThePolicyComesFromFlags(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		gates  map[string]string
		args   []string
		code   int
		stderr string
	}{
		{map[string]string{"secret": "SKIPPED", "sast": "warning"}, []string{"-passing-status", "SKIPPED", "-passing-status", "WARNING"}, 0, ""},
		{map[string]string{"secret": "SKIPPED", "sast": "warning"}, []string{"-passing-status", "SKIPPED, WARNING"}, 0, ""},
		{map[string]string{"secret": "PASSED", "duplicate": "FAILED"}, []string{"-ignore", "Duplicate Code"}, 0, ""},
		{map[string]string{"secret": "PASSED", "sast": "PASSED"}, []string{"-require", "Secrets,sast"}, 0, ""},
		{
			map[string]string{"secret": "PASSED"},
			[]string{"-require", "secret,sast", "-require", "IaC"},
			1,
			"quality-gates: quality gate undecided: the answer lacks gates that -require names: \"sast\", \"IaC\"\n",
		},
		{map[string]string{"secret": "SKIPPED"}, nil, 1, "quality-gates: quality gate undecided: gate \"secret\" answered \"SKIPPED\"; if such a status should count as passed, allow it with -passing-status\n"},
		{map[string]string{"secret": "PASSED"}, []string{"-passing-status", "FAILED"}, 2, "quality-gates: passing status \"FAILED\" cannot count as passed; use another status of a gate, such as SKIPPED\n"},
		{map[string]string{"secret": "PASSED"}, []string{"-require", "secret", "-ignore", "Secrets"}, 2, "quality-gates: gate \"secret\" is both required and ignored; remove it from -require or -ignore\n"},
	} {
		inBubble(t, nil, func(t *testing.T, w pipelinetest.World) {
			w.Server.SetGates(revision, tt.gates)
			got := w.Run(t, run, with(append([]string{"-o", "run"}, tt.args...)...)...)
			assert.Equal(t, tt.code, got.Code, got.Stderr)
			assert.Equal(t, tt.stderr, got.Stderr)
		})
	}
}

func TestTheServersOwnWordsAreShown(t *testing.T) {
	t.Parallel()
	inBubble(t, nil, func(t *testing.T, w pipelinetest.World) {
		w.Server.Inject("gates.results", codeanttest.Fault{Status: 200, Body: `{"status":"ERROR","message":"clone of acme/shop failed"}`})
		got := w.Run(t, run, with("-o", "results")...)
		assert.Equal(t, 1, got.Code)
		assert.Contains(t, got.Stdout, "The verdict of the quality gates: undecided. CodeAnt says: clone of acme/shop failed.\n")
		assert.Equal(t, "clone of acme/shop failed", got.Result.Message)
	})
}

func TestAStartThatIsNotConfirmedIsNotCalledStarted(t *testing.T) {
	t.Parallel()
	inBubble(t, nil, func(t *testing.T, w pipelinetest.World) {
		w.Server.Inject("gates.start", codeanttest.Fault{Status: 504, Body: `{"message":"Endpoint request timed out"}`})
		got := w.Run(t, run, line...)
		assert.Equal(t, 0, got.Code)
		assert.Equal(t, "unconfirmed", got.Result.Status)
		assert.Empty(t, got.Stdout)
		assert.Equal(t, "WARNING: The start of the quality gates is not confirmed: CodeAnt's gateway timed out (504). They may run all the same; -o results waits for their verdict. CodeAnt says: Endpoint request timed out.\n", got.Stderr)
	})
}

// Wherever the token is put by mistake, and whatever repeats it, it is not in what the program leaves behind.
func TestTheTokenIsInNothingThatLeavesTheProgram(t *testing.T) {
	t.Parallel()
	const token = `cdt_a!b:c@d&e"f<g>h`
	echo, err := json.Marshal(map[string]any{
		"status": "COMPLETED", token + "_quality_gate": map[string]string{"status": "x " + token}, "secret_quality_gate": map[string]string{"status": html.EscapeString(token)}, "message": token,
	})
	require.NoError(t, err)
	for name, args := range map[string][]string{
		"getopts' style":  with("-a" + token),
		"glued on":        {"-r" + token},
		"positional":      with(token),
		"as an operation": with("-o", token),
		"as a provider":   {"-r", "acme/shop", "-c", pipelinetest.Commit, "-s", token},
		"as a repository": {"-r", token, "-c", pipelinetest.Commit, "-s", "github"},
		"as a commit":     {"-r", "acme/shop", "-c", token, "-s", "github"},
		"as a timeout":    with("-t", token),
		"as a policy":     with("-require", token, "-ignore", token),
		"as an address":   with("-api", "https://"+token+"@api.example/?t="+token),
		"an echo":         with("-o", "results"),
		"a dry run":       {"-r", token, "-c", pipelinetest.Commit, "-s", "github", "-dry-run"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, system := range []string{"GITHUB_ACTIONS", "TF_BUILD", "OTHER"} {
				inBubble(t, nil, func(t *testing.T, w pipelinetest.World) {
					dir := t.TempDir()
					object := filepath.Join(dir, "object.json")
					w.Env = map[string]string{
						codeant.TokenEnv: token, system: "true", "GITHUB_STEP_SUMMARY": filepath.Join(dir, "summary.md"), "AGENT_TEMPDIRECTORY": dir,
					}
					w.Server.Inject("gates.results", codeanttest.Fault{Status: 200, Body: string(echo)})
					got := w.Run(t, run, append([]string{"-json", object}, args...)...)
					texts := map[string]string{"standard output": got.Stdout, "standard error": got.Stderr}
					files, err := os.ReadDir(dir)
					require.NoError(t, err)
					for _, f := range files {
						written, err := os.ReadFile(filepath.Join(dir, f.Name()))
						require.NoError(t, err)
						texts[f.Name()] = string(written)
					}
					for where, text := range texts {
						for _, part := range []string{"a!b", "b:c", "c@d", "e&#34;", "e\\u0026"} {
							assert.NotContains(t, text, part, where)
						}
					}
				})
			}
		})
	}
}

func TestTheSummaryNamesWhatItIsAbout(t *testing.T) {
	t.Parallel()
	inBubble(t, nil, func(t *testing.T, w pipelinetest.World) {
		dir := t.TempDir()
		summary := filepath.Join(dir, "summary.md")
		w.Env = map[string]string{"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": summary}
		gates := map[string]any{"status": "COMPLETED"}
		for i := range 60 {
			gates[fmt.Sprintf("gate%02d_quality_gate", i)] = map[string]string{"status": "PASSED"}
		}
		body, err := json.Marshal(gates)
		require.NoError(t, err)
		w.Server.Inject("gates.results", codeanttest.Fault{Status: 200, Body: string(body)})
		assert.Equal(t, 0, w.Run(t, run, with("-o", "results")...).Code)
		written, err := os.ReadFile(summary)
		require.NoError(t, err)
		assert.True(t, strings.HasPrefix(string(written), "### CodeAnt quality-gates: success, acme/shop at 8f3b2c1\n\n"), "%s", written)
		assert.Contains(t, string(written), "| and 10 more: see the log | | |\n")
	})
	inBubble(t, nil, func(t *testing.T, w pipelinetest.World) {
		w.Env = map[string]string{"TF_BUILD": "True"}
		assert.NotContains(t, w.Run(t, run, line...).Stdout, "uploadsummary", "no directory of the agent, no file")
		w.Env["AGENT_TEMPDIRECTORY"] = t.TempDir()
		got := w.Run(t, run, line...)
		name := regexp.MustCompile(`##vso\[task\.uploadsummary\](.*)\n`).FindStringSubmatch(got.Stdout)
		require.NotNil(t, name, got.Stdout)
		assert.Equal(t, w.Env["AGENT_TEMPDIRECTORY"], filepath.Dir(name[1]))
		assert.FileExists(t, name[1])
	})
}

func TestGitHubShowsThatNothingWasDone(t *testing.T) {
	t.Parallel()
	inBubble(t, nil, func(t *testing.T, w pipelinetest.World) {
		w.Env = map[string]string{codeant.TokenEnv: "", "GITHUB_ACTIONS": "true"}
		got := w.Run(t, run, with("-skip-without-token")...)
		assert.Equal(t, 0, got.Code)
		assert.Equal(t, "::notice::there is no token, so nothing was sent (-skip-without-token)\n", got.Stdout)
		assert.Equal(t, "skipped", got.Result.Status)
	})
}

func TestTheSourceOfTheCommitIsTheTrueOne(t *testing.T) {
	t.Parallel()
	inBubble(t, nil, func(t *testing.T, w pipelinetest.World) {
		w.Env = map[string]string{"GITLAB_CI": "true", "CI_PROJECT_PATH": "acme/shop", "CI_COMMIT_SHA": strings.Repeat("1", 40), "CI_SERVER_URL": "https://gitlab.com"}
		assert.Contains(t, w.Run(t, run, "-c", pipelinetest.Commit).Stdout, "Found acme/shop at commit 8f3b2c1d9e7a in the environment of GitLab CI (commit from -c).\n")
		assert.Contains(t, w.Run(t, run).Stdout, "Found acme/shop at commit 111111111111 in the environment of GitLab CI (commit from CI_COMMIT_SHA).\n")
	})
}

func TestHelpFitsAScreen(t *testing.T) {
	t.Parallel()
	inBubble(t, nil, func(t *testing.T, w pipelinetest.World) {
		got := w.Run(t, run, "-h")
		assert.Equal(t, 0, got.Code)
		pipelinetest.FitsAScreen(t, got.Stdout)
		for _, word := range []string{"Exit codes", "CODEANT_API_TOKEN", "-racme/shop"} {
			assert.Contains(t, got.Stdout, word)
		}
	})
}
