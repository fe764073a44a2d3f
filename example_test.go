package codeant_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/codeanttest"
)

// Call reaches endpoints that this package has no method for, with the same retries, typed errors and care for secrets.
func ExampleClient_Call() {
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		asked++
		switch {
		case req.URL.Path == "/api/gone":
			http.Error(w, `{"message":"no such thing for `+req.Header.Get("Authorization")+`"}`, http.StatusNotFound)
		case asked == 1:
			http.Error(w, "busy", http.StatusServiceUnavailable)
		default:
			fmt.Fprint(w, `{"status":"success","items":["a","b"]}`)
		}
	}))
	defer server.Close()
	client, err := codeant.New(codeant.WithToken("cdt_0123456789abcdef"), codeant.WithBaseURL(server.URL))
	if err != nil {
		log.Fatal(err)
	}
	defer client.CloseIdleConnections()

	var out struct{ Items []string }
	err = client.Call(context.Background(), codeant.Request{Path: "/api/items/list", Body: map[string]string{"org": "acme"}, Idempotent: true}, &out)
	fmt.Println(out.Items, err)

	err = client.Call(context.Background(), codeant.Request{Path: "/api/gone?token=secret"}, &out)
	var apiErr *codeant.APIError
	fmt.Println(errors.Is(err, codeant.ErrNotFound), errors.As(err, &apiErr))
	fmt.Println(apiErr.Path, apiErr.Message)
	// Output:
	// [a b] <nil>
	// true true
	// /api/gone no such thing for Bearer cdt_••••cdef
}

const exampleCommit = "8f3b2c1d9e7a6b5c4d3e2f1a0b9c8d7e6f5a4b3c"

func ExampleNew() {
	// Without options the token comes from the environment variable CODEANT_API_TOKEN.
	client, err := codeant.New(codeant.WithToken("cdt_0123456789abcdef"), codeant.WithUserAgent("mytool/1.2"))
	fmt.Println(client != nil, err)

	_, err = codeant.New(codeant.WithToken("ghp_0123456789abcdef"))
	fmt.Println(errors.Is(err, codeant.ErrInvalidToken), err)
	// Output:
	// true <nil>
	// true codeant: not a CodeAnt API token: this is a GitHub token; CodeAnt tokens start with cdt_
}

// A program that runs for long reads its token from a file, which may change: a secret mounted by Kubernetes, for example.
func ExampleFileToken() {
	folder, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "token")
	source := codeant.FileToken(path) // for WithTokenSource
	for _, value := range []string{"cdt_0123456789abcdef\n", "cdt_fedcba9876543210\n"} {
		if err := os.WriteFile(path, []byte(value), 0o600); err != nil {
			log.Fatal(err)
		}
		fmt.Println(source.Token(context.Background()))
	}
	// Output:
	// cdt_••••cdef <nil>
	// cdt_••••3210 <nil>
}

// Any function can be a source, such as one that asks a secret manager.
func ExampleTokenSourceFunc() {
	manager := map[string]string{"codeant/token": "cdt_0123456789abcdef"}
	source := codeant.TokenSourceFunc(func(context.Context) (codeant.Token, error) {
		return codeant.ParseToken(manager["codeant/token"])
	})
	client, err := codeant.New(codeant.WithTokenSource(source))
	fmt.Println(client != nil, err)
	// Output: true <nil>
}

// How to tell a token that was revoked from one that is not accepted and one that may not do this.
func Example_refusedToken() {
	server, err := codeanttest.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	client, err := server.Client(codeant.WithToken("cdt_0123456789abcdef"))
	if err != nil {
		log.Fatal(err)
	}
	server.Inject("tokens.list",
		codeanttest.Fault{Status: 401, Body: `{"message":"this token was revoked"}`},
		codeanttest.Fault{Status: 401, Body: `{"message":"unknown token"}`},
		codeanttest.Fault{Status: 403, Body: `{"message":"not for this organization"}`})
	for range 3 {
		_, err := client.Tokens.List(context.Background())
		var revoked *codeant.TokenRevokedError
		switch {
		case errors.As(err, &revoked): // also ErrTokenRevoked and ErrUnauthorized
			fmt.Println("create a new token in place of the one that ends in", revoked.Last4)
		case errors.Is(err, codeant.ErrUnauthorized):
			fmt.Println("check the token")
		case errors.Is(err, codeant.ErrForbidden):
			fmt.Println("the token may not do this")
		}
	}
	// Output:
	// create a new token in place of the one that ends in cdef
	// check the token
	// the token may not do this
}

func ExampleScansService_Run() {
	server, err := codeanttest.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	client, err := server.Client()
	if err != nil {
		log.Fatal(err)
	}
	revision := codeant.Revision{Provider: codeant.GitHub, Repo: "acme/shop", Commit: exampleCommit, Branch: "main"}
	server.SetFindings(revision, codeant.SAST, json.RawMessage(`[
		{"file_path":"cart.js","line_number":5,"check_id":"unsafe-reduce","severity":"low","message":"prices are not checked"},
		{"file_path":"pay.js","line_number":41,"check_id":"sql-injection","severity":"high","message":"query built from input"}]`))

	report, err := client.Scans.Run(context.Background(), codeant.ScanRequest{Revision: revision}, codeant.WaitOptions{})
	if err != nil {
		log.Fatal(err)
	}
	for _, finding := range report.Findings() { // the most severe first
		fmt.Println(finding.Severity, finding.Path, finding.StartLine, finding.Message)
	}
	fmt.Println(len(report.Blocking(codeant.SeverityHigh)), "too severe to go on")
	// Output:
	// high pay.js 41 query built from input
	// low cart.js 5 prices are not checked
	// 1 too severe to go on
}

func ExampleGatesService_Run() {
	server, err := codeanttest.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	client, err := server.Client()
	if err != nil {
		log.Fatal(err)
	}
	revision := codeant.Revision{Provider: codeant.GitHub, Repo: "acme/shop", Commit: exampleCommit}
	server.SetGates(revision, map[string]string{"secret": "FAILED"})

	_, err = client.Gates.Run(context.Background(), revision, codeant.WaitOptions{}) // nil only if every gate passed
	fmt.Println(errors.Is(err, codeant.ErrGateFailed), err)
	// Output:
	// true codeant: quality gate failed: gate "secret" answered "FAILED"
}

// A policy says which gates must have passed, and which further words count as passed.
func ExampleGatesService_Run_policy() {
	server, err := codeanttest.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	revision := codeant.Revision{Provider: codeant.GitHub, Repo: "acme/shop", Commit: exampleCommit}
	server.SetGates(revision, map[string]string{"secret": "PASSED", "duplicate": "SKIPPED"})
	for _, policy := range []codeant.GatePolicy{
		{},
		{PassingStatuses: []string{"SKIPPED"}},
		{PassingStatuses: []string{"SKIPPED"}, RequiredGates: []string{"sast"}},
	} {
		client, err := server.Client(codeant.WithGatePolicy(policy))
		if err != nil {
			log.Fatal(err)
		}
		result, err := client.Gates.Run(context.Background(), revision, codeant.WaitOptions{})
		fmt.Println(result.Verdict(), errors.Is(err, codeant.ErrGateUndecided))
	}
	// Output:
	// undecided true
	// passed false
	// undecided true
}

// Rotate replaces a token so that one that works is in place at every moment.
func ExampleTokensService_Rotate() {
	server, err := codeanttest.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	client, err := server.Client()
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	old, err := client.Tokens.Create(ctx, codeant.CreateTokenRequest{Name: "pipeline of shop"})
	if err != nil {
		log.Fatal(err)
	}
	rotation, err := client.Tokens.Rotate(ctx, codeant.RotateTokenRequest{
		ID:   old.ID,
		Name: "pipeline of shop",
		Deploy: func(ctx context.Context, created *codeant.CreatedToken) error {
			// Put created.Token.Reveal() where the pipeline reads it. An error here revokes the new token and keeps the old one.
			return nil
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(rotation.RevokedID == old.ID, rotation.Created.Name, rotation.Created.Status)
	// Output: true pipeline of shop Active
}

func ExampleCoverageService_Upload() {
	server, err := codeanttest.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	client, err := server.Client()
	if err != nil {
		log.Fatal(err)
	}
	result, err := client.Coverage.Upload(context.Background(), codeant.CoverageUpload{
		Revision: codeant.Revision{Provider: codeant.GitHub, Repo: "acme/shop", Commit: exampleCommit},
		Body:     strings.NewReader("SF:cart.js\nDA:1,1\nend_of_record\n"), // or Path: "coverage.xml"
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(result.Format, result.Bytes)
	// Output: lcov 32
}

// A report that was kept as JSON is the baseline for a later one.
func ExampleScanReport_Since() {
	finding := codeant.Finding{Analysis: codeant.SAST, Severity: codeant.SeverityHigh, Path: "src/app.js", StartLine: 3, RuleID: "sql-injection", Message: "Query built from input"}
	moved, fresh := finding, finding
	moved.StartLine = 30
	fresh.Path = "src/login.js"
	report := func(findings ...codeant.Finding) *codeant.ScanReport {
		return &codeant.ScanReport{Results: map[codeant.Analysis]*codeant.ScanResults{codeant.SAST: {Analysis: codeant.SAST, Findings: findings}}}
	}
	kept, err := json.Marshal(report(finding))
	if err != nil {
		fmt.Println(err)
		return
	}

	var baseline codeant.ScanReport
	if err := json.Unmarshal(kept, &baseline); err != nil {
		fmt.Println(err)
		return
	}
	for _, f := range report(moved, fresh).Since(&baseline).Blocking(codeant.SeverityMedium) {
		fmt.Println(f)
	}
	// Output: high src/login.js:3 sql-injection: Query built from input
}

func ExampleAccountService_Verify() {
	server, err := codeanttest.Start()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	client, err := server.Client()
	if err != nil {
		fmt.Println(err)
		return
	}
	identity, err := client.Account.Verify(context.Background())
	switch {
	case errors.Is(err, codeant.ErrForbidden), errors.Is(err, codeant.ErrUnsupported):
		fmt.Println("this token may not ask; it may be good for everything else")
	case err != nil:
		fmt.Println(err)
	default:
		for _, org := range identity.Organizations {
			fmt.Println(org.Provider, org.Name)
		}
	}
	// Output: github acme
}
