package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"syscall"

	"github.com/codeant-sdk/codeant"
)

// shapes are answers that are small on the wire and large in memory.
var shapes = []struct {
	name     string
	analysis codeant.Analysis
	head     string
	each     string
	tail     string
	size     int
	bar      float64 // MiB
}{
	{"1 GiB of JSON in 1 MiB of gzip", codeant.SAST, `{"results":[`, `{"file_path":"a.js"},`, `{}]}`, 1 << 30, 80},
	{"60 MiB of empty findings", codeant.SAST, `{"results":[`, `{},`, `{}]}`, 60 << 20, 200},
	{"60 MiB of empty findings of SCA", codeant.SCA, `{"results":[`, `{},`, `{}]}`, 60 << 20, 200},
	{"60 MiB of keys in a finding", codeant.SAST, `{"results":[{`, `"":0,`, `"a":0}]}`, 60 << 20, 200},
	{"60 MiB of top-level keys", codeant.SAST, `{`, `"":0,`, `"results":[]}`, 60 << 20, 200},
	{"60 MiB of CWEs", codeant.SAST, `{"results":[{"cwe":[`, `1,`, `1]}]}`, 60 << 20, 200},
	{
		"60 MiB of findings with one CWE", codeant.SAST,
		`{"results":[`, `{"cwe":[1],"message":"a message","path":"file.go","line":7},`, `{}]}`, 60 << 20, 200,
	},
	{"60 MiB of files", codeant.AntiPatterns, `{"results":{`, `"a/b":{},`, `"c/d":{}}}`, 60 << 20, 200},
	{"60 MiB of packages", codeant.SBOM, `{"results":{"sboms":[{"packages":[`, `{},`, `{}]}]}}`, 60 << 20, 200},
	{"60 MiB of an error's text", codeant.SAST, `{"error":"`, `aaaaaaaaaa`, `"}`, 60 << 20, 200},
	{"60 MiB of escapes", codeant.SAST, `{"results":[{"message":"`, `\n`, `"}]}`, 60 << 20, 200},
}

// resident measures the memory of a whole process that reads such an answer.
func resident() []row {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		io.Copy(io.Discard, req.Body)
		for _, shape := range shapes {
			if name, _, _ := strings.Cut(strings.TrimPrefix(req.URL.Path, "/"), "/"); name == slug(shape.name) {
				w.Header().Set("Content-Type", "application/json")
				w.Header().Set("Content-Encoding", "gzip")
				z, err := gzip.NewWriterLevel(w, gzip.BestSpeed)
				check(err)
				io.WriteString(z, shape.head)
				block := bytes.Repeat([]byte(shape.each), (1<<20)/len(shape.each))
				for sent := 0; sent < shape.size; sent += len(block) {
					if _, err := z.Write(block); err != nil {
						return
					}
				}
				io.WriteString(z, shape.tail)
				z.Close()
			}
		}
	}))
	defer server.Close()
	var rows []row
	for _, shape := range shapes {
		cmd := exec.Command(must(os.Executable()), "-child", shape.name, "-address", server.URL+"/"+slug(shape.name))
		cmd.Stderr = os.Stderr
		var peak float64
		_, err := fmt.Sscan(string(must(cmd.Output())), &peak)
		check(err)
		rows = append(rows, row{what: shape.name + ": peak resident", got: peak, bar: shape.bar, unit: "MiB"})
	}
	return rows
}

func slug(name string) string { return strings.ReplaceAll(name, " ", "-") }

func runChild(name, address string) error {
	client, err := codeant.New(codeant.WithToken(token), codeant.WithBaseURL(address))
	if err != nil {
		return err
	}
	for _, shape := range shapes {
		if shape.name != name {
			continue
		}
		results, err := client.Scans.Results(context.Background(), revision, shape.analysis)
		if err == nil && len(results.Findings)+len(results.Packages) == 0 {
			err = errors.New("no result")
		}
		if err != nil && len(err.Error()) > 2048 {
			return fmt.Errorf("an error of %d bytes", len(err.Error()))
		}
		fmt.Println(peakResident())
		return nil
	}
	return errors.New("unknown shape " + name)
}

// peakResident returns the highest memory use of this process so far, in MiB. On Linux it does not use getrusage, which
// includes the parent's.
func peakResident() float64 {
	status, err := os.ReadFile("/proc/self/status")
	if _, after, found := strings.Cut(string(status), "VmHWM:"); err == nil && found {
		var kilobytes float64
		_, err := fmt.Sscan(after, &kilobytes)
		check(err)
		return kilobytes / 1024
	}
	var usage syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return float64(usage.Maxrss) / 1024
}
