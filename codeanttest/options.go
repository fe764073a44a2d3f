package codeanttest

import "time"

// Option configures NewServer and Start.
type Option func(*config)

type config struct {
	inMemory       bool
	tls            bool
	requireHeader  bool
	discardUploads bool
	address        string
	pendingPolls   int
	readyAfter     time.Duration
	faults         func(op string, n int) Fault
	answered       func(RecordedRequest, int)
}

func newConfig(opts []Option) config {
	cfg := config{address: "127.0.0.1:0"}
	for _, opt := range opts {
		if opt != nil {
			opt(&cfg)
		}
	}
	return cfg
}

// InMemory serves over pipes in this process instead of sockets, for use inside a bubble of testing/synctest. Only the
// clients that Client and HTTPClient return can reach such a server.
func InMemory() Option { return func(c *config) { c.inMemory = true } }

// TLS serves https on both origins, with HTTP/2. Certificates returns the certificates that a client must trust; the
// clients that Client and HTTPClient return trust them.
func TLS() Option { return func(c *config) { c.tls = true } }

// Address sets the address of the API, such as "127.0.0.1:8080". The default is a free port of 127.0.0.1. The storage
// always gets a free port of the same host.
func Address(hostPort string) Option { return func(c *config) { c.address = hostPort } }

// RequireHeader refuses requests whose credential is only in the body, such as those of CodeAnt's own scripts. The
// methods of package codeant always send the header.
func RequireHeader() Option { return func(c *config) { c.requireHeader = true } }

// DiscardUploads keeps the size of uploaded reports and discards their content, to save memory.
func DiscardUploads() Option { return func(c *config) { c.discardUploads = true } }

// PendingPolls makes the results of quality gates, analyses and agent scans pending for the first n polls after each
// start.
func PendingPolls(n int) Option { return func(c *config) { c.pendingPolls = n } }

// ReadyAfter makes the results of quality gates, analyses and agent scans pending until d after their start. If
// SetGates or SetFindings is called after the start, or if nothing was started, d counts from that call.
func ReadyAfter(d time.Duration) Option { return func(c *config) { c.readyAfter = d } }

// Faults calls f for the fault of each request for which Inject has queued none. n counts the requests of the operation
// from 1. The zero Fault changes nothing. f may be called by several goroutines at once.
func Faults(f func(op string, n int) Fault) Option { return func(c *config) { c.faults = f } }

// OnAnswer calls f after each answer with its status, or with 0 if the connection was broken instead. f may be called
// by several goroutines at once.
func OnAnswer(f func(r RecordedRequest, status int)) Option {
	return func(c *config) { c.answered = f }
}
