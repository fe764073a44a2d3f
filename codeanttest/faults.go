package codeanttest

import (
	"net"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Fault is what goes wrong with one request. Delay comes first, and alone it leaves the answer as it is. Of the others,
// Reset outranks Truncate and Truncate outranks Stall; both break the answer of Status, Header and Body if one is
// given, else the real one.
type Fault struct {
	// Status is answered instead, without carrying the request out; with Header or Body alone it is 200. A 504 to a start
	// takes the job on all the same, as CodeAnt's gateway does.
	Status int
	Header http.Header // besides the usual headers; a Content-Type here replaces the usual one
	Body   string      // JSON, or XML from the storage, unless Header says otherwise

	Delay    time.Duration // wait, at most until the client goes away or the server closes
	Reset    bool          // close the connection abruptly, after the request was read and without carrying it out
	Truncate bool          // answer 200 with half of the body that its Content-Length promises, and close
	Stall    bool          // send the header and half of the body, then nothing until the client goes or the server closes
}

// Inject lets the next requests of an operation, such as "coverage.put", meet these faults, one each and in order,
// before any other check. Faults of further calls queue up behind. An operation that Operations does not name, and a
// Status that is none from 200 to 599, end the test; without a test, with Start, such a fault never happens.
func (s *Server) Inject(op string, faults ...Fault) {
	if s.tb != nil {
		s.tb.Helper()
	}
	if !slices.Contains(Operations(), op) {
		s.fail("there is no operation %q; there are %q", op, Operations())
		return
	}
	copies := make([]Fault, 0, len(faults))
	for _, f := range faults {
		if f.Status != 0 && (f.Status < 200 || f.Status > 599) {
			s.fail("%d is no status that a Fault can answer", f.Status)
			return
		}
		f.Header = f.Header.Clone()
		copies = append(copies, f)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults[op] = append(s.faults[op], copies...)
}

func (s *Server) nextFault(op string) *Fault {
	queue := s.faults[op]
	if len(queue) == 0 {
		return nil
	}
	s.faults[op] = queue[1:]
	return &queue[0]
}

// replaces reports whether the request is not carried out.
func (f *Fault) replaces() bool { return f.Status != 0 || f.Body != "" || f.Header != nil }

// early reports whether the answer comes before the body, as a client that sent Expect: 100-continue hopes.
func (f *Fault) early(c *call) bool {
	return c.storage && f.replaces() && !f.Reset && c.Header.Get("Expect") != ""
}

func (f *Fault) handle(w http.ResponseWriter, c *call, real func(*call) answer) {
	// Only when the body was read does net/http notice that a client goes away.
	if !f.early(c) && c.read() != nil {
		panic(http.ErrAbortHandler)
	}
	if f.Delay > 0 && !c.wait(f.Delay) {
		panic(http.ErrAbortHandler)
	}
	if f.Reset {
		reset(w)
		return
	}
	a := f.answer(c, real)
	switch {
	case f.Truncate:
		a.status = http.StatusOK
		c.sendHalf(w, a)
		panic(http.ErrAbortHandler)
	case f.Stall:
		c.sendHalf(w, a)
		select {
		case <-c.Context().Done():
		case <-c.server.done.Done():
		}
		panic(http.ErrAbortHandler)
	}
	c.send(w, a)
}

func (f *Fault) answer(c *call, real func(*call) answer) answer {
	if !f.replaces() {
		return real(c)
	}
	if f.Status == http.StatusGatewayTimeout && strings.HasSuffix(c.op, ".start") {
		real(c) // the gateway gave up; behind it the job was taken on
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
