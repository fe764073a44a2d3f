package codeant_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
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
		fmt.Println(err)
		return
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

func ExampleGatesService_Run() {
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
	revision := codeant.Revision{Provider: codeant.GitHub, Repo: "acme/shop", Commit: "8f3b2c1d9e7a6b5c4d3e2f1a0b9c8d7e6f5a4b3c"}
	server.SetGates(revision, map[string]string{"secret": "FAILED"})

	_, err = client.Gates.Run(context.Background(), revision, codeant.WaitOptions{}) // nil only if every gate passed
	fmt.Println(errors.Is(err, codeant.ErrGateFailed), err)
	// Output:
	// true codeant: quality gate failed: gate "secret" answered "FAILED"
}

func ExampleCoverageService_Upload() {
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
	result, err := client.Coverage.Upload(context.Background(), codeant.CoverageUpload{
		Revision: codeant.Revision{Provider: codeant.GitHub, Repo: "acme/shop", Commit: "8f3b2c1d9e7a6b5c4d3e2f1a0b9c8d7e6f5a4b3c"},
		Body:     strings.NewReader("SF:cart.js\nDA:1,1\nend_of_record\n"), // or Path: "coverage.xml"
	})
	if err != nil {
		fmt.Println(err)
		return
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
