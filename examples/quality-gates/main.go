// Command quality-gates starts the quality gates of a commit or waits for their verdict. It takes the flags of CodeAnt's
// quality_gates.sh and exits 0 only if the gates were started, or if every gate passed.
package main

import (
	"context"
	"fmt"
	"time"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/examples/internal/pipeline"
)

const usage = `usage: quality-gates [-o start|results|run] [flags]
For example: quality-gates -o run -require secret,sast

What to do
  -o, -operation      start (default), results (await the verdict), run (both)
  -t, -timeout        seconds to wait for the verdict (300)
  -p, -poll-interval  longest pause between polls, in seconds (15)

What counts as passed (comma-separated lists; each may be repeated)
  -passing-status L   further statuses that pass, such as SKIPPED,WARNING
  -require L          gates that must exist and pass, such as secret,sast
  -ignore L           gates that do not count, such as duplicate

Which commit (default: from the CI system's environment)
  -r, -repo           repository, such as acme/shop
  -c, -commit-id      full hash of the commit
  -s, -service        github (default), gitlab, bitbucket or azuredevops
  -u, -base-url       address of the provider, if it is not the public one
` + pipeline.CommonHelp + `-a, -access-token TOKEN works too, but other processes can read it.
` + pipeline.ExitHelp

func main() { pipeline.Main(run) }

func run(ctx context.Context, env pipeline.Env) int {
	p := pipeline.New(env, "quality-gates", usage, "a", "access-token")
	var (
		operation         string
		timeout, interval time.Duration
		policy            codeant.GatePolicy
	)
	p.RevisionFlags("s", "service")
	p.String(&operation, "start", "o", "operation")
	p.Seconds(&timeout, 300, "t", "timeout")
	p.Seconds(&interval, 15, "p", "poll-interval")
	p.Words(&policy.PassingStatuses, "passing-status")
	p.Words(&policy.RequiredGates, "require")
	p.Words(&policy.IgnoredGates, "ignore")
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
		what := map[string]string{
			"start":   "start the quality gates",
			"results": "wait for the quality gates",
			"run":     "start the quality gates, and wait for them,",
		}[operation]
		p.Notice("would %s of %s at %s (%s)", what, revision.Repo, revision.Commit, revision.Provider)
		return p.End()
	}
	p.Options = append(p.Options, codeant.WithGatePolicy(policy))
	client, err := p.Client(ctx)
	if err != nil {
		return p.End(err)
	}
	defer client.CloseIdleConnections()

	if operation == "start" {
		return p.End(start(ctx, p, client, revision))
	}
	onPoll, done := p.Polling("quality gates")
	opts := codeant.WaitOptions{Timeout: timeout, MaxInterval: interval, OnPoll: onPoll}
	wait := client.Gates.Wait
	if operation == "run" {
		wait = client.Gates.Run
	}
	result, err := wait(ctx, revision, opts)
	done()
	show(p, result)
	return p.End(err)
}

func start(ctx context.Context, p *pipeline.Program, client *codeant.Client, revision codeant.Revision) error {
	started, err := client.Gates.Start(ctx, revision)
	switch {
	case err != nil:
		return err
	case started.Unconfirmed:
		p.Result.Message = started.Message
		p.Warn("The start of the quality gates is not confirmed: CodeAnt's gateway timed out (504). They may run all the same; "+
			"-o results waits for their verdict.%s", pipeline.Said(started.Message))
		return pipeline.ErrUnconfirmed
	}
	name := ""
	if started.ID != "" {
		name = " (scan " + started.ID + ")"
	}
	p.Result.Message = started.Message
	p.Notice("The quality gates have started%s; -o results waits for their verdict.%s", name, pipeline.Said(started.Message))
	return nil
}

// show prints each gate with its status.
func show(p *pipeline.Program, result *codeant.GateResult) {
	if result == nil {
		return
	}
	var rows [][]string
	for _, gate := range result.Gates {
		rows = append(rows, []string{gate.Verdict.String(), gate.Name, gate.Status})
		p.Result.Gates = append(p.Result.Gates, pipeline.Gate{Name: gate.Name, Status: gate.Status, Verdict: gate.Verdict.String()})
	}
	p.Table(rows)
	p.Result.Message = result.Message
	p.Notice("The verdict of the quality gates: %s.%s", result.Verdict(), pipeline.Said(result.Message))
}
