package main

import (
	"context"
	"encoding/json"
	"net/http"
	"runtime"
	"runtime/metrics"
	"time"

	"github.com/codeant-sdk/codeant"
)

const large = 32 << 20

// decoding compares the reading of a large answer with io.ReadAll and encoding/json.
func decoding() []row {
	plain, escaped := largeBody(large, false), largeBody(large, true)
	var rows []row
	for _, test := range []struct {
		name, body    string
		timeBar, heap float64
	}{
		{"32 MiB of findings", plain, 0.85, 0.80},
		{"32 MiB, every message escaped", escaped, 1.1, 0},
	} {
		client := stubClient(test.body)
		ours := func() { must(client.Scans.Results(context.Background(), revision, codeant.SAST)) }
		floor := func() {
			answer := must(post(&http.Client{Transport: stub{test.body}}, codeant.DefaultBaseURL, struct{}{}))
			var out floorResults
			check(json.Unmarshal(answer, &out))
		}
		rows = append(rows, row{
			what: test.name + ": time over encoding/json", got: best(ours) / best(floor), bar: test.timeBar, unit: "x", time: true,
		})
		if test.heap > 0 {
			rows = append(rows, row{
				what: test.name + ": peak heap over encoding/json", got: peakHeap(ours) / peakHeap(floor), bar: test.heap, unit: "x",
			})
		}
	}
	return rows
}

func stubClient(body string) *codeant.Client {
	return must(codeant.New(codeant.WithToken(token), codeant.WithBaseURL(codeant.DefaultBaseURL),
		codeant.WithHTTPClient(&http.Client{Transport: stub{body}})))
}

func largeBody(size int, escaped bool) string {
	each := len(findings(1, escaped)) + 10
	return `{"status":"done","results":[` + findings(size/each, escaped) + `]}`
}

// best returns the shortest of several runs, in seconds. Short runs are repeated more often, because other work on the
// machine disturbs a larger share of them.
func best(f func()) float64 {
	shortest := time.Hour
	started := time.Now()
	for run := 0; run < 5 || run < 30 && time.Since(started) < 2*time.Second; run++ {
		runtime.GC()
		began := time.Now()
		f()
		shortest = min(shortest, time.Since(began))
	}
	return shortest.Seconds()
}

// peakHeap returns by how many bytes the objects on the heap grew at most while f ran: the smallest value of several
// runs, because the collector's timing varies.
func peakHeap(f func()) float64 {
	least := uint64(1 << 62)
	for range 5 {
		runtime.GC()
		before := heapObjects()
		stop, peak := make(chan struct{}), make(chan uint64)
		go func() {
			most := uint64(0)
			tick := time.NewTicker(500 * time.Microsecond)
			defer tick.Stop()
			for {
				select {
				case <-stop:
					peak <- max(most, heapObjects())
					return
				case <-tick.C:
					most = max(most, heapObjects())
				}
			}
		}()
		f()
		close(stop)
		least = min(least, <-peak-before)
	}
	return float64(least)
}

func heapObjects() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
