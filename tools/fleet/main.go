// Command fleet simulates thousands of pipelines that use CodeAnt at once, in virtual time: this client and models of
// what is used today, against the test server behind a queue with a limited capacity. It prints the tables of
// docs/scale.md.
//
//	go -C tools/fleet run .          prints the tables
//	go -C tools/fleet run . -write   writes them, and the picture, to docs
//
// All sizes together take 14 minutes of processor time and 2 GB of memory, most of it for ten thousand pipelines.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

func main() {
	sizes := flag.String("pipelines", "100,1000,10000", "`sizes` of the fleets; the default takes 14 minutes of processor time")
	write := flag.Bool("write", false, "write docs/scale.md and docs/scale.svg")
	// Virtual time needs a test.
	testing.Main(
		func(string, string) (bool, error) { return true, nil },
		[]testing.InternalTest{{Name: "fleet", F: func(t *testing.T) {
			if err := tables(t, strings.Split(*sizes, ","), *write); err != nil {
				t.Fatal(err)
			}
		}}}, nil, nil,
	)
}

func tables(t *testing.T, sizes []string, write bool) error {
	var page bytes.Buffer
	var pictured []*run // of the outage, in the largest fleet
	var missed []string
	for _, size := range sizes {
		pipelines, err := strconv.Atoi(size)
		if err != nil {
			return err
		}
		began := time.Now()
		runs := simulateAll(t, pipelines)
		fmt.Fprintf(os.Stderr, "%d pipelines: %s\n", pipelines, time.Since(began).Round(time.Second))
		fmt.Fprintf(&page, "\n### %s pipelines\n\n", thousands(pipelines))
		fmt.Fprint(&page, "| Scenario | Client | Mean | Peak | Peak after / healthy mean | Recovered | Red | While waiting | Longer by |\n"+
			"|---|---|---|---|---|---|---|---|---|\n")
		for i, s := range scenarios {
			for j, r := range runs[i] {
				fmt.Fprintln(&page, r.row(runs[0][j]))
			}
			missed = append(missed, runs[i][0].misses(runs[0][0])...)
			if s.fatal {
				pictured = runs[i]
			}
		}
	}
	if len(missed) > 0 {
		return errors.New("goals missed:\n" + strings.Join(missed, "\n") + "\n" + page.String())
	}
	if write {
		docs := filepath.Join("..", "..", "docs")
		return errors.Join(
			picture(pictured, filepath.Join(docs, "scale.svg")), replace(filepath.Join(docs, "scale.md"), page.String()))
	}
	_, err := os.Stdout.Write(page.Bytes())
	return err
}

// simulateAll runs each scenario under each policy, as many at once as there are cores.
func simulateAll(t *testing.T, pipelines int) [][]*run {
	runs := make([][]*run, len(scenarios))
	t.Run(strconv.Itoa(pipelines), func(t *testing.T) {
		for i, s := range scenarios {
			runs[i] = make([]*run, len(policies))
			for j, p := range policies {
				t.Run(s.name+", "+p.name, func(t *testing.T) {
					t.Parallel()
					runs[i][j] = simulate(t, p, s, pipelines)
				})
			}
		}
	})
	return runs
}

// row is a line of a table.
func (r *run) row(healthy *run) string {
	red, waiting := r.reds()
	recovery, running, _ := r.recovery()
	recovered, longer := "–", "–"
	peak := r.peak(r.scenario.end()) / healthy.mean()
	if r.scenario.lasts > 0 {
		if running > 0 {
			recovered = seconds(recovery)
		}
		if mean := r.duration(); mean > 0 {
			longer = seconds(mean - healthy.duration())
		}
	}
	return fmt.Sprintf("| %s | %s | %s | %s | %.2f | %s | %s (%.1f %%) | %s | %s |", r.scenario.name, r.policy.name,
		thousands(int(math.Round(r.mean()))), thousands(int(math.Round(r.peak(0)))), peak, recovered,
		thousands(red), 100*float64(red)/float64(len(r.outcomes)), thousands(waiting), longer)
}

func seconds(d time.Duration) string { return fmt.Sprintf("%d s", d.Round(time.Second)/time.Second) }

func thousands(n int) string {
	if n < 1000 {
		return strconv.Itoa(n)
	}
	return thousands(n/1000) + fmt.Sprintf(",%03d", n%1000)
}

const (
	opening = "<!-- fleet: written by go -C tools/fleet run . -write -->\n"
	closing = "\n<!-- fleet: end -->"
)

// replace writes the tables between the marks of a page.
func replace(path, tables string) error {
	page, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, rest, found := strings.Cut(string(page), opening)
	_, after, ended := strings.Cut(rest, closing)
	if !found || !ended {
		return fmt.Errorf("%s lacks the marks of the tables", path)
	}
	return os.WriteFile(path, []byte(before+opening+tables+closing+after), 0o644)
}
