// Command quickstart shows the main job from end to end: upload a coverage report, then rotate the token.
//
//	go run ./examples/quickstart
//
// Without CODEANT_API_TOKEN it runs against a CodeAnt server inside the program and needs no account. With the variable
// set it uploads the report named by its flags to the real CodeAnt, and leaves the tokens of the account alone.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/codeant-sdk/codeant"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "quickstart:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("quickstart", flag.ContinueOnError)
	provider := flags.String("provider", "github", "provider of the repository: github, gitlab, bitbucket or azuredevops")
	repo := flags.String("repo", "", "repository, such as owner/name")
	commit := flags.String("commit", "", "full hash of the commit")
	branch := flags.String("branch", "", "branch (optional)")
	report := flags.String("report", "", "coverage report to upload")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q; see -h", flags.Arg(0))
	}
	if os.Getenv(codeant.TokenEnv) == "" {
		if flags.NFlag() > 0 {
			return fmt.Errorf("the flags are for the real CodeAnt: set %s to use it", codeant.TokenEnv)
		}
		return demo(ctx, out)
	}
	for _, required := range []string{"repo", "commit", "report"} {
		if flags.Lookup(required).Value.String() == "" {
			return fmt.Errorf("%s is set, so this uploads to the real CodeAnt and needs -repo, -commit and -report (-%s is missing); "+
				"to run the demo instead, unset %s", codeant.TokenEnv, required, codeant.TokenEnv)
		}
	}
	parsed, err := codeant.ParseProvider(*provider)
	if err != nil {
		return err
	}
	client, err := codeant.New()
	if err != nil {
		return err
	}
	defer client.CloseIdleConnections()
	revision := codeant.Revision{Provider: parsed, Repo: *repo, Commit: *commit, Branch: *branch}
	return upload(ctx, out, client, codeant.CoverageUpload{Revision: revision, Path: *report})
}

// upload sends one report and says so.
func upload(ctx context.Context, out io.Writer, client *codeant.Client, up codeant.CoverageUpload) error {
	result, err := client.Coverage.Upload(ctx, up)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "Uploaded the coverage of %s at %.7s: %s, %d bytes.\n", up.Revision.Repo, up.Revision.Commit, result.Format, result.Bytes)
	if result.Message != "" {
		fmt.Fprintf(out, "CodeAnt says: %s\n", result.Message)
	}
	return nil
}
