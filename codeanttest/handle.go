package codeanttest

import (
	"bytes"
	"io"
	"net/http"
)

const opCall = "call"

// handler answers the requests of an operation.
type handler interface {
	// serve answers at once.
	serve(w http.ResponseWriter, c *call)
	// answer returns the answer, which a fault then sends.
	answer(c *call) answer
}

// ours is a handler of this package. It only returns an answer.
type ours func(c *call) answer

func (f ours) answer(c *call) answer                { return f(c) }
func (f ours) serve(w http.ResponseWriter, c *call) { c.send(w, f(c)) }

// builtIn registers an endpoint with the ServeMux, which only finds the handler and never calls this method.
type builtIn struct{ endpoint }

func (*builtIn) ServeHTTP(http.ResponseWriter, *http.Request) {}

// theirs is a handler that was given to Handle.
type theirs struct{ http.Handler }

// Handle registers h for a pattern of http.ServeMux, such as "POST /api/new/{thing}", to test Client.Call and endpoints
// that this server does not have. A pattern that is more specific than that of a built-in endpoint, such as "POST
// /api/tokens/list", replaces the endpoint. The credential in the header is checked before h is called, and a body with
// a different one in access_token or accessToken is refused.
//
// The operation of these requests is "call". A pattern that is invalid for http.ServeMux ends the test; for a server
// made by Start it panics.
func (s *Server) Handle(pattern string, h http.Handler) {
	if s.tb != nil {
		s.tb.Helper()
	}
	if h == nil {
		s.fail("the handler of %q is nil", pattern)
		return
	}
	defer func() {
		if reason := recover(); reason != nil {
			s.fail("%v", reason)
		}
	}()
	s.patterns.Handle(pattern, &theirs{h})
}

func (s *Server) routeAPI(c *call) (string, handler) {
	h, _ := s.patterns.Handler(c.Request)
	switch h := h.(type) {
	case *builtIn:
		return h.operation(c), ours(func(c *call) answer { return s.answerAPI(h.endpoint, c) })
	case *theirs:
		return opCall, handled{s}
	}
	return "", ours(func(c *call) answer { return refuse(http.StatusNotFound, "there is no %s", c.URL.Path) })
}

// handled calls a handler that was given to Handle.
type handled struct{ server *Server }

func (h handled) serve(w http.ResponseWriter, c *call) {
	if refusal := h.refusal(c); refusal != nil {
		c.send(w, *refusal)
		return
	}
	c.usual(w.Header())
	out := &statusWriter{ResponseWriter: w, status: &c.status}
	h.server.patterns.ServeHTTP(out, h.request(c))
	if c.status == 0 {
		c.status = http.StatusOK
	}
}

func (h handled) answer(c *call) answer {
	if refusal := h.refusal(c); refusal != nil {
		return *refusal
	}
	out := &recorder{header: http.Header{}, status: http.StatusOK}
	h.server.patterns.ServeHTTP(out, h.request(c))
	return answer{out.status, out.header, out.body.Bytes()}
}

func (h handled) refusal(c *call) *answer {
	for _, field := range []string{"access_token", "accessToken"} {
		if _, in := credentialIn(c.body, field); in && c.Header.Get("Authorization") != "" {
			if _, refusal := h.server.authenticate(c, field); refusal != nil {
				return refusal
			}
		}
	}
	who, refusal := h.server.authenticate(c, "")
	c.token = who
	return refusal
}

// request returns the received request with its body to be read again.
func (handled) request(c *call) *http.Request {
	r := c.Request.Clone(c.Context())
	r.Body = io.NopCloser(bytes.NewReader(c.body))
	return r
}

// statusWriter remembers the status.
type statusWriter struct {
	http.ResponseWriter
	status *int
}

func (w *statusWriter) WriteHeader(status int) {
	*w.status = status
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Flush() { _ = http.NewResponseController(w.ResponseWriter).Flush() }

func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// recorder keeps an answer.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) WriteHeader(status int)      { r.status = status }
func (r *recorder) Write(p []byte) (int, error) { return r.body.Write(p) }
