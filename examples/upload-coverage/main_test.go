package main

import (
	"os"
	"path/filepath"
	"slices"
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

const lcov = "TN:\nSF:a.js\nDA:1,1\nend_of_record\n"

func inBubble(t *testing.T, test func(t *testing.T, w pipelinetest.World)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		test(t, pipelinetest.World{Server: codeanttest.NewServer(t, codeanttest.InMemory())})
	})
}

// folder writes files and returns their folder.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	}
	return dir
}

func with(more ...string) []string {
	return append([]string{"-r", "acme/shop", "-c", pipelinetest.Commit, "-p", "github"}, more...)
}

func TestTheRequestsAreThoseOfTheScript(t *testing.T) {
	t.Parallel()
	file := filepath.Join(folder(t, map[string]string{"lcov.info": lcov}), "lcov.info")
	for _, tt := range []struct {
		args   []string
		env    map[string]string
		fields string
	}{
		{with("-f", file), nil, ""},
		{with("-f", file, "-m", "web", "-b", `fix-"quoted"`, "-u", "https://git.acme.example", "-P", "web/app"), nil, `,"module":"web","branch":"fix-\"quoted\"","vcs_base_url":"https://git.acme.example","module_path":"web/app"`},
		{nil, map[string]string{"REPO_NAME": "acme/shop", "COMMIT_ID": pipelinetest.Commit, "PLATFORM": "github", "COVERAGE_FILE": file}, ""},
		{append([]string{"-r", "x/y"}, with("-f", file)...), nil, ""},
	} {
		inBubble(t, func(t *testing.T, w pipelinetest.World) {
			w.Env = tt.env
			got := w.Run(t, run, tt.args...)
			require.Equal(t, 0, got.Code, got.Stderr)
			requests := w.Server.Requests()
			require.Len(t, requests, 3)
			body := `{"repo":"acme/shop","commit_id":"` + pipelinetest.Commit + `","access_token":"` + w.Server.Token().Reveal() + `","platform":"github"` + tt.fields + `}`
			assert.Equal(t, "/pr/analysis/coverage/presign", requests[0].Path)
			assert.JSONEq(t, body, string(requests[0].Body))
			assert.Equal(t, []string{"coverage.put", "PUT", "application/xml", lcov}, []string{requests[1].Op, requests[1].Method, requests[1].Header.Get("Content-Type"), string(requests[1].Body)})
			assert.Empty(t, requests[1].Header.Get("Authorization"))
			assert.Equal(t, "/pr/analysis/coverage/complete", requests[2].Path)
			assert.JSONEq(t, body, string(requests[2].Body))
		})
	}
}

func TestExitCodes(t *testing.T) {
	t.Parallel()
	dir := folder(t, map[string]string{"lcov.info": lcov, "empty.xml": "", "junit.xml": "<testsuites/>", "page.html": "<!DOCTYPE html><html></html>"})
	file := filepath.Join(dir, "lcov.info")
	always := func(f codeanttest.Fault) []codeanttest.Fault { return []codeanttest.Fault{f, f, f, f, f, f} }
	for _, tt := range []struct {
		name   string
		op     string
		faults []codeanttest.Fault
		args   []string
		env    map[string]string
		code   int
		status string
	}{
		{name: "success", args: with("-f", file), status: "success"},
		{name: "one 503 of the storage", op: "coverage.put", faults: []codeanttest.Fault{{Status: 503}}, args: with("-f", file), status: "success"},
		{name: "one reset of the storage", op: "coverage.put", faults: []codeanttest.Fault{{Reset: true}}, args: with("-f", file), status: "success"},
		{name: "one 502 of presign", op: "coverage.presign", faults: []codeanttest.Fault{{Status: 502}}, args: with("-f", file), status: "success"},
		{name: "one 429 of complete", op: "coverage.complete", faults: []codeanttest.Fault{{Status: 429}}, args: with("-f", file), status: "success"},
		{name: "no report named", args: with(), code: 2, status: "usage"},
		{name: "missing report", args: with("-f", filepath.Join(dir, "none.xml")), code: 2, status: "usage"},
		{name: "empty report", args: with("-f", filepath.Join(dir, "empty.xml")), code: 2, status: "usage"},
		{name: "a test result", args: with("-f", filepath.Join(dir, "junit.xml")), code: 2, status: "usage"},
		{name: "a page", args: with("-f", filepath.Join(dir, "page.html")), code: 2, status: "usage"},
		{name: "a glob that finds nothing", args: with("-f", filepath.Join(dir, "**", "*.lcov")), code: 2, status: "usage"},
		{name: "modules that do not pair", args: with("-f", file, "-f", file, "-f", file, "-m", "a", "-m", "b"), code: 2, status: "usage"},
		{name: "a value that is attached", args: []string{"-racme/shop", "-f", file}, code: 2, status: "usage"},
		{name: "no token", args: with("-f", file), env: map[string]string{codeant.TokenEnv: ""}, code: 3, status: "unauthorized"},
		{name: "unauthorized", op: "coverage.presign", faults: []codeanttest.Fault{{Status: 401}}, args: with("-f", file), code: 3, status: "unauthorized"},
		{name: "refused by the storage", op: "coverage.put", faults: []codeanttest.Fault{{Status: 403}}, args: with("-f", file), code: 4, status: "unavailable"},
		{name: "refused by the storage is never allowed", op: "coverage.put", faults: []codeanttest.Fault{{Status: 403}}, args: with("-f", file, "-allow-unavailable"), code: 4, status: "unavailable"},
		{name: "storage down", op: "coverage.put", faults: always(codeanttest.Fault{Status: 503}), args: with("-f", file), code: 4, status: "unavailable"},
		{name: "storage down, and that is allowed", op: "coverage.put", faults: always(codeanttest.Fault{Status: 503}), args: with("-f", file, "-allow-unavailable"), status: "unavailable"},
		{name: "complete failed", op: "coverage.complete", faults: always(codeanttest.Fault{Status: 500}), args: with("-f", file), code: 4, status: "unavailable"},
		{name: "no upload address", op: "coverage.presign", faults: []codeanttest.Fault{{Status: 200, Body: "{}"}}, args: with("-f", file, "-allow-unavailable"), code: 4, status: "unavailable"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, func(t *testing.T, w pipelinetest.World) {
				if tt.op != "" {
					w.Server.Inject(tt.op, tt.faults...)
				}
				w.Env = tt.env
				got := w.Run(t, run, tt.args...)
				assert.Equal(t, tt.code, got.Code, got.Stderr)
				assert.Equal(t, tt.status, got.Result.Status)
				assert.LessOrEqual(t, strings.Count(got.Stderr, "\n"), 3)
				completed := len(w.Bodies("coverage.complete")) > 0
				for _, up := range w.Server.Uploads() {
					assert.Equal(t, tt.op != "coverage.complete" || tt.code == 0, up.Completed)
				}
				if tt.code != 0 && tt.op != "coverage.complete" {
					assert.False(t, completed, "complete after an upload that failed")
				}
			})
		})
	}
}

func TestSeveralReportsAreAllSentAndAllTold(t *testing.T) {
	t.Parallel()
	dir := folder(t, map[string]string{"a/lcov.info": lcov, "b/lcov.info": lcov, "c.info": lcov})
	inBubble(t, func(t *testing.T, w pipelinetest.World) {
		w.Server.Inject("coverage.put", codeanttest.Fault{Status: 403})
		got := w.Run(t, run, with("-f", filepath.Join(dir, "a", "*.info"), "-m", "web", "-f", filepath.Join(dir, "b", "lcov.info"), "-m", "app", "-f", filepath.Join(dir, "c.info"), "-m", "api")...)
		assert.Equal(t, 4, got.Code)
		require.Len(t, got.Result.Reports, 3)
		assert.Contains(t, got.Result.Reports[0].Error, "403 Forbidden")
		got.Result.Reports[0].Error = ""
		assert.Equal(t, []pipeline.Report{
			{Path: filepath.Join(dir, "a", "lcov.info"), Format: "lcov", Bytes: 33, Module: "web", Status: "failed"},
			{Path: filepath.Join(dir, "b", "lcov.info"), Format: "lcov", Bytes: 33, Module: "app", Status: "success"},
			{Path: filepath.Join(dir, "c.info"), Format: "lcov", Bytes: 33, Module: "api", Status: "success"},
		}, got.Result.Reports)
	})
}

// CodeAnt keeps one report of each module, so the first of the two would be lost.
func TestTwoReportsOfOneModuleAreRefusedBeforeAnyRequest(t *testing.T) {
	t.Parallel()
	dir := folder(t, map[string]string{"a/lcov.info": lcov, "b/lcov.info": lcov})
	one, other := filepath.Join(dir, "a", "lcov.info"), filepath.Join(dir, "b", "lcov.info")
	advice := ", and CodeAnt keeps one report of each module: give each -f an -m of its own, or use -module-from-dir; see -h"
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"-f", filepath.Join(dir, "*", "lcov.info")}, one + " and " + other + " both have no module" + advice},
		{[]string{"-f", one, "-f", other}, one + " and " + other + " both have no module" + advice},
		{[]string{"-f", one, "-f", other, "-m", "web"}, one + " and " + other + ` both have the module "web"` + advice},
		{[]string{"-f", one, "-m", "web", "-f", other, "-m", " web"}, one + " and " + other + ` both have the module "web"` + advice},
		{[]string{"-f", filepath.Join(dir, "*", "lcov.info"), "-m", "web", "-dry-run"}, one + " and " + other + ` both have the module "web"` + advice},
		{[]string{"-f", one, "-f", one, "-module-from-dir"}, one + " and " + one + ` both have the module "` + filepath.ToSlash(filepath.Dir(one)) + `"` + advice},
		{[]string{"-f", one, "-m", "web", "-module-from-dir"}, "-m and -module-from-dir exclude each other; see -h"},
	} {
		inBubble(t, func(t *testing.T, w pipelinetest.World) {
			got := w.Run(t, run, with(tt.args...)...)
			assert.Equal(t, 2, got.Code)
			assert.Equal(t, "upload-coverage: "+tt.want+"\n", got.Stderr)
			assert.Empty(t, w.Server.Requests())
		})
	}
}

func TestTheDirectoryOfAReportCanBeItsModule(t *testing.T) {
	dir := folder(t, map[string]string{"services/api/lcov.info": lcov, "web/lcov.info": lcov, "lcov.info": lcov})
	t.Chdir(dir)
	here, err := os.Getwd()
	require.NoError(t, err)
	inBubble(t, func(t *testing.T, w pipelinetest.World) {
		got := w.Run(t, run, with("-f", "services/*/lcov.info", "-f", filepath.Join(here, "web", "lcov.info"), "-f", "./lcov.info", "-module-from-dir")...)
		require.Equal(t, 0, got.Code, got.Stderr)
		var modules []string
		for _, up := range w.Server.Uploads() {
			modules = append(modules, up.Module)
		}
		assert.ElementsMatch(t, []string{"services/api", "web", ""}, modules)
	})
}

// The first report was not stored by an outage, the other was refused: waiting helps only the first.
func TestAnOutageIsForgivenOnlyIfItIsAllThatFailed(t *testing.T) {
	t.Parallel()
	dir := folder(t, map[string]string{"a.info": lcov, "b.info": lcov})
	args := with("-allow-unavailable", "-f", filepath.Join(dir, "a.info"), "-m", "a", "-f", filepath.Join(dir, "b.info"), "-m", "b")
	down, refused := []codeanttest.Fault{{Status: 503}, {Status: 503}, {Status: 503}}, []codeanttest.Fault{{Status: 400}}
	for _, tt := range []struct {
		faults []codeanttest.Fault
		code   int
	}{
		{append(slices.Clone(down), refused...), 4},
		{append(slices.Clone(refused), down...), 4},
		{append(slices.Clone(down), down...), 0},
	} {
		inBubble(t, func(t *testing.T, w pipelinetest.World) {
			w.Server.Inject("coverage.put", tt.faults...)
			got := w.Run(t, run, args...)
			assert.Equal(t, tt.code, got.Code, got.Stderr)
			assert.Equal(t, "unavailable", got.Result.Status)
		})
	}
}

func TestAGoProfileIsConverted(t *testing.T) {
	t.Parallel()
	const profile = "mode: set\nexample.com/shop/cart/cart.go:1.1,2.2 1 1\n"
	const goMod = "module example.com/shop // the shop\n\ngo 1.25\n"
	for _, tt := range []struct {
		name     string
		files    map[string]string
		profile  string
		args     []string
		root     string // a variable of the CI system names the folder
		filename string
	}{
		{"at the root", map[string]string{"go.mod": goMod, "c.out": profile}, "c.out", nil, "", "cart/cart.go"},
		{"with a byte order mark", map[string]string{"go.mod": goMod, "c.out": "\ufeff" + profile}, "c.out", nil, "", "cart/cart.go"},
		{"below its module", map[string]string{"go.mod": goMod, ".git/HEAD": "", "out/test/c.out": profile}, "out/test/c.out", nil, "", "cart/cart.go"},
		{"a module below the repository", map[string]string{".git/HEAD": "", "services/api/go.mod": goMod, "services/api/c.out": profile}, "services/api/c.out", nil, "", "services/api/cart/cart.go"},
		{"the CI system knows the root", map[string]string{"services/api/go.mod": goMod, "services/api/c.out": profile}, "services/api/c.out", nil, "CI_PROJECT_DIR", "services/api/cart/cart.go"},
		{"without go.mod", map[string]string{"c.out": profile}, "c.out", []string{"-go-module", "example.com/shop"}, "", "cart/cart.go"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := folder(t, tt.files)
			inBubble(t, func(t *testing.T, w pipelinetest.World) {
				w.Env = map[string]string{tt.root: dir}
				got := w.Run(t, run, with(append(tt.args, "-f", filepath.Join(dir, filepath.FromSlash(tt.profile)))...)...)
				require.Equal(t, 0, got.Code, got.Stderr)
				content := string(w.Server.Uploads()[0].Content)
				assert.Contains(t, content, `<coverage line-rate="1"`)
				assert.Contains(t, content, `filename="`+tt.filename+`"`)
				assert.Equal(t, "cobertura", got.Result.Reports[0].Format)
				assert.Equal(t, int64(len(content)), got.Result.Reports[0].Bytes)
			})
		})
	}
	bare := filepath.Join(folder(t, map[string]string{"coverage.out": profile}), "coverage.out")
	inBubble(t, func(t *testing.T, w pipelinetest.World) {
		got := w.Run(t, run, with("-f", bare)...)
		assert.Equal(t, 2, got.Code)
		assert.Contains(t, got.Stderr, "see -go-module")
		dry := w.Run(t, run, with("-f", bare, "-go-module", "example.com/shop", "-dry-run")...)
		assert.Regexp(t, `\(cobertura, [1-9][0-9]+ bytes\)`, dry.Stdout)
	})
}

func TestTheBytesOfAConvertedReportThatFailedAreThoseThatWereToBeSent(t *testing.T) {
	t.Parallel()
	dir := folder(t, map[string]string{"go.mod": "module example.com/shop\n", "c.out": "mode: set\nexample.com/shop/a.go:1.1,2.2 1 1\n"})
	inBubble(t, func(t *testing.T, w pipelinetest.World) {
		w.Server.Inject("coverage.presign", codeanttest.Fault{Status: 400})
		got := w.Run(t, run, with("-f", filepath.Join(dir, "c.out"))...)
		assert.Equal(t, 4, got.Code)
		assert.Greater(t, got.Result.Reports[0].Bytes, int64(200))
	})
}

func TestADryRunSendsNothingAndNeedsNoToken(t *testing.T) {
	t.Parallel()
	file := filepath.Join(folder(t, map[string]string{"lcov.info": lcov}), "lcov.info")
	inBubble(t, func(t *testing.T, w pipelinetest.World) {
		w.Env = map[string]string{codeant.TokenEnv: ""}
		got := w.Run(t, run, with("-f", file, "-m", "web", "-dry-run")...)
		assert.Equal(t, 0, got.Code)
		assert.Equal(t, "would upload "+file+" (module web) (lcov, 33 bytes) for acme/shop at "+pipelinetest.Commit+" (github)\n", got.Stdout)
		assert.Empty(t, w.Server.Requests())
	})
}

func TestHelpFitsAScreen(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, w pipelinetest.World) {
		got := w.Run(t, run, "-h")
		assert.Equal(t, 0, got.Code)
		pipelinetest.FitsAScreen(t, got.Stdout)
		assert.Contains(t, got.Stdout, "Exit codes")
	})
}
