// Package pipeline has what the example programs share: flags, token, revision, exit codes, and reports for people, CI
// systems and machines.
package pipeline

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/term"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/internal/openfile"
)

// Env is the environment of a program, which tests can replace.
type Env struct {
	Args     []string
	Lookup   func(string) (string, bool)
	ReadFile func(string) ([]byte, error)
	Stdin    io.Reader
	Stdout   io.Writer
	Stderr   io.Writer
	Screen   *Screen          // nil unless Stdout and Stderr are a terminal
	Options  []codeant.Option // for the client, in addition to the flags
}

// Screen is the terminal of a program.
type Screen struct {
	Width func() int // in columns
	Color bool
}

// Interrupted is the cause of a context that a signal canceled.
type Interrupted struct{ Signal os.Signal }

// Error names the signal.
func (i Interrupted) Error() string { return "stopped by the signal " + i.Signal.String() }

// Is makes an interruption match context.Canceled.
func (i Interrupted) Is(target error) bool { return target == context.Canceled }

// Main runs a program in the environment of the process and exits.
func Main(run func(context.Context, Env) int) {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() { cancel(Interrupted{<-signals}) }()
	os.Exit(run(ctx, Env{
		Args: os.Args[1:], Lookup: os.LookupEnv,
		ReadFile: readEvent, Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Screen: screen(),
	}))
}

// screen returns the terminal if both outputs go to one, or else nil.
func screen() *Screen {
	out := int(os.Stdout.Fd())
	if os.Getenv("TERM") == "dumb" || !term.IsTerminal(out) || !term.IsTerminal(int(os.Stderr.Fd())) {
		return nil
	}
	return &Screen{Color: os.Getenv("NO_COLOR") == "", Width: func() int {
		width, _, err := term.GetSize(out)
		if err != nil || width < 20 {
			return 80
		}
		return width
	}}
}

// readEvent reads the description of an event, at most one byte more than package ci accepts, so that it can refuse a
// larger file.
func readEvent(name string) ([]byte, error) { return openfile.ReadRegular(name, 8<<20+1) }

// get returns a variable, or "" if it is not set.
func (e Env) get(name string) string {
	value, _ := e.Lookup(name)
	return value
}
