package codeanttest

import (
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"time"
)

const maxAPIBody = 8 << 20

// answer is what a handler returns. The fault, if any, decides how it is sent.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// call is one request while the server handles it.
type call struct {
	*http.Request
	server     *Server
	op         string
	id         string
	storage    bool
	record     *RecordedRequest // nil until the operation is known
	token      *tokenEntry      // after authenticate
	credential string           // the field of the body that may hold it
	status     int              // as answered; 0 for none

	isRead bool
	body   []byte
	size   int64
	err    error
}

// read reads the body, once.
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
	if c.record != nil {
		c.record.Body = c.body
	}
	return c.err
}

// report calls the function of OnAnswer.
func (c *call) report() {
	if c.server.cfg.answered == nil {
		return
	}
	c.server.mu.Lock()
	record := c.record.clone()
	c.server.mu.Unlock()
	c.server.cfg.answered(record, c.status)
}

func (c *call) send(w http.ResponseWriter, a answer) {
	c.head(w, a, len(a.body))
	w.Write(a.body) // a client that has gone does not matter
}

func (c *call) head(w http.ResponseWriter, a answer, length int) {
	header := w.Header()
	c.usual(header)
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
	c.status = a.status
	w.WriteHeader(a.status)
}

func (c *call) usual(header http.Header) {
	if c.storage {
		header.Set("X-Amz-Request-Id", c.id)
	} else {
		header.Set("X-Request-Id", c.id)
	}
}

// wait pauses for d. It reports false if the client goes away or the server closes before.
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

type connKey struct{}

// conn returns the connection of the request, which the HTTP server also uses.
func (c *call) conn() net.Conn {
	conn, _ := c.Context().Value(connKey{}).(net.Conn)
	return conn
}

// untilGone waits for the client to go away or the server to close.
func (c *call) untilGone() {
	select {
	case <-c.Context().Done():
	case <-c.server.done.Done():
	}
}
