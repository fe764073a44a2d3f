package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"sync/atomic"
	"text/tabwriter"
	"time"

	"github.com/codeant-sdk/codeant"
)

// printGrowth prints how time and memory grow: each line should cost about as much per unit as the one before.
func printGrowth(w *os.File) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	growthOfAnswers(t)
	growthOfReports(t)
	growthOfGoroutines(t)
	check(t.Flush())
}

func growthOfAnswers(w io.Writer) {
	fmt.Fprintln(w, "answer\ttime\tMiB/s\tpeak heap over its size\t")
	for _, mib := range []int{1, 2, 4, 8, 16, 32, 60} {
		client := stubClient(largeBody(mib<<20, false))
		read := func() { must(client.Scans.Results(context.Background(), revision, codeant.SAST)) }
		seconds := best(read)
		fmt.Fprintf(w, "%d MiB\t%.1f ms\t%.0f\t%.2fx\t\n", mib, seconds*1000, float64(mib)/seconds, peakHeap(read)/float64(mib<<20))
	}
	fmt.Fprintln(w, "\t\t\t\t")
}

func growthOfReports(w io.Writer) {
	fmt.Fprintln(w, "findings\tread\tsorted\tread, each\tsorted, each\t")
	for _, n := range []int{100, 1_000, 10_000, 100_000, 200_000} {
		client, report := stubClient(`{"results":[`+findings(n, false)+`]}`), unsorted(n)
		read := best(func() { must(client.Scans.Results(context.Background(), revision, codeant.SAST)) })
		sort := best(func() { report.Findings() })
		fmt.Fprintf(w, "%d\t%.2f ms\t%.2f ms\t%.0f ns\t%.0f ns\t\n", n, read*1000, sort*1000, read*1e9/float64(n), sort*1e9/float64(n))
	}
	report := unsorted(500_000) // as one answer this would be over the default bound of 64 MiB
	sort := best(func() { report.Findings() })
	fmt.Fprintf(w, "%d\t\t%.2f ms\t\t%.0f ns\t\n", 500_000, sort*1000, sort*1e9/500_000)
	fmt.Fprintln(w, "\t\t\t\t\t")
}

func growthOfGoroutines(w io.Writer) {
	var connections atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		io.Copy(io.Discard, req.Body)
		io.WriteString(w, gatesBody)
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	fmt.Fprintln(w, "goroutines\tcalls/s\tconnections\t")
	for _, n := range []int{1, 2, 4, 8, 16, 32, 64, 128, 256, 512} {
		client := must(codeant.New(codeant.WithToken(token), codeant.WithBaseURL(server.URL)))
		connections.Store(0)
		const calls = 5_120
		began := time.Now()
		var all sync.WaitGroup
		for range n {
			all.Go(func() {
				for range calls / n {
					check(callGates(client))
				}
			})
		}
		all.Wait()
		fmt.Fprintf(w, "%d\t%.0f\t%d\t\n", n, calls/time.Since(began).Seconds(), connections.Load())
		client.CloseIdleConnections()
	}
}
