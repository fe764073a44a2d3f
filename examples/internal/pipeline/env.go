// Package pipeline is what the example programs share: flags, token, revision, exit codes, and telling a person, a CI
// system and a machine how it went.
package pipeline

import (
	"bufio"
	"context"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"golang.org/x/term"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/internal/openfile"
)

// Env is the world of a program, so that tests can give it another one.
type Env struct {
	Args     []string
	Lookup   func(string) (string, bool)
	ReadFile func(string) ([]byte, error)
	Stdin    io.Reader
	Stdout   io.Writer
	Stderr   io.Writer
	Terminal bool             // whether Stderr is one: then long work shows a progress bar
	Options  []codeant.Option // for the client, besides what the flags say
}

// Main runs a program in the real world and exits.
func Main(run func(context.Context, Env) int) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, Env{
		Args: os.Args[1:], Lookup: os.LookupEnv, ReadFile: readFile,
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Terminal: term.IsTerminal(int(os.Stderr.Fd())),
	})
	stop()
	os.Exit(code)
}

// readFile reads the description of an event: one byte more than package ci accepts, so that it sees a larger file for
// what it is.
func readFile(name string) ([]byte, error) { return openfile.ReadRegular(name, 8<<20+1) }

// get returns a variable, or nothing if it is not set.
func (e Env) get(name string) string {
	value, _ := e.Lookup(name)
	return value
}

// firstLine reads a token from standard input.
func firstLine(r io.Reader) (string, error) {
	line, err := bufio.NewReader(io.LimitReader(r, 64<<10)).ReadString('\n')
	if err != nil && err != io.EOF {
		return "", err
	}
	return strings.TrimSpace(line), nil
}
