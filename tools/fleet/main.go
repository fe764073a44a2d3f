// Command fleet simulates thousands of pipelines that use CodeAnt at once, in virtual time: this client and models of
// what is used today, against the test server behind a queue with a limited capacity. It prints the tables of
// docs/scale.md.
//
//	go -C tools/fleet run .          prints the tables
//	go -C tools/fleet run . -write   writes them, and the picture, to docs
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

func main() {
	sizes := flag.String("pipelines", "100,1000", "sizes of the fleets; 10000 takes hours")
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
	for _, size := range sizes {
		pipelines, err := strconv.Atoi(size)
		if err != nil {
			return err
		}
		began := time.Now()
		pictured = nil
		fmt.Fprintf(&page, "\n### %s pipelines\n\n", thousands(pipelines))
		fmt.Fprint(&page, "| Scenario | Client | Mean | Peak | Peak after / healthy mean | Recovered | Red | While waiting | Longer by |\n"+
			"|---|---|---|---|---|---|---|---|---|\n")
		healthy := map[string]*run{}
		for _, s := range scenarios {
			for _, p := range policies {
				r := simulate(t, p, s, pipelines)
				if s.lasts == 0 {
					healthy[p.name] = r
				}
				fmt.Fprintln(&page, r.row(healthy[p.name]))
				if s.name == "outage" {
					pictured = append(pictured, r)
				}
			}
		}
		fmt.Fprintf(os.Stderr, "%d pipelines: %s\n", pipelines, time.Since(began).Round(time.Second))
		if write { // the tables so far, because the largest fleet takes long
			docs := filepath.Join("..", "..", "docs")
			err := errors.Join(
				picture(pictured, filepath.Join(docs, "scale.svg")), replace(filepath.Join(docs, "scale.md"), page.String()))
			if err != nil {
				return err
			}
		}
	}
	if write {
		return nil
	}
	_, err := os.Stdout.Write(page.Bytes())
	return err
}

// row is a line of a table.
func (r *run) row(healthy *run) string {
	red, waiting := r.reds()
	recovery, running := r.recovery()
	recovered, longer := "–", "–"
	peak := r.peak(r.scenario.end(), time.Hour) / healthy.mean()
	if r.scenario.lasts > 0 {
		if running > 0 {
			recovered = fmt.Sprintf("%.0f s", recovery.Seconds())
		}
		if mean := r.duration(); mean > 0 {
			longer = fmt.Sprintf("%.0f s", (mean - healthy.duration()).Seconds())
		}
	}
	return fmt.Sprintf("| %s | %s | %.0f | %.0f | %.2f | %s | %s (%.1f %%) | %s | %s |", r.scenario.name, r.policy.name,
		r.mean(), r.peak(0, time.Hour), peak, recovered,
		thousands(red), 100*float64(red)/float64(len(r.outcomes)), thousands(waiting), longer)
}

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
