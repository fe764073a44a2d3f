package codeanttest

// Option configures NewServer and Start.
type Option func(*config)

type config struct {
	inMemory       bool
	discardUploads bool
	pendingPolls   int
}

func newConfig(opts []Option) config {
	var cfg config
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

// DiscardUploads keeps the size of an uploaded report and not its content, for uploads that should not fill the memory.
func DiscardUploads() Option { return func(c *config) { c.discardUploads = true } }

// PendingPolls lets the results of quality gates and of each analysis be pending for the first n polls of each start, and
// agent scans be in progress.
func PendingPolls(n int) Option { return func(c *config) { c.pendingPolls = n } }
