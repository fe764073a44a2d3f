package main

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/codeant-sdk/codeant"
)

func rest() []row {
	return append(sorting(), keeping(), listing())
}

// keeping measures how much of a large answer stays in memory if one finding of it is kept with a clone of its Raw.
func keeping() row {
	client := stubClient(largeBody(large, false))
	runtime.GC()
	before := heapObjects()
	kept := must(client.Scans.Results(context.Background(), revision, codeant.SAST)).Findings[7]
	kept.Raw = slices.Clone(kept.Raw)
	runtime.GC()
	runtime.GC()
	after := heapObjects()
	runtime.KeepAlive(client)
	fmt.Fprint(io.Discard, kept)
	return row{what: "one finding kept, its Raw cloned", got: float64(int64(after)-int64(before)) / 1024, bar: 64, unit: "KiB"}
}

func listing() row {
	const n = 10_000
	one := `{"id":"5f0c6a-%d","name":"ci of the shop","last4":"ghij","provider":"github","organization":"acme",` +
		`"created_at":"2026-01-31T10:00:00Z","status":"Active"}`
	var list strings.Builder
	for i := range n {
		if i > 0 {
			list.WriteByte(',')
		}
		fmt.Fprintf(&list, one, i)
	}
	client := stubClient(`{"status":"success","tokens":[` + list.String() + `]}`)
	result := testing.Benchmark(func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			must(client.Tokens.List(context.Background()))
		}
	})
	return row{what: "Tokens.List, each token", got: float64(result.AllocedBytesPerOp()) / n / 1000, bar: 1, unit: "kB"}
}
