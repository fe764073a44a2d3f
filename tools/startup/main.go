// Command startup compares a run of upload-coverage with a script of bash, curl and python3 that makes the
// same three calls to the same server on this machine. It prints the median of the ratios of pairs of runs.
//
//	go -C tools run ./startup -n 15
//
// It needs bash, curl and python3, and is not a step of .ci/run, because it measures time.
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"github.com/codeant-sdk/codeant/codeanttest"
)

// script does what a hand-written upload does: it asks for a URL, puts the report there and says that it is complete.
const script = `set -eu
body="{\"access_token\":\"$CODEANT_API_TOKEN\",\"repo\":\"acme/shop\",\"commit_id\":\"$commit\",\"platform\":\"github\"}"
answer=$(curl -sS -f -H 'Content-Type: application/json' -d "$body" "$CODEANT_API_URL/pr/analysis/coverage/presign")
url=$(printf %s "$answer" | python3 -c 'import json, sys; print(json.load(sys.stdin)["coverage_url"])')
curl -sS -f -X PUT -H 'Content-Type: application/xml' --data-binary "@$report" "$url"
curl -sS -f -H 'Content-Type: application/json' -d "$body" "$CODEANT_API_URL/pr/analysis/coverage/complete" >/dev/null
`

const commit = "8f3b2c1d9e7a6b5c4d3e2f1a0b9c8d7e6f5a4b3c"

func main() {
	runs := flag.Int("n", 15, "pairs of runs")
	flag.Parse()
	log.SetFlags(0)
	dir, err := os.MkdirTemp("", "startup")
	if err != nil {
		log.Fatal(err)
	}
	err = compare(dir, *runs)
	os.RemoveAll(dir)
	if err != nil {
		log.Fatal(err)
	}
}

func compare(dir string, runs int) error {
	program := filepath.Join(dir, "upload-coverage")
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", program, "./examples/upload-coverage")
	build.Dir, build.Env = "..", append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	report := filepath.Join(dir, "coverage.lcov")
	if err := os.WriteFile(report, []byte("SF:a.go\nDA:1,1\nend_of_record\n"), 0o600); err != nil {
		return err
	}
	server, err := codeanttest.Start()
	if err != nil {
		return err
	}
	defer server.Close()
	env := append(os.Environ(), "CODEANT_API_TOKEN="+server.Token().Reveal(), "CODEANT_API_URL="+server.URL(),
		"commit="+commit, "report="+report)
	ours := func() *exec.Cmd {
		return exec.Command(program, "-r", "acme/shop", "-c", commit, "-p", "github", "-f", report)
	}
	theirs := func() *exec.Cmd { return exec.Command("bash", "-c", script) }
	var ratios, a, b []float64
	for i := range runs + 1 {
		x, err := took(ours(), env)
		if err != nil {
			return err
		}
		y, err := took(theirs(), env)
		if err != nil {
			return err
		}
		if i == 0 {
			continue // the first pair warms up
		}
		a, b, ratios = append(a, x.Seconds()*1000), append(b, y.Seconds()*1000), append(ratios, y.Seconds()/x.Seconds())
	}
	if n := len(server.Uploads()); n == 0 {
		return fmt.Errorf("nothing was uploaded")
	}
	fmt.Printf("upload-coverage %.1f ms, script %.1f ms: %.1f times faster (medians of %d pairs)\n",
		median(a), median(b), median(ratios), runs)
	return nil
}

func took(cmd *exec.Cmd, env []string) (time.Duration, error) {
	cmd.Env = env
	began := time.Now()
	out, err := cmd.CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("%s: %w: %s", cmd.Path, err, out)
	}
	return time.Since(began), nil
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}
