package codeanttest

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/codeant-sdk/codeant"
)

const maxAPIBody = 8 << 20

// TB is what NewServer needs of a test. *testing.T and *testing.B have it.
type TB interface {
	Helper()
	Cleanup(func())
	Fatalf(format string, args ...any)
}

// Server is a CodeAnt server. It is safe for many goroutines at once.
type Server struct {
	cfg        config
	tb         TB // nil for Start
	token      codeant.Token
	apiURL     string
	storageURL string
	signingKey []byte
	transport  *http.Transport
	servers    []*http.Server
	done       context.Context // ends when the server closes
	stop       context.CancelFunc
	running    sync.WaitGroup // handlers and accept loops

	mu       sync.Mutex
	closed   bool
	answers  int
	clients  []*codeant.Client
	faults   map[string][]Fault
	requests []*RecordedRequest
	tokens   tokenStore
	coverage coverageStore
	gates    gateStore
	scans    scanStore
	agents   agentStore

	teams     []*team // in order of creation
	teamsMade int
}

// RecordedRequest is a request as the server saw it.
type RecordedRequest struct {
	Op     string // the operation's name; empty for a path that no operation has
	Method string
	Path   string
	Header http.Header
	Body   []byte // nil where it was not read, and for an upload under DiscardUploads
}

// NewServer starts a server that is closed when the test ends.
func NewServer(tb TB, opts ...Option) *Server {
	tb.Helper()
	s, err := Start(opts...)
	if err != nil {
		tb.Fatalf("codeanttest: %v", err)
		return nil
	}
	s.tb = tb
	tb.Cleanup(s.Close)
	return s
}

// Start starts a server for a program, which calls Close in the end.
func Start(opts ...Option) (*Server, error) {
	s := &Server{cfg: newConfig(opts), signingKey: make([]byte, 32), faults: map[string][]Fault{}}
	rand.Read(s.signingKey) // never fails
	first, err := s.tokens.create("codeanttest", time.Now())
	if err != nil {
		return nil, err
	}
	s.token = first.value
	api, storage, err := s.listen()
	if err != nil {
		return nil, err
	}
	s.done, s.stop = context.WithCancel(context.Background())
	s.serve(api, s.routeAPI)
	s.serve(storage, s.routeStorage)
	return s, nil
}

func (s *Server) listen() (api, storage net.Listener, err error) {
	if s.cfg.inMemory {
		a, b := newMemoryListener(memoryAPIHost), newMemoryListener(memoryStorageHost)
		s.transport = newMemoryTransport(a, b)
		s.apiURL, s.storageURL = "http://"+memoryAPIHost, "http://"+memoryStorageHost
		return a, b, nil
	}
	if api, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return nil, nil, err
	}
	if storage, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		api.Close()
		return nil, nil, err
	}
	s.transport = &http.Transport{}
	s.apiURL, s.storageURL = "http://"+api.Addr().String(), "http://"+storage.Addr().String()
	return api, storage, nil
}

// Close ends the server and all its connections, and waits for its handlers. It may be called more than once.
func (s *Server) Close() {
	s.mu.Lock()
	s.closed = true
	clients := s.clients
	s.clients = nil
	s.mu.Unlock()
	s.stop()
	for _, server := range s.servers {
		server.Close()
	}
	for _, client := range clients {
		client.CloseIdleConnections()
	}
	s.transport.CloseIdleConnections()
	s.running.Wait()
}

// URL returns the address of the API.
func (s *Server) URL() string { return s.apiURL }

// StorageURL returns the address of the storage that presigned URLs lead to.
func (s *Server) StorageURL() string { return s.storageURL }

// Token returns the first token, which is active unless it is revoked.
func (s *Server) Token() codeant.Token { return s.token }

// Client returns a client of this server with its first token. Options given here outrank that.
func (s *Server) Client(opts ...codeant.Option) (*codeant.Client, error) {
	own := []codeant.Option{codeant.WithBaseURL(s.apiURL), codeant.WithTokenSource(codeant.StaticToken(s.token))}
	if s.cfg.inMemory {
		own = append(own, codeant.WithHTTPClient(s.HTTPClient()))
	}
	client, err := codeant.New(append(own, opts...)...)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clients = append(s.clients, client)
	return client, nil
}

// HTTPClient returns a client without credentials that reaches this server, also one that is InMemory. It follows no
// redirects; its connections are closed with the server.
func (s *Server) HTTPClient() *http.Client {
	return &http.Client{
		Transport:     s.transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Requests returns all requests so far in order of arrival, those included that a Fault answered.
func (s *Server) Requests() []RecordedRequest {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]RecordedRequest, 0, len(s.requests))
	for _, r := range s.requests {
		c := *r
		c.Header, c.Body = r.Header.Clone(), bytes.Clone(r.Body)
		all = append(all, c)
	}
	return all
}

// answer is what a handler decides on; how it is sent is the business of the fault, if there is one.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// call is one request on its way through the server.
type call struct {
	*http.Request
	server  *Server
	op      string
	id      string
	storage bool
	record  *RecordedRequest

	isRead bool
	body   []byte
	size   int64
	err    error
}

// read takes in the body, once.
func (c *call) read() error {
	if c.isRead {
		return c.err
	}
	c.isRead = true
	switch {
	case c.storage && c.server.cfg.discardUploads:
		c.size, c.err = io.Copy(io.Discard, c.Body)
	case c.storage:
		c.body, c.err = io.ReadAll(c.Body)
		c.size = int64(len(c.body))
	default:
		c.body, c.err = io.ReadAll(io.LimitReader(c.Body, maxAPIBody+1))
		c.size = int64(len(c.body))
	}
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	c.record.Body = c.body
	return c.err
}

// route names the operation of a request and its handler. The handler is never nil.
type route func(r *http.Request) (op string, handle func(*call) answer)

func (s *Server) serve(l net.Listener, find route) {
	server := &http.Server{
		Handler:  http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.handle(w, r, find) }),
		ErrorLog: log.New(io.Discard, "", 0),
	}
	s.servers = append(s.servers, server)
	s.running.Add(1)
	go func() {
		defer s.running.Done()
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.stop() // without its listener the server cannot go on
		}
	}()
}

func (s *Server) handle(w http.ResponseWriter, r *http.Request, find route) {
	op, handle := find(r)
	c := &call{Request: r, server: s, op: op, storage: op == opCoveragePut}
	fault, ok := s.begin(c)
	if !ok {
		panic(http.ErrAbortHandler)
	}
	defer s.running.Done()
	if fault != nil {
		fault.handle(w, c, handle)
		return
	}
	if !c.storage && c.read() != nil {
		panic(http.ErrAbortHandler) // the client has gone
	}
	c.send(w, handle(c))
}

// begin records a request and tells the fault that is due for it.
func (s *Server) begin(c *call) (*Fault, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, false
	}
	s.running.Add(1)
	s.answers++
	c.id = "req-" + strconv.Itoa(s.answers)
	c.record = &RecordedRequest{Op: c.op, Method: c.Method, Path: c.URL.Path, Header: c.Header.Clone()}
	s.requests = append(s.requests, c.record)
	return s.nextFault(c.op), true
}

func (c *call) send(w http.ResponseWriter, a answer) {
	c.head(w, a, len(a.body))
	w.Write(a.body) // a client that has gone does not matter
}

func (c *call) head(w http.ResponseWriter, a answer, length int) {
	header := w.Header()
	if c.storage {
		header.Set("X-Amz-Request-Id", c.id)
	} else {
		header.Set("X-Request-Id", c.id)
	}
	if len(a.body) > 0 {
		header.Set("Content-Type", "application/json")
		if c.storage {
			header.Set("Content-Type", "application/xml")
		}
	}
	for name, values := range a.header {
		header[http.CanonicalHeaderKey(name)] = slices.Clone(values)
	}
	if a.status != http.StatusNoContent && a.status != http.StatusNotModified {
		header.Set("Content-Length", strconv.Itoa(length))
	}
	w.WriteHeader(a.status)
}

// wait pauses for d. It reports false if the client went away or the server closed before.
func (c *call) wait(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-c.Context().Done():
	case <-c.server.done.Done():
	}
	return false
}

func (s *Server) fail(format string, args ...any) {
	if s.tb == nil {
		return
	}
	s.tb.Helper()
	s.tb.Fatalf("codeanttest: %s", fmt.Sprintf(format, args...))
}
