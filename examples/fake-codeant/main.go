// Command fake-codeant is a CodeAnt server for testing shell scripts, programs in other languages or a whole pipeline
// by hand. It keeps everything in memory and needs no account.
//
//	go run ./examples/fake-codeant -addr 127.0.0.1:8787 -scenario gates-fail
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/codeanttest"
)

const usage = `Usage: fake-codeant [-addr HOST:PORT] [-tls] [-scenario NAME]

Serves a CodeAnt on this machine until Ctrl-C, prints what to export, and logs each request on one line.

  -addr HOST:PORT   where to listen (default 127.0.0.1:8787; port 0 takes a free one)
  -tls              serve https; the certificate is written to a temporary file
  -scenario NAME    what happens to those who ask (default healthy):
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "fake-codeant:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("fake-codeant", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	addr := flags.String("addr", "127.0.0.1:8787", "")
	tls := flags.Bool("tls", false, "")
	name := flags.String("scenario", "healthy", "")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			fmt.Fprint(out, usage, scenarioHelp())
		}
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q; see -h", flags.Arg(0))
	}
	chosen, err := scenarioOf(*name)
	if err != nil {
		return err
	}
	log := &lines{out: out}
	opts := []codeanttest.Option{codeanttest.Address(*addr), codeanttest.DiscardUploads(), codeanttest.OnAnswer(log.request)}
	opts = append(opts, chosen.options...)
	if *tls {
		opts = append(opts, codeanttest.TLS())
	}
	server, err := codeanttest.Start(opts...)
	if err != nil {
		return fmt.Errorf("cannot serve on -addr %s: %w", *addr, err)
	}
	defer server.Close()
	chosen.prepare(server)

	certificate := ""
	if *tls {
		if certificate, err = writeCertificate(server); err != nil {
			return err
		}
		defer os.Remove(certificate)
	}
	log.printf("%s", banner(server, *name, certificate))
	<-ctx.Done()
	return nil
}

// writeCertificate writes the certificate that clients must trust to a temporary file.
func writeCertificate(server *codeanttest.Server) (string, error) {
	f, err := os.CreateTemp("", "fake-codeant-*.pem")
	if err != nil {
		return "", err
	}
	_, err = f.Write(server.CertificatePEM())
	if err = errors.Join(err, f.Close()); err != nil {
		os.Remove(f.Name())
		return "", err
	}
	return f.Name(), nil
}

func banner(server *codeanttest.Server, scenario, certificate string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "A fake CodeAnt serves %s (scenario %s). It keeps everything in memory; Ctrl-C ends it.\n", server.URL(), scenario)
	fmt.Fprintf(&b, "Its token is good for nothing else. In another terminal:\n\n")
	fmt.Fprintf(&b, "export %s=%s\n", codeant.BaseURLEnv, server.URL())
	fmt.Fprintf(&b, "export %s=%s\n", codeant.TokenEnv, server.Token().Reveal())
	if certificate != "" {
		fmt.Fprintf(&b, "export SSL_CERT_FILE=%s\nexport CURL_CA_BUNDLE=%s\n", certificate, certificate)
	}
	return b.String() + "\n"
}

// lines writes whole lines from several goroutines.
type lines struct {
	mu  sync.Mutex
	out io.Writer
}

func (l *lines) printf(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fmt.Fprintf(l.out, format, args...)
}

// request logs a request without its header, its body and its query, which signs an upload.
func (l *lines) request(r codeanttest.RecordedRequest, status int) {
	path := strconv.QuoteToASCII(r.Path)
	result := "connection broken"
	if status != 0 {
		result = strconv.Itoa(status)
	}
	op := r.Op
	if op == "" {
		op = "unknown"
	}
	l.printf("%s %s %s %s %s\n", time.Now().Format(time.TimeOnly), r.Method, path[1:len(path)-1], op, result)
}
