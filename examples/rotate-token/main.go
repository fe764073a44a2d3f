// Command rotate-token replaces a token. It passes the new token to a command of yours that deploys it, and revokes the
// old one only after that.
package main

import (
	"context"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/examples/internal/pipeline"
)

const usage = `usage: rotate-token -id ID -name NAME -deploy COMMAND [flags]
For example:
  rotate-token -id tok_1 -name ci -deploy 'gh secret set CODEANT_API_TOKEN'

  -id ID           token to replace; without it the tokens are listed, and the
                   exit code is 2
  -name NAME       name of the new token, at most 60 characters
  -deploy COMMAND  command that puts the new token in place, run by ` + shell + `;
                   it gets the value on standard input and cannot ask questions

  -token-file F    file with the token to work with; "-" reads standard input
  -api URL         CodeAnt's API (CODEANT_API_URL, https://api.codeant.ai)
  -json F          write what happened as a JSON object
  -dry-run         show what would happen; needs no token

The old token is revoked only after the command has succeeded. If it fails,
leaves a process behind that keeps its output open, or rotate-token gets a
signal, the new token is revoked. So it must be safe to run the command again.
` + onSignal + `

CodeAnt documents tokens only as pages of its web app. The endpoints are
inferred; if the server does not have them, the exit code is 4.

The token to work with comes from CODEANT_API_TOKEN or ACCESS_TOKEN.
-a, -access-token TOKEN works too, but other processes can read it.
` + pipeline.ExitHelp

func main() { pipeline.Main(run) }

func run(ctx context.Context, env pipeline.Env) int {
	p := pipeline.New(env, "rotate-token", usage, "a", "access-token")
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
		if id == "" {
			p.Notice("would list the tokens")
		} else {
			p.Notice("would create the token %q, run %q with its value on standard input, and then revoke the token %s", name, deploy, id)
		}
		return p.End()
	}
	client, err := p.Client(ctx)
	if err != nil {
		return p.End(err)
	}
	defer client.CloseIdleConnections()
	if id == "" {
		return p.End(list(ctx, p, client))
	}
	put := func(ctx context.Context, created *codeant.CreatedToken) error {
		p.Notice("Created %s (ID %s); the command deploys it.", created.Masked(), created.ID)
		return runDeploy(ctx, deploy, created.Token)
	}
	rotation, err := client.Tokens.Rotate(ctx, codeant.RotateTokenRequest{ID: id, Name: name, Deploy: put})
	if err == nil {
		p.Notice("Deployed %s and revoked the token %s.", rotation.Created.Masked(), rotation.RevokedID)
	}
	return p.End(err)
}

// list shows the tokens. The one in use is recognized by its last four characters, so several may be marked.
func list(ctx context.Context, p *pipeline.Program, client *codeant.Client) error {
	tokens, err := client.Tokens.List(ctx)
	if err != nil {
		return err
	}
	inUse, err := codeant.ParseToken(p.Token)
	if err != nil {
		return err
	}
	var rows [][]string
	for _, t := range tokens {
		mark := ""
		if t.Last4 == inUse.Last4() && t.Status == codeant.TokenActive {
			mark = "in use"
		}
		rows = append(rows, []string{t.ID, t.Masked(), string(t.Status), mark, t.Name})
	}
	p.Table(rows)
	return pipeline.UsageError("name the token to replace: -id; see -h")
}
