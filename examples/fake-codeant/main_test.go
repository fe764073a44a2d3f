package main

import (
	"bufio"
	"context"
	"crypto/x509"
	"flag"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/codeanttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// started is a running program.
type started struct {
	env []string // what it says to export
	log *bufio.Scanner
}

func (s started) get(name string) string {
	for _, line := range s.env {
		if value, ok := strings.CutPrefix(line, name+"="); ok {
			return value
		}
	}
	return ""
}

// start runs the program until the test ends.
func start(t *testing.T, args ...string) started {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	read, write := io.Pipe()
	done := make(chan error, 1)
	go func() { done <- run(ctx, append(args, "-addr", "127.0.0.1:0"), write) }()
	t.Cleanup(func() {
		stop()
		go io.Copy(io.Discard, read)
		assert.NoError(t, <-done)
		write.Close()
	})
	s := started{log: bufio.NewScanner(read)}
	for s.log.Scan() {
		if line, ok := strings.CutPrefix(s.log.Text(), "export "); ok {
			s.env = append(s.env, line)
		} else if len(s.env) > 0 {
			break
		}
	}
	require.NotEmpty(t, s.env)
	return s
}

// curlOfTheREADME is the line for the REST API.
func curlOfTheREADME(t *testing.T) string {
	t.Helper()
	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	for line := range strings.Lines(string(readme)) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "curl ") && strings.Contains(line, "$"+codeant.BaseURLEnv) {
			return line
		}
	}
	require.Fail(t, "README.md has no line for curl with $"+codeant.BaseURLEnv)
	return ""
}

func TestTheCurlLineOfTheREADMEWorksWithIt(t *testing.T) {
	t.Parallel()
	line := curlOfTheREADME(t)
	for name, args := range map[string][]string{"http": nil, "https": {"-tls"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			program := start(t, args...)
			cmd := exec.CommandContext(t.Context(), "bash", "-c", line)
			cmd.Env = append(os.Environ(), program.env...)
			// The log is read while curl runs, because the program's output is a pipe without a buffer.
			logged := make(chan string, 1)
			go func() {
				program.log.Scan()
				logged <- program.log.Text()
			}()
			out, err := cmd.CombinedOutput()
			require.NoError(t, err, string(out))
			assert.Contains(t, string(out), `{"status":"success","tokens":[{"id":"tok_1"`)
			assert.NotContains(t, string(out), program.get(codeant.TokenEnv))
			assert.Regexp(t, regexp.MustCompile(`^\d\d:\d\d:\d\d POST /api/tokens/list tokens\.list 200$`), <-logged)
		})
	}
}

func TestTheCertificateIsGoneAfterwards(t *testing.T) {
	t.Parallel()
	var file string
	t.Run("while it runs", func(t *testing.T) {
		program := start(t, "-tls")
		file = program.get("SSL_CERT_FILE")
		pem, err := os.ReadFile(file)
		require.NoError(t, err)
		assert.True(t, x509.NewCertPool().AppendCertsFromPEM(pem))
		assert.True(t, strings.HasPrefix(program.get(codeant.BaseURLEnv), "https://127.0.0.1:"))
	})
	assert.NoFileExists(t, file)
}

func TestWrongFlags(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"scenario": {[]string{"-scenario", "odd"}, `unknown scenario "odd"; -scenario takes healthy, slow, gates-fail, scan-fails, flaky, down`},
		"argument": {[]string{"healthy"}, `unexpected argument "healthy"; see -h`},
		"address":  {[]string{"-addr", "8787"}, "cannot serve on -addr 8787: the address is not host:port: address 8787: missing port in address"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.EqualError(t, run(t.Context(), c.args, io.Discard), c.want)
		})
	}
	var help strings.Builder
	require.ErrorIs(t, run(t.Context(), []string{"-h"}, &help), flag.ErrHelp)
	assert.Contains(t, help.String(), "gates-fail  the gate for secrets fails\n")
}

// inScenario runs a test against a scenario in virtual time.
func inScenario(t *testing.T, name string, test func(t *testing.T, client *codeant.Client, server *codeanttest.Server)) {
	t.Run(name, func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			chosen, err := scenarioOf(name)
			require.NoError(t, err)
			server := codeanttest.NewServer(t, append(chosen.options, codeanttest.InMemory())...)
			chosen.prepare(server)
			client, err := server.Client()
			require.NoError(t, err)
			test(t, client, server)
		})
	})
}

func TestScenarios(t *testing.T) {
	t.Parallel()
	rev := codeant.Revision{Provider: codeant.GitHub, Repo: "acme/shop", Commit: "8f3b2c1d9e7a6b5c4d3e2f1a0b9c8d7e6f5a4b3c", Branch: "main"}
	scan := func(client *codeant.Client, t *testing.T) (*codeant.ScanReport, error) {
		return client.Scans.Run(t.Context(), codeant.ScanRequest{Revision: rev}, codeant.WaitOptions{})
	}
	gates := func(client *codeant.Client, t *testing.T) error {
		_, err := client.Gates.Run(t.Context(), rev, codeant.WaitOptions{})
		return err
	}
	for _, name := range []string{"healthy", "flaky", "slow"} {
		inScenario(t, name, func(t *testing.T, client *codeant.Client, server *codeanttest.Server) {
			began := time.Now()
			report, err := scan(client, t)
			require.NoError(t, err)
			assert.Len(t, report.Findings(), 2)
			require.NoError(t, gates(client, t))
			_, err = client.Coverage.Upload(t.Context(), codeant.CoverageUpload{Revision: rev, Body: strings.NewReader("TN:\nSF:a.js\nDA:1,1\nend_of_record\n")})
			require.NoError(t, err)
			assert.Len(t, server.Uploads(), 1)
			assert.Equal(t, name == "slow", time.Since(began) > time.Minute)
			assert.Equal(t, name == "flaky", len(server.Requests("coverage.put")) > 1)
		})
	}
	inScenario(t, "gates-fail", func(t *testing.T, client *codeant.Client, _ *codeanttest.Server) {
		_, err := scan(client, t)
		require.NoError(t, err)
		require.ErrorIs(t, gates(client, t), codeant.ErrGateFailed)
	})
	inScenario(t, "scan-fails", func(t *testing.T, client *codeant.Client, _ *codeanttest.Server) {
		_, err := scan(client, t)
		require.ErrorIs(t, err, codeant.ErrScanFailed)
		assert.ErrorContains(t, err, "the repository could not be cloned")
		require.ErrorIs(t, gates(client, t), codeant.ErrGateUndecided)
	})
	inScenario(t, "down", func(t *testing.T, client *codeant.Client, _ *codeanttest.Server) {
		_, err := scan(client, t)
		require.ErrorIs(t, err, codeant.ErrUnavailable)
		var failed *codeant.APIError
		require.ErrorAs(t, err, &failed)
		assert.Equal(t, http.StatusServiceUnavailable, failed.StatusCode)
	})
}
