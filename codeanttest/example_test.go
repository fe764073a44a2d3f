package codeanttest_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"strings"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/codeanttest"
)

// In a test use NewServer, which closes the server when the test ends.
func Example() {
	server, err := codeanttest.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	client, err := server.Client()
	if err != nil {
		log.Fatal(err)
	}
	upload := func() error {
		_, err := client.Coverage.Upload(context.Background(), codeant.CoverageUpload{
			Revision: codeant.Revision{Provider: codeant.GitHub, Repo: "acme/shop", Commit: "8f3b2c1d9e7a6b5c4d3e2f1a0b9c8d7e6f5a4b3c"},
			Body:     strings.NewReader("SF:cart.js\nDA:1,1\nend_of_record\n"),
		})
		return err
	}

	// The storage refuses the report: an error, and nothing is completed.
	server.Inject("coverage.put", codeanttest.Fault{Status: 400})
	fmt.Println(errors.Is(upload(), codeant.ErrStorage), len(server.Requests("coverage.complete")))

	// It breaks the connection once: the report is sent again.
	server.Inject("coverage.put", codeanttest.Fault{Reset: true})
	fmt.Println(upload())
	for _, report := range server.Uploads() {
		fmt.Println(report.Revision.Repo, report.Bytes, report.Completed)
	}
	// Output:
	// true 0
	// <nil>
	// acme/shop 32 true
}
