package main

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/codeanttest"
)

//go:embed testdata/lcov.info
var lcov []byte

// What the server is to find in the commit.
var (
	foundInCode = json.RawMessage(`[
		{"file_path": "cart.js", "line_number": 5, "check_id": "unsafe-reduce", "severity": "medium", "message": "prices are not checked"},
		{"file_path": "checkout.js", "line_number": 41, "check_id": "sql-injection", "severity": "high",
			"message": "a query is built from user input"}
	]`)
	foundInDependencies = json.RawMessage(`[
		{"package_name": "left-pad", "version": "1.0.0", "vulnerability_id": "CVE-2026-0001", "severity": "low",
			"fix_version": "1.0.1", "file_path": "package-lock.json", "line_number": 12}
	]`)
)

// demo shows the life of one token on a server inside this program.
func demo(ctx context.Context, out io.Writer) error {
	fmt.Fprintf(out, "%s is not set, so this runs on a CodeAnt server inside the program. Nothing leaves this machine.\n", codeant.TokenEnv)
	server, err := codeanttest.Start(codeanttest.PendingPolls(2))
	if err != nil {
		return err
	}
	defer server.Close()
	admin, err := server.Client()
	if err != nil {
		return err
	}

	created, err := admin.Tokens.Create(ctx, codeant.CreateTokenRequest{Name: "pipeline of acme/shop"})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "Created the token %q: %s (the value is shown only now; keep it as a secret of your pipeline).\n",
		created.Name, created.Token)

	pipeline, err := server.Client(codeant.WithToken(created.Token.Reveal()))
	if err != nil {
		return err
	}
	revision := codeant.Revision{
		Provider: codeant.GitHub, Repo: "acme/shop", Commit: "8f3b2c1d9e7a6b5c4d3e2f1a0b9c8d7e6f5a4b3c", Branch: "main",
	}
	server.SetFindings(revision, codeant.SAST, foundInCode)
	server.SetFindings(revision, codeant.SCA, foundInDependencies)
	server.SetGates(revision, map[string]string{"secret": "PASSED", "sast": "PASSED"})
	if err := upload(ctx, out, pipeline, codeant.CoverageUpload{Revision: revision, Body: bytes.NewReader(lcov)}); err != nil {
		return err
	}
	// This server is fast. With the real one, use the default options.
	if err := scan(ctx, out, pipeline, revision, codeant.WaitOptions{Interval: 100 * time.Millisecond}); err != nil {
		return err
	}

	rotation, err := admin.Tokens.Rotate(ctx, codeant.RotateTokenRequest{
		ID:   created.ID,
		Name: created.Name,
		Deploy: func(_ context.Context, fresh *codeant.CreatedToken) error {
			fmt.Fprintf(out, "Rotating: the new token is %s; here your secrets would be updated, while the old one still works.\n", fresh.Token)
			return nil
		},
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "Rotated: %s is in force, %s is revoked.\n", rotation.Created.Token, created.Token)

	_, err = pipeline.Tokens.List(ctx)
	var revoked *codeant.TokenRevokedError
	if !errors.As(err, &revoked) {
		return fmt.Errorf("the revoked token was not refused: %w", err)
	}
	fmt.Fprintf(out, "The revoked token is refused, as it should be: %v\n", err)
	return nil
}

// scan runs a scan and the quality gates, and shows what came of them.
func scan(ctx context.Context, out io.Writer, client *codeant.Client, revision codeant.Revision, opts codeant.WaitOptions) error {
	report, err := client.Scans.Run(ctx, codeant.ScanRequest{Revision: revision}, opts)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "Scanned it: %d findings.\n", len(report.Findings()))
	for _, f := range report.Findings() {
		fmt.Fprintf(out, "  %-8s %s line %d: %s\n", f.Severity, f.Path, f.StartLine, f.Message)
	}
	result, err := client.Gates.Run(ctx, revision, opts)
	if result != nil {
		for _, gate := range result.Gates {
			fmt.Fprintf(out, "  gate %q: %s\n", gate.Name, gate.Verdict)
		}
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "Quality gates: %s.\n", result.Verdict())
	return nil
}
