package main

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/codeanttest"
	"github.com/codeant-sdk/codeant/examples/internal/pipelinetest"
)

func TestTheProgramTakesThePlaceOfUploadCoverageSh(t *testing.T) {
	t.Parallel()
	dir := folder(t, map[string]string{
		"a.info": lcov, "b.info": lcov, "page.html": "<!DOCTYPE html><html></html>",
		"go.mod": "module example.com/shop\n", "c.out": "mode: set\nexample.com/shop/a.go:1.1,2.2 1 1\n",
	})
	file, other := filepath.Join(dir, "a.info"), filepath.Join(dir, "b.info")
	// stored is how many reports CodeAnt has in the end.
	runs := func(stored int, op string, fault codeanttest.Fault, env map[string]string, args ...string) func(*testing.T) pipelinetest.Outcome {
		return func(t *testing.T) (got pipelinetest.Outcome) {
			inBubble(t, func(t *testing.T, w pipelinetest.World) {
				if op != "" {
					w.Server.Inject(op, fault)
				}
				w.Env = env
				got = w.Run(t, run, args...)
				completed := 0
				for _, up := range w.Server.Uploads() {
					if up.Completed {
						completed++
					}
				}
				assert.Equal(t, stored, completed)
			})
			return got
		}
	}
	none := codeanttest.Fault{}
	pipelinetest.Migrating(t, "upload_coverage.sh", usage, map[string]func(*testing.T) pipelinetest.Outcome{
		"all goes well": runs(1, "", none, nil, with("-f", file)...),
		"the storage refuses the report (PUT answers 403)": runs(0, "coverage.put", codeanttest.Fault{Status: 403}, nil, with("-f", file)...),
		"the storage answers 503 once":                     runs(1, "coverage.put", codeanttest.Fault{Status: 503}, nil, with("-f", file)...),
		"`complete` answers 200 with an error":             runs(0, "coverage.complete", codeanttest.Fault{Status: 200, Body: `{"status":"error","message":"no"}`}, nil, with("-f", file)...),
		"`presign` answers 200 with an error":              runs(0, "coverage.presign", codeanttest.Fault{Status: 200, Body: `{"error":"no"}`}, nil, with("-f", file)...),
		"`presign` answers 401":                            runs(0, "coverage.presign", codeanttest.Fault{Status: 401}, nil, with("-f", file)...),
		"the token is of GitHub (`ghp_…`)":                 runs(0, "", none, map[string]string{codeant.TokenEnv: "ghp_0123456789abcdef"}, with("-f", file)...),
		"there is no such file":                            runs(0, "", none, nil, with("-f", file+".missing")...),
		"the file is an HTML page":                         runs(0, "", none, nil, with("-f", filepath.Join(dir, "page.html"))...),
		"the file is a Go cover profile":                   runs(1, "", none, nil, with("-f", filepath.Join(dir, "c.out"))...),
		"`-f` is given twice":                              runs(0, "", none, nil, with("-f", file, "-f", other)...),
		"one `-m` for several files":                       runs(0, "", none, nil, with("-f", filepath.Join(dir, "*.info"), "-m", "web")...),
		"the action passes `-P`":                           runs(1, "", none, nil, with("-f", file, "-P", "")...),
		"a value is attached to its flag (`-racme/shop`)":  runs(0, "", none, nil, "-racme/shop", "-c", pipelinetest.Commit, "-p", "github", "-f", file),
	})
}
