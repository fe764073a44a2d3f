package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/codeanttest"
)

// policy is a way to upload coverage, scan and wait for the gates. It returns an error where the pipeline turns red.
type policy struct {
	name string
	text string
	run  func(ctx context.Context, server *codeanttest.Server, road http.RoundTripper, rev codeant.Revision) error
}

var policies = []policy{
	{"this client", "package codeant as it comes", runClient},
	{"scripts", "as CodeAnt's scripts: no retries, gates polled every 15 s, scans every 30 s", func(
		ctx context.Context, server *codeanttest.Server, road http.RoundTripper, rev codeant.Revision,
	) error {
		return (&script{server: server, http: &http.Client{Transport: road}, rev: rev}).run(ctx)
	}},
	{"naive retries", "the same, with three retries at once wherever a request fails", func(
		ctx context.Context, server *codeanttest.Server, road http.RoundTripper, rev codeant.Revision,
	) error {
		return (&script{server: server, http: &http.Client{Transport: road}, rev: rev, retries: 3}).run(ctx)
	}},
}

const report = "TN:\nSF:cart.js\nDA:1,1\nend_of_record\n"

func runClient(ctx context.Context, server *codeanttest.Server, road http.RoundTripper, rev codeant.Revision) error {
	client, err := server.Client(codeant.WithHTTPClient(&http.Client{Transport: road}))
	if err != nil {
		return err
	}
	if _, err := client.Coverage.Upload(ctx, codeant.CoverageUpload{Revision: rev, Body: strings.NewReader(report)}); err != nil {
		return err
	}
	if _, err := client.Scans.Start(ctx, codeant.ScanRequest{Revision: rev}); err != nil {
		return err
	}
	if _, err := client.Scans.Wait(ctx, rev, codeant.WaitOptions{}); err != nil {
		return errors.Join(errWaiting, err)
	}
	if _, err := client.Gates.Start(ctx, rev); err != nil {
		return err
	}
	if _, err = client.Gates.Wait(ctx, rev, codeant.WaitOptions{}); err != nil {
		return errors.Join(errWaiting, err)
	}
	return nil
}

var (
	errRefused = errors.New("refused")
	errTimeout = errors.New("time ran out")
	errWaiting = errors.New("while waiting") // in addition to the error of a wait
)

// script models today's scripts and treats each answer as they do.
type script struct {
	server  *codeanttest.Server
	http    *http.Client
	rev     codeant.Revision
	retries int
}

func (s *script) run(ctx context.Context) error {
	fields := map[string]string{
		"repo": s.rev.Repo, "commit_id": s.rev.Commit, "platform": string(s.rev.Provider), "access_token": s.server.Token().Reveal(),
	}
	status, body := s.post(ctx, "/pr/analysis/coverage/presign", fields)
	var presigned struct {
		URL string `json:"coverage_url"`
	}
	if status != http.StatusOK || json.Unmarshal(body, &presigned) != nil {
		return fmt.Errorf("presign: %w", errRefused)
	}
	s.send(ctx, http.MethodPut, presigned.URL, report) // its outcome is ignored
	if status, _ := s.post(ctx, "/pr/analysis/coverage/complete", fields); status == 0 || status >= http.StatusBadRequest {
		return fmt.Errorf("complete: %w", errRefused)
	}
	delete(fields, "platform")
	fields["service"] = string(s.rev.Provider)
	if status, _ := s.post(ctx, "/api/analysis/start", fields); status != http.StatusOK {
		return fmt.Errorf("scan: %w", errRefused)
	}
	if err := s.scan(ctx, fields); err != nil {
		return err
	}
	delete(fields, "access_token")
	return s.gates(ctx, fields)
}

// scan waits for both results; any failure is "not ready" to it.
func (s *script) scan(ctx context.Context, fields map[string]string) error {
	began := time.Now()
	sast, sca := false, false
	for time.Since(began) < 5*time.Minute {
		sast = sast || s.ready(ctx, "/api/analysis/results", fields)
		sca = sca || s.ready(ctx, "/api/analysis/results/sca", fields)
		if sast && sca {
			return nil
		}
		<-time.After(30 * time.Second) // virtual
	}
	if sast || sca {
		return nil // "partial" is a success to it
	}
	return fmt.Errorf("scan: %w %w", errTimeout, errWaiting)
}

func (s *script) ready(ctx context.Context, path string, fields map[string]string) bool {
	status, body := s.post(ctx, path, fields)
	return status == http.StatusOK && !bytes.Contains(body, []byte(`"pending"`))
}

// gates ends at any failure but 404.
func (s *script) gates(ctx context.Context, fields map[string]string) error {
	switch status, _ := s.post(ctx, "/analysis/ci/quality-gates/scan/start", fields); status {
	case http.StatusOK, http.StatusGatewayTimeout:
	default:
		return fmt.Errorf("gates: %w", errRefused)
	}
	for began := time.Now(); time.Since(began) < 5*time.Minute; <-time.After(15 * time.Second) { // virtual
		status, body := s.post(ctx, "/analysis/ci/quality-gates/scan/results", fields)
		switch {
		case status == http.StatusNotFound:
		case status != http.StatusOK:
			return fmt.Errorf("gates: %w %w", errRefused, errWaiting)
		case bytes.Contains(body, []byte("COMPLETED")):
			return nil
		}
	}
	return fmt.Errorf("gates: %w %w", errTimeout, errWaiting)
}

func (s *script) post(ctx context.Context, path string, fields map[string]string) (int, []byte) {
	body, err := json.Marshal(fields)
	if err != nil {
		return 0, nil
	}
	return s.send(ctx, http.MethodPost, s.server.URL()+path, string(body))
}

// send returns the status and the body of the answer, or status 0 if there was none.
func (s *script) send(ctx context.Context, method, url, body string) (status int, answer []byte) {
	for range s.retries + 1 {
		req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
		if err != nil {
			return 0, nil
		}
		req.Header.Set("Content-Type", "application/json")
		if method == http.MethodPost {
			req.Header.Set("Authorization", "Bearer "+s.server.Token().Reveal())
		} else {
			req.Header.Set("Content-Type", "application/xml")
		}
		status, answer = 0, nil
		resp, err := s.http.Do(req)
		if err != nil {
			continue
		}
		status = resp.StatusCode
		answer, err = io.ReadAll(resp.Body)
		resp.Body.Close()
		if err == nil && status < http.StatusInternalServerError && status != http.StatusTooManyRequests {
			break
		}
	}
	return status, answer
}
