package gocover_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant/gocover"
)

// claims is a profile of some files that have a million lines each, in a block of one line of text.
func claims(files int) string {
	var profile strings.Builder
	profile.WriteString("mode: set\n")
	for i := range files {
		fmt.Fprintf(&profile, "m/%02d.go:1.1,1000000.2 1 1\n", i)
	}
	return profile.String()
}

// Not parallel, because what other tests allocate would count.
func TestAShortProfileThatClaimsManyLinesCostsLittle(t *testing.T) {
	profile := claims(30)
	require.Less(t, len(profile), 800)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	err := gocover.Cobertura(io.Discard, strings.NewReader(profile), "m", "")
	runtime.ReadMemStats(&after)
	assert.EqualError(t, err, "gocover: the profile has more than 5000000 lines, which is more than a report can hold; "+
		"convert the profile of one module at a time, or run the tests again if it is damaged")
	assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(1<<20))
}

// Not parallel, because what other tests allocate would count.
func TestOverlappingBlocksCostNoMoreThanTheirNumber(t *testing.T) {
	var profile strings.Builder
	profile.WriteString("mode: count\n")
	for i := range 1000 {
		fmt.Fprintf(&profile, "m/a.go:%d.1,1000000.2 1 %d\n", i+1, i)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	var head prefix
	require.ErrorIs(t, gocover.Cobertura(&head, strings.NewReader(profile.String()), "m", ""), errEnough)
	runtime.ReadMemStats(&after)
	assert.Contains(t, head.String(), `<line number="1" hits="0"></line>`)
	assert.Contains(t, head.String(), `<line number="20" hits="19"></line>`)
	assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(2<<20), "the report is written as it is made")
}

var errEnough = errors.New("enough")

// prefix takes 64 KiB.
type prefix struct{ bytes.Buffer }

func (p *prefix) Write(b []byte) (int, error) {
	if p.Len() > 64<<10 {
		return 0, errEnough
	}
	return p.Buffer.Write(b)
}

func TestEachLineHasTheHitsOfTheMostFrequentOfItsBlocks(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		profile, want := "mode: count\n", map[int]int{}
		merged := map[[2]int]int{}
		for range random.IntN(12) + 1 {
			first := random.IntN(30) + 1
			block := [2]int{first, first + random.IntN(10)}
			count := random.IntN(4)
			merged[block] += count
			profile += fmt.Sprintf("m/a.go:%d.1,%d.9 1 %d\n", block[0], block[1], count)
		}
		for block, count := range merged {
			for line := block[0]; line <= block[1]; line++ {
				want[line] = max(want[line], count)
			}
		}
		var report coverage
		require.NoError(t, xml.Unmarshal([]byte(convert(t, profile, "m", "")), &report))
		got, last := map[int]int{}, 0
		for _, l := range report.Packages[0].Classes[0].Lines {
			require.Greater(t, l.Number, last)
			last = l.Number
			got[l.Number] = l.Hits
		}
		require.Equal(t, want, got, profile)
	}
}

func BenchmarkCobertura(b *testing.B) {
	var profile strings.Builder
	profile.WriteString("mode: set\n")
	for file := range 200 {
		for block := range 100 {
			fmt.Fprintf(&profile, "m/%d.go:%d.1,%d.2 3 1\n", file, block*5+1, block*5+4)
		}
	}
	b.SetBytes(int64(profile.Len()))
	b.ReportAllocs()
	for b.Loop() {
		if err := gocover.Cobertura(io.Discard, strings.NewReader(profile.String()), "m", ""); err != nil {
			b.Fatal(err)
		}
	}
}
