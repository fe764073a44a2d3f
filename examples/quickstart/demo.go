package main

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/codeanttest"
)

//go:embed testdata/lcov.info
var lcov []byte

// demo tells the story of one token on a server inside this program.
func demo(ctx context.Context, out io.Writer) error {
	fmt.Fprintf(out, "%s is not set, so this runs on a CodeAnt server inside the program. Nothing leaves this machine.\n", codeant.TokenEnv)
	server, err := codeanttest.Start()
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
	fmt.Fprintf(out, "Created the token %q: %s (the value is shown only now; keep it as a secret of your pipeline).\n", created.Name, created.Token)

	pipeline, err := server.Client(codeant.WithToken(created.Token.Reveal()))
	if err != nil {
		return err
	}
	revision := codeant.Revision{
		Provider: codeant.GitHub, Repo: "acme/shop", Commit: "8f3b2c1d9e7a6b5c4d3e2f1a0b9c8d7e6f5a4b3c", Branch: "main",
	}
	if err := upload(ctx, out, pipeline, codeant.CoverageUpload{Revision: revision, Body: bytes.NewReader(lcov)}); err != nil {
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
