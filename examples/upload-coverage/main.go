// Command upload-coverage uploads coverage reports. It takes the flags of CodeAnt's upload_coverage.sh and exits 0 only if
// every report was stored and CodeAnt has acknowledged it.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/examples/internal/pipeline"
)

const usage = `usage: upload-coverage -f report [-r owner/repo] [-c commit] [-p provider] [flags]

  -f FILE        report: Cobertura, JaCoCo, Clover, LCOV, JSON, or a Go cover profile; a glob with ** too; may be repeated
  -m MODULE      module, where a commit has several reports; several -m go with several -f by order
  -P PATH        path of the module (the name of its field on the wire is inferred)
  -r, -repo      repository
  -c, -commit-id full hash of the commit
  -p, -platform  github, gitlab, bitbucket or azuredevops
  -b, -branch    branch
  -u, -base-url  address of the provider, where it is not the public one
  -go-module M   module path of a Go cover profile, else read from go.mod
  -t             CodeAnt token (better: the environment)
` + pipeline.CommonHelp + pipeline.ExitHelp

func main() { pipeline.Main(run) }

func run(ctx context.Context, env pipeline.Env) int {
	p := pipeline.New(env, "upload-coverage", usage, []string{"t", "access-token"}, []string{"p", "platform"})
	var (
		files, modules       []string
		modulePath, goModule string
	)
	p.Strings(&files, "f", "file")
	p.Strings(&modules, "m", "module")
	p.String(&modulePath, "", "P", "module-path")
	p.String(&p.Branch, "", "b", "branch")
	p.String(&goModule, "", "go-module")
	if code, goOn := p.Parse(); !goOn {
		return code
	}
	for to, name := range map[*string]string{&p.Repo: "REPO_NAME", &p.Commit: "COMMIT_ID", &p.Provider: "PLATFORM"} {
		p.Fallback(to, name)
	}
	if file, _ := env.Lookup("COVERAGE_FILE"); len(files) == 0 && file != "" {
		files = []string{file}
	}
	reports, err := find(files, modules)
	if err != nil {
		return p.End(err)
	}
	revision, err := p.Revision()
	if err != nil {
		return p.End(err)
	}
	if err := check(reports, goModule); err != nil {
		return p.End(err)
	}
	if p.DryRun() {
		for _, r := range reports {
			p.Notice("would upload %s %s (%s, %d bytes) for %s at %s (%s)", r.path, named(r.module), r.format, len(r.content)+int(r.size), revision.Repo, revision.Commit, revision.Provider)
		}
		return p.End(nil)
	}
	client, err := p.Client()
	if err != nil {
		return p.End(err)
	}
	defer client.CloseIdleConnections()

	var failed []error
	for _, r := range reports {
		progress, done := p.Uploading(r.path)
		up := codeant.CoverageUpload{Revision: revision, Module: r.module, ModulePath: modulePath, Path: r.path, Progress: progress}
		if r.content != nil { // converted from a Go cover profile
			up.Path, up.Body = "", bytes.NewReader(r.content)
		}
		result, err := client.Coverage.Upload(ctx, up)
		done()
		p.Result.Reports = append(p.Result.Reports, outcome(r, result, err))
		if err != nil {
			failed = append(failed, fmt.Errorf("%s %s: %w", r.path, named(r.module), err))
			continue
		}
		p.Notice("uploaded %s %s: %s, %d bytes. %s", r.path, named(r.module), result.Format, result.Bytes, result.Message)
	}
	return p.End(errors.Join(failed...))
}

func named(module string) string {
	if module == "" {
		return "(no module)"
	}
	return "(module " + module + ")"
}

func outcome(r report, result *codeant.CoverageResult, err error) pipeline.Report {
	out := pipeline.Report{Path: r.path, Module: r.module, Format: string(r.format), Bytes: r.size, Status: "success"}
	if result != nil {
		out.Bytes = result.Bytes
	}
	if err != nil {
		out.Status, out.Error = "failed", err.Error()
	}
	return out
}
