// Command start-scan scans a commit and waits for what the scan finds. It takes the flags of CodeAnt's start_scan.sh and
// exits 0 only if every analysis asked for has finished, with no finding at or above -fail-on.
package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/examples/internal/pipeline"
	"github.com/codeant-sdk/codeant/sarif"
)

const usage = `usage: start-scan [-r owner/repo] [-c commit] [-s provider] [flags]

  -r, -repo              repository
  -c, -commit-id         full hash of the commit
  -s, -service           github, gitlab, bitbucket or azuredevops
  -b, -branch            branch
  -i, -include-files     globs of files to scan, with commas between them
  -e, -exclude-files     globs of files to leave out
  -u, -base-url          address of the provider, where it is not the public one
  -n, -no-wait           only start
  -t, -timeout           seconds to wait for results (300)
  -p, -polling-interval  longest pause between two looks, in seconds (30)
  -scanners L            results to wait for: sast,sca (default), secrets, sbom, antipatterns, all
  -fail-on S             exit 1 on findings of severity S or above: critical, high, medium, low, info
  -sarif F               write the findings as SARIF 2.1.0 to a file
  -a, -access-token      CodeAnt token (better: the environment)
` + pipeline.CommonHelp + pipeline.ExitHelp

func main() { pipeline.Main(run) }

func run(ctx context.Context, env pipeline.Env) int {
	p := pipeline.New(env, "start-scan", usage, []string{"a", "access-token"}, []string{"s", "service"})
	var (
		include, exclude, scanners, failOn, sarifFile string
		noWait                                        bool
		timeout, interval                             int
	)
	p.String(&p.Branch, "", "b", "branch")
	p.String(&include, "", "i", "include-files")
	p.String(&exclude, "", "e", "exclude-files")
	p.Flags.BoolVar(&noWait, "n", false, "")
	p.Flags.BoolVar(&noWait, "no-wait", false, "")
	p.Int(&timeout, 300, "t", "timeout")
	p.Int(&interval, 30, "p", "polling-interval")
	p.String(&scanners, "sast,sca", "scanners")
	p.String(&failOn, "", "fail-on")
	p.String(&sarifFile, "", "sarif")
	if code, goOn := p.Parse(); !goOn {
		return code
	}
	for to, name := range map[*string]string{&p.Repo: "REPO_NAME", &p.Commit: "COMMIT_ID", &p.Provider: "SERVICE", &p.Branch: "BRANCH", &include: "INCLUDE_FILES", &exclude: "EXCLUDE_FILES"} {
		p.Fallback(to, name)
	}
	analyses, err := parseScanners(scanners)
	if err != nil {
		return p.End(err)
	}
	threshold, err := codeant.ParseSeverity(cmp.Or(failOn, "unknown"))
	if failOn != "" && threshold == codeant.SeverityUnknown {
		return p.End(pipeline.UsageError(fmt.Sprintf("-fail-on %q is not critical, high, medium, low or info; see -h", failOn)))
	}
	revision, err := p.Revision()
	if err != nil {
		return p.End(err)
	}
	request := codeant.ScanRequest{Revision: revision, Include: globs(include), Exclude: globs(exclude)}
	if p.DryRun() {
		p.Notice("would scan %s at %s (%s) and wait for %s", revision.Repo, revision.Commit, revision.Provider, scanners)
		return p.End(nil)
	}
	client, err := p.Client()
	if err != nil {
		return p.End(err)
	}
	defer client.CloseIdleConnections()

	started, err := client.Scans.Start(ctx, request)
	if err != nil {
		return p.End(err)
	}
	if started.Unconfirmed {
		p.Warn("CodeAnt's gateway timed out (504); the scan is probably queued")
	} else {
		p.Notice("scan started %s", started.Message)
	}
	if noWait {
		return p.End(nil)
	}
	onPoll, done := p.Polling("scan")
	report, err := client.Scans.Wait(ctx, revision, codeant.WaitOptions{Timeout: pipeline.Seconds(timeout), MaxInterval: pipeline.Seconds(interval), OnPoll: onPoll}, analyses...)
	done()
	if report != nil {
		tell(p, report, analyses)
	}
	if err == nil && sarifFile != "" {
		err = pipeline.WriteFile(sarifFile, func(w io.Writer) error { return sarif.Write(w, report) })
	}
	if err == nil && failOn != "" {
		if n := len(report.Blocking(threshold)); n > 0 {
			err = pipeline.FindingsError(fmt.Sprintf("%d findings of severity %s or above", n, threshold))
		}
	}
	return p.End(err)
}

// tell counts the findings and shows the worst.
func tell(p *pipeline.Program, report *codeant.ScanReport, analyses []codeant.Analysis) {
	for _, a := range analyses {
		state := "not finished"
		if results := report.Results[a]; results != nil {
			if state = results.Status; state == "" {
				state = "finished"
			}
		}
		p.Result.Analyses = append(p.Result.Analyses, pipeline.Analysis{Name: string(a), Status: state})
	}
	findings := open(report.Findings())
	p.Result.Findings = &pipeline.Findings{Total: len(findings), BySeverity: map[string]int{}}
	const shown = 20
	for i, f := range findings {
		p.Result.Findings.BySeverity[f.Severity.String()]++
		if i < shown {
			p.Notice("%-8s %s:%d %s", f.Severity, f.Path, f.StartLine, f.Title)
		}
	}
	if len(findings) > shown {
		p.Notice("and %d more", len(findings)-shown)
	}
	p.Notice("%d findings", len(findings))
}

// globs splits a list as the script joins it.
func globs(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' })
}

func parseScanners(list string) ([]codeant.Analysis, error) {
	known := []codeant.Analysis{codeant.SAST, codeant.SCA, codeant.Secrets, codeant.SBOM, codeant.AntiPatterns}
	var wanted []codeant.Analysis
	for name := range strings.SplitSeq(list, ",") {
		name = strings.ToLower(strings.TrimSpace(name))
		if name == "all" {
			return known, nil
		}
		found := false
		for _, a := range known {
			if string(a) == name {
				wanted, found = append(wanted, a), true
			}
		}
		if !found {
			return nil, pipeline.UsageError(fmt.Sprintf("-scanners %q: %q is not sast, sca, secrets, sbom, antipatterns or all (no endpoint is known for others)", list, name))
		}
	}
	return wanted, nil
}

func open(findings []codeant.Finding) []codeant.Finding {
	return slices.DeleteFunc(findings, func(f codeant.Finding) bool { return !f.Open() })
}
