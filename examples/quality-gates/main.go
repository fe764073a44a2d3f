// Command quality-gates starts the quality gates of a commit or waits for their verdict. It takes the flags of CodeAnt's
// quality_gates.sh and exits 0 only if the gates were started, or if every gate passed.
package main

import (
	"context"
	"fmt"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/examples/internal/pipeline"
)

const usage = `usage: quality-gates [-r owner/repo] [-c commit] [-s provider] [-o start|results|run] [flags]

  -r, -repo           repository
  -c, -commit-id      full hash of the commit
  -s, -service        github (default), gitlab, bitbucket or azuredevops
  -u, -base-url       address of the provider, where it is not the public one
  -o, -operation      start (default), results: wait for the verdict, or run: both
  -t, -timeout        seconds to wait for the verdict (300)
  -p, -poll-interval  longest pause between two looks, in seconds (15)
  -passing-status W        a further word that counts as passed, such as SKIPPED; may be repeated
  -a, -access-token   CodeAnt token (better: the environment)
` + pipeline.CommonHelp + pipeline.ExitHelp

func main() { pipeline.Main(run) }

func run(ctx context.Context, env pipeline.Env) int {
	p := pipeline.New(env, "quality-gates", usage, []string{"a", "access-token"}, []string{"s", "service"})
	var (
		operation         string
		timeout, interval int
		passing           []string
	)
	p.String(&operation, "start", "o", "operation")
	p.Int(&timeout, 300, "t", "timeout")
	p.Int(&interval, 15, "p", "poll-interval")
	p.Strings(&passing, "passing-status")
	if code, goOn := p.Parse(); !goOn {
		return code
	}
	if operation != "start" && operation != "results" && operation != "run" {
		return p.End(pipeline.UsageError(fmt.Sprintf("-o %q is not start, results or run; see -h", operation)))
	}
	if p.Provider == "" && p.Repo != "" && p.Commit != "" {
		p.Provider = string(codeant.GitHub) // as in the script
	}
	revision, err := p.Revision()
	if err != nil {
		return p.End(err)
	}
	if p.DryRun() {
		p.Notice("would %s the quality gates of %s at %s (%s)", operation, revision.Repo, revision.Commit, revision.Provider)
		return p.End(nil)
	}
	p.Options = append(p.Options, codeant.WithGatePolicy(codeant.GatePolicy{PassingStatuses: passing}))
	client, err := p.Client()
	if err != nil {
		return p.End(err)
	}
	defer client.CloseIdleConnections()

	if operation == "start" {
		return p.End(start(ctx, p, client, revision))
	}
	onPoll, done := p.Polling("quality gates")
	opts := codeant.WaitOptions{Timeout: pipeline.Seconds(timeout), MaxInterval: pipeline.Seconds(interval), OnPoll: onPoll}
	wait := client.Gates.Wait
	if operation == "run" {
		wait = client.Gates.Run
	}
	result, err := wait(ctx, revision, opts)
	done()
	tell(p, result)
	return p.End(err)
}

func start(ctx context.Context, p *pipeline.Program, client *codeant.Client, revision codeant.Revision) error {
	started, err := client.Gates.Start(ctx, revision)
	switch {
	case err != nil:
		return err
	case started.Unconfirmed:
		p.Warn("CodeAnt's gateway timed out (504); the gates are probably queued, and -o results will tell")
	default:
		p.Notice("quality gates started %s", started.ID)
	}
	return nil
}

// tell prints each gate with what it answered.
func tell(p *pipeline.Program, result *codeant.GateResult) {
	if result == nil {
		return
	}
	for _, gate := range result.Gates {
		p.Notice("gate %s: %s (%s)", gate.Name, gate.Verdict, gate.Status)
		p.Result.Gates = append(p.Result.Gates, pipeline.Gate{Name: gate.Name, Status: gate.Status, Verdict: gate.Verdict.String()})
	}
	p.Notice("verdict: %s", result.Verdict())
}
