// Command rotate-token replaces a token through a command of yours that puts the new one in place, and only then revokes
// the old one.
package main

import (
	"context"
	"fmt"
	"os/exec"
	"strings"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/examples/internal/pipeline"
)

const usage = `usage: rotate-token -id ID -name NAME -deploy COMMAND [flags]

  -id ID           token to replace, as the list of tokens names it; without it the list is shown
  -name NAME       name of the new token, at most 60 characters
  -deploy COMMAND  shell command that puts the new token in place; it gets the value on standard input, for example
                   'gh secret set CODEANT_API_TOKEN'
  -a, -access-token  CodeAnt token to work with (better: the environment)
  -token-file F    read the token from a file; "-" is standard input
  -api URL         address of the API, else CODEANT_API_URL, else https://api.codeant.ai
  -json F          write what happened as a JSON object to a file
  -dry-run         show what would happen; needs no token

The old token is revoked only after the command has succeeded; if it fails, the new one is taken back. CodeAnt documents
tokens as pages of its web app: the endpoints are inferred, and a server without them is exit code 4.
` + pipeline.ExitHelp

func main() { pipeline.Main(run) }

func run(ctx context.Context, env pipeline.Env) int {
	p := pipeline.New(env, "rotate-token", usage, []string{"a", "access-token"}, []string{"s", "service"})
	var id, name, deploy string
	p.String(&id, "", "id")
	p.String(&name, "", "name")
	p.String(&deploy, "", "deploy")
	if code, goOn := p.Parse(); !goOn {
		return code
	}
	if id != "" && (name == "" || deploy == "") {
		return p.End(pipeline.UsageError("-id needs -name and -deploy; see -h"))
	}
	if p.DryRun() {
		p.Notice("would create the token %q, run %q with its value on standard input, and then revoke the token %s", name, deploy, id)
		return p.End(nil)
	}
	client, err := p.Client()
	if err != nil {
		return p.End(err)
	}
	defer client.CloseIdleConnections()
	if id == "" {
		return p.End(list(ctx, p, client))
	}
	rotation, err := client.Tokens.Rotate(ctx, codeant.RotateTokenRequest{ID: id, Name: name, Deploy: func(ctx context.Context, created *codeant.CreatedToken) error {
		p.Notice("created %s (ID %s); deploying it", created.Masked(), created.ID)
		return runDeploy(ctx, deploy, created.Token)
	}})
	if err == nil {
		p.Notice("deployed %s and revoked the token %s", rotation.Created.Masked(), rotation.RevokedID)
	}
	return p.End(err)
}

func list(ctx context.Context, p *pipeline.Program, client *codeant.Client) error {
	tokens, err := client.Tokens.List(ctx)
	if err != nil {
		return err
	}
	for _, t := range tokens {
		p.Notice("%s  %s  %-8s %s", t.ID, t.Masked(), t.Status, t.Name)
	}
	return pipeline.UsageError("name the token to replace: -id; see -h")
}

// runDeploy hands the value over on standard input, where no other process sees it. What the command prints is shown
// only if it fails; Rotate masks the value in it.
func runDeploy(ctx context.Context, command string, token codeant.Token) error {
	cmd := exec.CommandContext(ctx, "sh", "-c", command)
	cmd.Stdin = strings.NewReader(token.Reveal())
	output, err := cmd.CombinedOutput()
	if err == nil {
		return nil
	}
	return fmt.Errorf("the command failed: %w: %s", err, strings.TrimSpace(string(output)))
}
