// Command check-api calls the endpoints of CodeAnt with a real token and a real repository to answer questions that the
// documentation leaves open. It prints the status, content type and shape of each answer. It shows keys, types and
// status words and no other values, so its report can be attached to an issue.
//
//	CODEANT_API_TOKEN=cdt_… go run ./examples/check-api -repo acme/shop -commit 8f3b2c1d… -report check-api.json
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/examples/internal/pipeline"
)

const usage = `Usage: check-api -repo OWNER/NAME -commit HASH [-provider NAME] [-branch NAME] [-org NAME] [-author LOGIN]
                 [-write] [-report FILE]

Calls every endpoint of CodeAnt that only reads, and prints for each the status, content type and time, whether the client
could decode the answer, and the shape of the answer. No values of an answer are shown except status words.

  -repo OWNER/NAME  a repository that is connected to CodeAnt
  -commit HASH      a commit that was scanned, preferably one whose quality gates passed
  -provider NAME    github (default), gitlab, bitbucket or azuredevops
  -branch NAME      branch of the commit
  -org NAME         organization for teams and metrics (default: the first part of -repo)
  -author LOGIN     a developer, for the metrics of a single developer
  -write            also upload a coverage report for the module codeant-check-api, start a scan and the quality
                    gates of the commit, and create a token, which is revoked at once
  -report FILE      write the same as JSON
The token comes from CODEANT_API_TOKEN, the address from CODEANT_API_URL.
Exit codes: 0 done   1 nothing answered, or the report cannot be written   2 usage
`

var errUsage = errors.New("see -h")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return
	case errors.Is(err, errUsage), errors.Is(err, codeant.ErrInvalidRequest),
		errors.Is(err, codeant.ErrMissingToken), errors.Is(err, codeant.ErrInvalidToken):
		fmt.Fprintln(os.Stderr, "check-api:", err)
		os.Exit(2)
	}
	fmt.Fprintln(os.Stderr, "check-api:", err)
	os.Exit(1)
}

// document is what -report writes.
type document struct {
	Program   string     `json:"program"`
	Version   string     `json:"version"`
	Wrote     bool       `json:"wrote"`
	Rows      []row      `json:"operations"`
	Questions []question `json:"questions"`
}

func run(ctx context.Context, args []string, out io.Writer, opts ...codeant.Option) error {
	flags := flag.NewFlagSet("check-api", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	provider := flags.String("provider", "github", "")
	repo, commit, branch := flags.String("repo", "", ""), flags.String("commit", "", ""), flags.String("branch", "", "")
	org, author := flags.String("org", "", ""), flags.String("author", "", "")
	write, file := flags.Bool("write", false, ""), flags.String("report", "", "")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			fmt.Fprint(out, usage)
			return err
		}
		return fmt.Errorf("%w; %w", err, errUsage)
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q; %w", flags.Arg(0), errUsage)
	}
	about := subject{author: *author, write: *write}
	about.revision = codeant.Revision{Repo: *repo, Commit: *commit, Branch: *branch}
	var err error
	if about.revision.Provider, err = codeant.ParseProvider(*provider); err != nil {
		return err
	}
	if err := about.revision.Validate(); err != nil {
		return err
	}
	about.org = codeant.Organization{Provider: about.revision.Provider, Name: *org}
	if *org == "" {
		about.org.Name, _, _ = strings.Cut(*repo, "/")
	}
	doc, err := ask(ctx, about, opts...)
	if err != nil {
		return err
	}
	doc.print(out)
	if *file != "" {
		if err := pipeline.WriteFile(*file, doc.json()); err != nil {
			return fmt.Errorf("the file of -report cannot be written: %w", err)
		}
	}
	for _, r := range doc.Rows {
		if r.Status != 0 {
			return nil
		}
	}
	return errors.New("nothing answered: check CODEANT_API_URL and the network")
}

// ask creates the clients, calls everything, and answers the questions.
func ask(ctx context.Context, about subject, opts ...codeant.Option) (*document, error) {
	transport := codeant.DefaultTransport()
	defer transport.CloseIdleConnections()
	record := &recorder{next: transport}
	// One attempt shows what an endpoint answers; the options of a test come last.
	all := append([]codeant.Option{codeant.WithRetry(codeant.RetryPolicy{MaxAttempts: 1})}, opts...)
	client, err := codeant.New(append(all, codeant.WithHTTPClient(&http.Client{Transport: record}))...)
	if err != nil {
		return nil, err
	}
	// A well-formed token that was never issued.
	unknown := codeant.WithToken(codeant.TokenPrefix + strings.Repeat("0", 36))
	stranger, err := codeant.New(append(all, codeant.WithHTTPClient(&http.Client{Transport: record}), unknown)...)
	if err != nil {
		return nil, err
	}
	hidden := append(strings.Split(about.revision.Repo, "/"), about.revision.Branch, about.org.Name, about.author)
	doc := &document{Program: "check-api", Version: codeant.Version, Wrote: about.write}
	lifetime := 0
	for _, c := range checks(client, stranger, about) {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		for _, r := range c.rows(ctx, record, hidden) {
			doc.Rows = append(doc.Rows, r)
			lifetime = max(lifetime, r.lifetime)
		}
	}
	doc.Questions = questions(doc.Rows, lifetime)
	return doc, nil
}

func (d *document) print(out io.Writer) {
	for _, r := range d.Rows {
		switch {
		case r.NotAsked != "":
			fmt.Fprintf(out, "%-33s %-10s not asked: %s\n", r.Op, r.Evidence, r.NotAsked)
		case r.Status == 0:
			fmt.Fprintf(out, "%-33s %-10s no answer in %d ms: %s\n", r.Op, r.Evidence, r.Milliseconds, r.Decoder)
		default:
			fmt.Fprintf(out, "%-33s %-10s %d %s in %d ms, decoder: %s\n", r.Op, r.Evidence, r.Status, r.ContentType, r.Milliseconds, r.Decoder)
			fmt.Fprintf(out, "    %s\n", compact(r.Shape))
		}
	}
	fmt.Fprintf(out, "\nOpen questions of docs/api.md:\n")
	for _, q := range d.Questions {
		state := "open"
		if q.Settled {
			state = "settled"
		}
		fmt.Fprintf(out, "%-8s %s %s\n", state, q.Question, q.Answer)
	}
}

func (d *document) json() []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	_ = enc.Encode(d) // a document always encodes
	return b.Bytes()
}
