package codeanttest

import (
	"net"
	"net/http"
	"strings"
	"time"
)

// Fault describes what goes wrong with one request. Delay is applied first; alone, it does not change the answer. Reset
// takes precedence over Truncate, and Truncate over Stall. Truncate and Stall break the answer given by Status, Header
// and Body, or the real answer if none of these is set.
//
// Functions such as ProxyPage and EarlyRefusal return faults that are common in networks, proxies and storages.
type Fault struct {
	// Status is the status to answer with; the request is not carried out. It is 200 if only Header or Body is set. After
	// a 504 to a start the job runs all the same, as behind CodeAnt's gateway.
	Status int
	Header http.Header // added to the usual headers; a Content-Type replaces the usual one
	Body   string      // JSON, or XML from the storage, unless Header says otherwise

	Delay    time.Duration // wait before the answer, at most until the client goes away or the server closes
	Reset    bool          // read the request, then close the connection without carrying it out
	Truncate bool          // answer 200 with half of the body that its Content-Length promises, and close
	Stall    bool          // send the header and half of the body, then nothing until the client goes away or the server closes

	named named
}

// Inject makes the next requests of an operation, such as "coverage.put", fail with these faults, one for each request,
// in order, before any other check. Later calls of Inject append to the queue. An operation that Operations does not
// list, a Status outside 200 to 599, and a fault that is impossible for this operation or server end the test. For a
// server made by Start they panic.
func (s *Server) Inject(op string, faults ...Fault) {
	if s.tb != nil {
		s.tb.Helper()
	}
	if !s.knows(op) {
		return
	}
	copies := make([]Fault, 0, len(faults))
	for _, f := range faults {
		if f.Status != 0 && (f.Status < 200 || f.Status > 599) {
			s.fail("a Fault cannot answer the status %d", f.Status)
			return
		}
		if reason := f.named.unfit(s, op); reason != "" {
			s.fail("%s", reason)
			return
		}
		f.Header = f.Header.Clone()
		copies = append(copies, f)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults[op] = append(s.faults[op], copies...)
}

// nextFault returns the fault of the n-th request of an operation, or nil.
func (s *Server) nextFault(op string, n int) *Fault {
	if queue := s.faults[op]; len(queue) > 0 {
		s.faults[op] = queue[1:]
		return &queue[0]
	}
	if s.cfg.faults == nil {
		return nil
	}
	f := s.cfg.faults(op, n)
	return &f
}

// replaces reports whether the request is not carried out.
func (f *Fault) replaces() bool { return f.Status != 0 || f.Body != "" || f.Header != nil }

// early reports whether to answer before the body is read, as a client that sent Expect: 100-continue hopes.
func (f *Fault) early(c *call) bool {
	return f.named.early() || c.storage && f.replaces() && !f.Reset && c.Header.Get("Expect") != ""
}

func (f *Fault) handle(w http.ResponseWriter, c *call, h handler) {
	// net/http notices that a client goes away only once the body was read.
	if !f.early(c) && c.read() != nil {
		panic(http.ErrAbortHandler)
	}
	if f.Delay > 0 && !c.wait(f.Delay) {
		panic(http.ErrAbortHandler)
	}
	switch {
	case f.named.kind != nothing:
		f.named.handle(w, c, f, h)
	case f.Reset:
		reset(w)
	case f.Truncate:
		a := f.answer(c, h)
		a.status = http.StatusOK
		c.sendHalf(w, a)
		panic(http.ErrAbortHandler)
	case f.Stall:
		c.sendHalf(w, f.answer(c, h))
		c.untilGone()
		panic(http.ErrAbortHandler)
	case f.replaces():
		c.send(w, f.answer(c, h))
	default:
		h.serve(w, c)
	}
}

func (f *Fault) answer(c *call, h handler) answer {
	if !f.replaces() {
		return h.answer(c)
	}
	if f.Status == http.StatusGatewayTimeout && strings.HasSuffix(c.op, ".start") {
		h.answer(c) // the gateway gave up; behind it the job was taken on
	}
	a := answer{status: f.Status, header: f.Header, body: []byte(f.Body)}
	if a.status == 0 {
		a.status = http.StatusOK
	}
	return a
}

func (c *call) sendHalf(w http.ResponseWriter, a answer) {
	c.head(w, a, max(1, len(a.body)))
	w.Write(a.body[:len(a.body)/2])
	http.NewResponseController(w).Flush()
}

// reset closes the connection, or the stream of HTTP/2.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		tcp.SetLinger(0)
	}
	conn.Close()
}
