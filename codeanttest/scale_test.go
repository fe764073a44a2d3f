package codeanttest_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/codeanttest"
)

// BenchmarkCommits uploads a report and reads the result of a scan. The time must not grow with the commits that the
// server knows.
func BenchmarkCommits(b *testing.B) {
	for _, known := range []int{1, 2000} {
		b.Run(strconv.Itoa(known), func(b *testing.B) {
			server := codeanttest.NewServer(b, codeanttest.InMemory())
			client, err := server.Client()
			require.NoError(b, err)
			step := func(i int) {
				rev := codeant.Revision{Provider: codeant.GitHub, Repo: "acme/shop", Commit: fmt.Sprintf("%040x", i), Branch: "main"}
				server.SetFindings(rev, codeant.SAST, []byte("[]"))
				_, err := client.Coverage.Upload(b.Context(), codeant.CoverageUpload{
					Revision: rev, Body: strings.NewReader("TN:\nSF:cart.js\nDA:1,1\nend_of_record\n"),
				})
				require.NoError(b, err)
				_, err = client.Scans.Results(b.Context(), rev, codeant.SAST)
				require.NoError(b, err)
			}
			for i := range known {
				step(i)
			}
			b.ReportAllocs()
			for b.Loop() {
				step(known - 1)
			}
		})
	}
}
