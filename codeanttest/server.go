package codeanttest

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/codeant-sdk/codeant"
)

// TB is the part of testing.TB that NewServer needs. *testing.T and *testing.B implement it.
type TB interface {
	Helper()
	Cleanup(func())
	Fatalf(format string, args ...any)
}

// Server is a CodeAnt server. It is safe for use by multiple goroutines.
type Server struct {
	cfg        config
	tb         TB // nil for Start
	token      codeant.Token
	apiURL     string
	storageURL string
	signingKey []byte
	ca         *x509.Certificate // nil without TLS
	tlsConfig  *tls.Config
	transport  *http.Transport
	servers    []*http.Server
	patterns   *http.ServeMux  // the endpoints, and what Handle adds
	done       context.Context // ends when the server closes
	stop       context.CancelFunc
	running    sync.WaitGroup // handlers and accept loops

	mu       sync.Mutex
	closed   bool
	answers  int
	clients  []*codeant.Client
	counts   map[string]int // requests by operation
	faults   map[string][]Fault
	requests []*RecordedRequest
	tokens   tokenStore
	coverage coverageStore
	gates    gateStore
	scans    scanStore
	agents   agentStore

	orgs         []codeant.Organization
	repositories map[string]json.RawMessage // by organization

	teams     []*team // in order of creation
	teamsMade int
}

// RecordedRequest is a request that the server received.
type RecordedRequest struct {
	Op     string // the operation's name; "call" for a pattern of Handle, empty for an unknown path
	Method string
	Path   string
	Query  url.Values
	Header http.Header
	Body   []byte // nil if it was not read, and for an upload with DiscardUploads
}

// NewServer starts a server and closes it when the test ends.
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

// Start starts a server for a program, which must call Close when done.
func Start(opts ...Option) (*Server, error) {
	s := &Server{
		cfg: newConfig(opts), signingKey: make([]byte, 32), patterns: http.NewServeMux(),
		counts: map[string]int{}, faults: map[string][]Fault{}, orgs: []codeant.Organization{firstOrganization()},
	}
	rand.Read(s.signingKey) // never fails
	s.token = s.tokens.create("codeanttest", time.Now(), nil).value
	for _, e := range endpoints() {
		s.patterns.Handle(e.path, &builtIn{e})
	}
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
	host, _, err := net.SplitHostPort(s.cfg.address)
	if err != nil {
		return nil, nil, fmt.Errorf("the address is not host:port: %w", err)
	}
	scheme := "http://"
	s.transport = &http.Transport{}
	if s.cfg.tls {
		scheme = "https://"
		if s.ca, s.tlsConfig, err = newCertificates(host); err != nil {
			return nil, nil, err
		}
		s.transport.TLSClientConfig, s.transport.ForceAttemptHTTP2 = &tls.Config{RootCAs: s.Certificates()}, true
	}
	if s.cfg.inMemory {
		a, b := newMemoryListener(memoryAPIHost), newMemoryListener(memoryStorageHost)
		s.transport.DialContext = dialMemory(a, b)
		s.apiURL, s.storageURL = scheme+memoryAPIHost, scheme+memoryStorageHost
		return a, b, nil
	}
	if api, err = net.Listen("tcp", s.cfg.address); err != nil {
		return nil, nil, err
	}
	if storage, err = net.Listen("tcp", net.JoinHostPort(host, "0")); err != nil {
		api.Close()
		return nil, nil, err
	}
	s.apiURL, s.storageURL = scheme+api.Addr().String(), scheme+storage.Addr().String()
	return api, storage, nil
}

// Close shuts the server down, closes its connections and waits for its handlers. It may be called more than once.
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

// StorageURL returns the address of the storage that presigned URLs point to.
func (s *Server) StorageURL() string { return s.storageURL }

// Token returns the server's first token. It is active unless it was revoked.
func (s *Server) Token() codeant.Token { return s.token }

// Client returns a client for this server that uses its first token. opts are applied last.
func (s *Server) Client(opts ...codeant.Option) (*codeant.Client, error) {
	own := []codeant.Option{codeant.WithBaseURL(s.apiURL), codeant.WithTokenSource(codeant.StaticToken(s.token))}
	if s.cfg.inMemory || s.cfg.tls {
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

// HTTPClient returns an HTTP client without credentials for this server; it works with InMemory and TLS too. It follows
// no redirects. Its connections are closed with the server.
func (s *Server) HTTPClient() *http.Client {
	return &http.Client{
		Transport:     s.transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Requests returns the requests of the given operations, or all requests if none is given, in order of arrival. It
// includes those that a Fault answered. An operation that Operations does not list ends the test; for a server made by
// Start it panics.
func (s *Server) Requests(op ...string) []RecordedRequest {
	if s.tb != nil {
		s.tb.Helper()
	}
	for _, name := range op {
		if !s.knows(name) {
			return nil
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]RecordedRequest, 0, len(s.requests))
	for _, r := range s.requests {
		if len(op) == 0 || slices.Contains(op, r.Op) {
			all = append(all, r.clone())
		}
	}
	return all
}

func (r *RecordedRequest) clone() RecordedRequest {
	c := *r
	c.Query, c.Header, c.Body = maps.Clone(r.Query), r.Header.Clone(), bytes.Clone(r.Body)
	return c
}

// route returns the operation of a request and its handler.
type route func(c *call) (op string, h handler)

func (s *Server) serve(l net.Listener, find route) {
	server := &http.Server{
		Handler:   http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.handle(w, r, find) }),
		ErrorLog:  log.New(io.Discard, "", 0),
		TLSConfig: s.tlsConfig.Clone(),
		ConnContext: func(ctx context.Context, conn net.Conn) context.Context {
			return context.WithValue(ctx, connKey{}, conn)
		},
	}
	s.servers = append(s.servers, server)
	s.running.Add(1)
	go func() {
		defer s.running.Done()
		serve := server.Serve
		if s.cfg.tls {
			serve = func(l net.Listener) error { return server.ServeTLS(l, "", "") }
		}
		if err := serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.stop() // a server without its listener is of no use
		}
	}()
}

func (s *Server) handle(w http.ResponseWriter, r *http.Request, find route) {
	if !s.enter() {
		panic(http.ErrAbortHandler)
	}
	defer s.running.Done()
	c := &call{Request: r, server: s}
	op, h := find(c)
	c.op, c.storage = op, op == opCoveragePut
	fault := s.begin(c)
	defer c.report()
	if fault != nil {
		fault.handle(w, c, h)
		return
	}
	if !c.storage && c.read() != nil {
		panic(http.ErrAbortHandler) // the client has gone
	}
	h.serve(w, c)
}

// enter keeps Close waiting for a handler.
func (s *Server) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.running.Add(1)
	}
	return !s.closed
}

// begin records a request and returns its fault, if any.
func (s *Server) begin(c *call) *Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers++
	c.id = "req-" + strconv.Itoa(s.answers)
	c.record = &RecordedRequest{
		Op: c.op, Method: c.Method, Path: c.URL.Path, Query: c.URL.Query(), Header: c.Header.Clone(), Body: c.body,
	}
	s.requests = append(s.requests, c.record)
	s.counts[c.op]++
	return s.nextFault(c.op, s.counts[c.op])
}

// knows ends the test if op is unknown; without a test it panics.
func (s *Server) knows(op string) bool {
	if s.tb != nil {
		s.tb.Helper()
	}
	if !slices.Contains(Operations(), op) {
		s.fail("unknown operation %q; the operations are %q", op, Operations())
		return false
	}
	return true
}

func (s *Server) fail(format string, args ...any) {
	text := "codeanttest: " + fmt.Sprintf(format, args...)
	if s.tb == nil {
		panic(text)
	}
	s.tb.Helper()
	s.tb.Fatalf("%s", text)
}
