// Command start-scan scans a commit and waits for the findings. It takes the flags of CodeAnt's start_scan.sh and exits
// 0 only if every requested analysis has finished without a finding at or above -fail-on.
package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/examples/internal/pipeline"
)

const usage = `usage: start-scan [flags]
For example: start-scan -scanners sast,sca,secrets -fail-on high

The scan
  -i, -include-files     globs of files to scan, separated by commas
  -e, -exclude-files     globs of files to exclude
  -n, -no-wait           start the scan and do not wait
  -t, -timeout           seconds to wait for results (300)
  -p, -polling-interval  longest pause between polls, in seconds (30)
  -scanners L            analyses to wait for and report (not sent):
                         sast,sca (default), secrets, sbom, antipatterns,
                         iac, dead_code, duplicate_code, docstring,
                         complex_functions, all
  -fail-on S             exit 1 on open findings of severity S or above or of
                         unknown severity: critical, high, medium, low, info
  -baseline F            -fail-on counts only findings that are not in this
                         file of an earlier -results
  -results F             write the findings as JSON
  -sarif F -codequality F -junit F    the same for code scanning, GitLab, JUnit

Which commit (default: from the CI system's environment)
  -r, -repo R  -c, -commit-id SHA  -b, -branch B  -u, -base-url URL
  -s, -service S         github, gitlab, bitbucket or azuredevops
` + pipeline.CommonHelp + `-a, -access-token TOKEN works too, but other processes can read it.
` + pipeline.ExitHelp

func main() { pipeline.Main(run) }

// options has the values of this program's flags.
type options struct {
	include, exclude, scanners, failOn string
	noWait                             bool
	timeout, interval                  time.Duration
	files                              outputs

	wanted    scanners
	threshold codeant.Severity
	baseline  *codeant.ScanReport // nil: every finding is new
}

func run(ctx context.Context, env pipeline.Env) int {
	p := pipeline.New(env, "start-scan", usage, "a", "access-token")
	var (
		o        options
		baseline string
	)
	p.RevisionFlags("s", "service")
	p.String(&p.Branch, "", "b", "branch")
	p.String(&o.include, "", "i", "include-files")
	p.String(&o.exclude, "", "e", "exclude-files")
	p.Bool(&o.noWait, "n", "no-wait")
	p.Seconds(&o.timeout, 300, "t", "timeout")
	p.Seconds(&o.interval, 30, "p", "polling-interval")
	p.String(&o.scanners, "sast,sca", "scanners")
	p.String(&o.failOn, "", "fail-on")
	p.String(&baseline, "", "baseline")
	o.files.flags(p)
	if code, goOn := p.Parse(); !goOn {
		return code
	}
	for to, name := range map[*string]string{
		&p.Repo: "REPO_NAME", &p.Commit: "COMMIT_ID", &p.Provider: "SERVICE", &p.Branch: "BRANCH",
		&o.include: "INCLUDE_FILES", &o.exclude: "EXCLUDE_FILES",
	} {
		p.Fallback(to, name)
	}
	if err := o.check(); err != nil {
		return p.End(err)
	}
	revision, err := p.Revision()
	if err != nil {
		return p.End(err)
	}
	if baseline != "" {
		if o.baseline, err = readBaseline(ctx, baseline); err != nil {
			return p.End(err)
		}
	}
	if p.DryRun() {
		p.Notice("would scan %s at %s (%s) and wait for %s", revision.Repo, revision.Commit, revision.Provider, o.scanners)
		return p.End()
	}
	client, err := p.Client(ctx)
	if err != nil {
		return p.End(err)
	}
	defer client.CloseIdleConnections()

	request := codeant.ScanRequest{Revision: revision, Include: globs(o.include), Exclude: globs(o.exclude)}
	started, err := client.Scans.Start(ctx, request)
	if err != nil {
		return p.End(err)
	}
	p.Result.Message = started.Message
	switch {
	case started.Unconfirmed && o.noWait:
		p.Warn("The start of the scan is not confirmed: CodeAnt's gateway timed out (504). It may run all the same.%s",
			pipeline.Said(started.Message))
		return p.End(pipeline.ErrUnconfirmed)
	case started.Unconfirmed:
		p.Warn("The start of the scan is not confirmed: CodeAnt's gateway timed out (504). Its results decide.%s",
			pipeline.Said(started.Message))
	default:
		p.Notice("The scan has started.%s", pipeline.Said(started.Message))
	}
	if o.noWait {
		return p.End()
	}
	return p.End(results(ctx, p, client, revision, o))
}

// check parses the values that are words.
func (o *options) check() error {
	var err error
	if o.wanted, err = parseScanners(o.scanners); err != nil || o.failOn == "" {
		return err
	}
	o.threshold, err = codeant.ParseSeverity(o.failOn)
	if err != nil || o.threshold == codeant.SeverityUnknown {
		return pipeline.UsageError(fmt.Sprintf("-fail-on %q is not critical, high, medium, low or info; see -h", o.failOn))
	}
	return nil
}

// globs splits a list in the script's format.
func globs(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' })
}
