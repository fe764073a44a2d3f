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

// InMemory serves over pipes in this process in place of sockets, for use inside a bubble of testing/synctest. Such a
// server is reached by the clients of Client and HTTPClient alone.
func InMemory() Option { return func(c *config) { c.inMemory = true } }

// TLS serves https on both origins, with HTTP/2. Certificates returns what a client has to trust; the clients of Client
// and HTTPClient do.
func TLS() Option { return func(c *config) { c.tls = true } }

// Address serves the API on an address such as "127.0.0.1:8080" in place of a free port of 127.0.0.1. The storage gets
// a free port of the same host.
func Address(hostPort string) Option { return func(c *config) { c.address = hostPort } }

// RequireHeader refuses a request whose credential is in the body alone. CodeAnt's own scripts send such requests; the
// methods of package codeant always send the header.
func RequireHeader() Option { return func(c *config) { c.requireHeader = true } }

// DiscardUploads keeps the size of an uploaded report and not its content, for uploads that should not fill the memory.
func DiscardUploads() Option { return func(c *config) { c.discardUploads = true } }

// PendingPolls lets the results of quality gates and of each analysis be pending for the first n polls of each start, and
// agent scans be in progress.
func PendingPolls(n int) Option { return func(c *config) { c.pendingPolls = n } }

// ReadyAfter lets the results of quality gates and of each analysis be pending until d after their start, and agent scans
// be in progress. Where SetGates or SetFindings came later than the start, or nothing was started, d counts from there.
func ReadyAfter(d time.Duration) Option { return func(c *config) { c.readyAfter = d } }

// Faults asks f for the fault of each request that Inject has none for. n counts the requests of the operation from 1.
// The zero Fault changes nothing. f is called from several goroutines at once.
func Faults(f func(op string, n int) Fault) Option { return func(c *config) { c.faults = f } }

// OnAnswer calls f after each answer with its status, which is 0 where the connection was broken instead. f is called from
// several goroutines at once.
func OnAnswer(f func(r RecordedRequest, status int)) Option {
	return func(c *config) { c.answered = f }
}
