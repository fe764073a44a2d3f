// Command upload-coverage uploads coverage reports. It takes the flags of CodeAnt's upload_coverage.sh and exits 0 only
// if every report was stored and acknowledged by CodeAnt.
package main

import (
	"bytes"
	"context"
	"fmt"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/examples/internal/pipeline"
)

const usage = `usage: upload-coverage -f FILE [flags]
For example: upload-coverage -f coverage.xml

Reports
  -f FILE           Cobertura, JaCoCo, Clover, LCOV, JSON or Go cover profile;
                    a glob, with ** too; may be repeated
  -m MODULE         module of the report; one -m for each -f, in the same order
  -module-from-dir  the module of each report is its directory
  -P PATH           path of the module (the field's name is inferred)
  -go-module M      module path of a Go cover profile (default: from go.mod)

Which commit (default: from the CI system's environment)
  -r, -repo       repository, such as acme/shop
  -c, -commit-id  full hash of the commit
  -p, -platform   github, gitlab, bitbucket or azuredevops
  -b, -branch     branch
  -u, -base-url   address of the provider, if it is not the public one
` + pipeline.CommonHelp + `-t TOKEN works too, but other processes can read it.
` + pipeline.ExitHelp

func main() { pipeline.Main(run) }

func run(ctx context.Context, env pipeline.Env) int {
	p := pipeline.New(env, "upload-coverage", usage, "t", "access-token")
	var (
		files, modules       []string
		modulePath, goModule string
		moduleFromDir        bool
	)
	p.RevisionFlags("p", "platform")
	p.Strings(&files, "f", "file")
	p.Strings(&modules, "m", "module")
	p.Bool(&moduleFromDir, "module-from-dir")
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
	reports, err := find(files, modules, moduleFromDir)
	if err != nil {
		return p.End(err)
	}
	revision, err := p.Revision()
	if err != nil {
		return p.End(err)
	}
	for i := range reports { // all of them, before the first is sent
		if err := reports[i].recognise(ctx, goModule, workspace(env)); err != nil {
			return p.End(err)
		}
	}
	if p.DryRun() {
		for _, r := range reports {
			p.Notice("would upload %s (%s, %d bytes) for %s at %s (%s)", r, r.format, r.size, revision.Repo, revision.Commit, revision.Provider)
		}
		return p.End()
	}
	client, err := p.Client(ctx)
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
			failed = append(failed, fmt.Errorf("%s: %w", r, err))
			continue
		}
		p.Notice("Uploaded %s: %s, %d bytes.%s", r, result.Format, result.Bytes, pipeline.Said(result.Message))
	}
	return p.End(failed...)
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
