package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/codeant-sdk/codeant"
)

const token = "cdt_0123456789abcdefghij"

var revision = codeant.Revision{
	Provider: codeant.GitHub, Repo: "acme/shop", Commit: "0123456789abcdef0123456789abcdef01234567", Branch: "main",
}

const gatesBody = `{"status":"COMPLETED","scan_id":"5f0c6a","message":"done",` +
	`"secret_quality_gate":{"status":"PASSED"},"duplicate_quality_gate":{"status":"PASSED"},"sast_quality_gate":{"status":"PASSED"}}`

var scanBody = `{"status":"done","results":[` + findings(3, false) + `]}`

// findings returns n findings without the brackets of their list.
func findings(n int, escaped bool) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		message := "The query is built from a value of the request; whoever sends it can read other rows."
		if escaped {
			message = "The query is built from \\\"a value\\\" of the request;\\n whoever sends it can read other rows."
		}
		fmt.Fprintf(&b, `{"file_path":"services/orders/handler_%d.go","line_number":%d,"severity":"HIGH","check_id":"go.sql.injection",`+
			`"check_name":"SQL injection","message":"%s","cwe":["CWE-89"],"confidence":0.9}`, i%500, i%2000+1, message)
	}
	return b.String()
}

// stub answers every request from memory.
type stub struct{ body string }

func (s stub) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		io.Copy(io.Discard, req.Body)
		req.Body.Close()
	}
	return &http.Response{
		StatusCode: http.StatusOK, Status: "200 OK", Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {"application/json"}},
		Body:   io.NopCloser(strings.NewReader(s.body)), ContentLength: int64(len(s.body)), Request: req,
	}, nil
}

// calls compares one small call with its floor, over a stub and over a loopback connection.
func calls() []row {
	var rows []row
	for _, call := range []struct {
		name, path, body string
		client           func(*codeant.Client) error
		floor            func(*http.Client, string) error
	}{
		{"Gates.Results", "/analysis/ci/quality-gates/scan/results", gatesBody, callGates, floorGates},
		{"Scans.Results", "/api/analysis/results", scanBody, callScan, floorScan},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			io.Copy(io.Discard, req.Body)
			w.Header().Set("Content-Type", "application/json")
			io.WriteString(w, call.body)
		}))
		for _, over := range []struct {
			name      string
			address   string
			transport http.RoundTripper
		}{
			{"stub", codeant.DefaultBaseURL, stub{call.body}},
			{"loopback", server.URL, http.DefaultTransport},
		} {
			hc := &http.Client{Transport: over.transport}
			client := must(codeant.New(codeant.WithToken(token), codeant.WithBaseURL(over.address), codeant.WithHTTPClient(hc)))
			got := benchmark(func() error { return call.client(client) })
			floor := benchmark(func() error { return call.floor(hc, over.address+call.path) })
			name := call.name + " over " + over.name
			rows = append(rows,
				row{what: name + ": allocations over net/http", got: ratio(got.AllocsPerOp(), floor.AllocsPerOp()), bar: 1, unit: "x"},
				row{what: name + ": bytes over net/http", got: ratio(got.AllocedBytesPerOp(), floor.AllocedBytesPerOp()), bar: 1.1, unit: "x"},
				row{what: name + ": time over net/http", got: ratio(got.NsPerOp(), floor.NsPerOp()), unit: "x", time: true},
				row{what: name + ": allocations", got: float64(got.AllocsPerOp()), unit: "each"},
			)
		}
		server.Close()
	}
	return rows
}

func benchmark(f func() error) testing.BenchmarkResult {
	return testing.Benchmark(func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			check(f())
		}
	})
}

func ratio(a, b int64) float64 { return float64(a) / float64(b) }

func callGates(c *codeant.Client) error {
	result, err := c.Gates.Results(context.Background(), revision)
	if err == nil {
		err = result.Err()
	}
	return err
}

func callScan(c *codeant.Client) error {
	results, err := c.Scans.Results(context.Background(), revision, codeant.SAST)
	if err == nil && len(results.Findings) != 3 {
		err = errors.New("findings are missing")
	}
	return err
}

// post is the floor: what a careful program writes for one call, without retries, without the typed errors, and without
// the checks of an answer.
func post(hc *http.Client, address string, in any) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	body, err := json.Marshal(in)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	res, err := hc.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, 64<<20))
	if err == nil && res.StatusCode != http.StatusOK {
		err = errors.New(res.Status)
	}
	return answer, err
}

func floorGates(hc *http.Client, address string) error {
	answer, err := post(hc, address, map[string]string{"repo": revision.Repo, "service": "github", "commit_id": revision.Commit})
	if err != nil {
		return err
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(answer, &fields); err != nil {
		return err
	}
	for key, value := range fields {
		if !strings.HasSuffix(key, "_quality_gate") {
			continue
		}
		var gate struct{ Status string }
		if err := json.Unmarshal(value, &gate); err != nil || gate.Status != "PASSED" {
			return errors.New(key + " did not pass")
		}
	}
	return nil
}

type floorResults struct {
	Status  string         `json:"status"`
	Results []floorFinding `json:"results"`
}

type floorFinding struct {
	Path     string   `json:"file_path"`
	Line     int      `json:"line_number"`
	Severity string   `json:"severity"`
	Rule     string   `json:"check_id"`
	Title    string   `json:"check_name"`
	Message  string   `json:"message"`
	CWE      []string `json:"cwe"`
}

func floorScan(hc *http.Client, address string) error {
	answer, err := post(hc, address, map[string]string{
		"access_token": token, "repo": revision.Repo, "service": "github", "commit_id": revision.Commit,
	})
	if err != nil {
		return err
	}
	var out floorResults
	if err := json.Unmarshal(answer, &out); err != nil || len(out.Results) == 0 {
		return errors.New("not the answer")
	}
	return nil
}
