package codeanttest

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// ProxyPage is the error page of a proxy or gateway that cannot reach CodeAnt: 502 with HTML.
func ProxyPage() Fault {
	return page(http.StatusBadGateway, "<html><head><title>502 Bad Gateway</title></head>\r\n"+
		"<body><center><h1>502 Bad Gateway</h1></center></body></html>\r\n")
}

// LoginPage is the page of a network that wants people to sign in: 200 with HTML, whatever was asked.
func LoginPage() Fault {
	return page(http.StatusOK, `<!doctype html><html><head><title>Sign in</title></head>`+
		`<body><form method="post"><input name="user"><input name="password" type="password"></form></body></html>`)
}

func page(status int, html string) Fault {
	return Fault{Status: status, Header: http.Header{"Content-Type": {"text/html; charset=utf-8"}}, Body: html}
}

// SaysItFailed is a 200 whose body says that the request failed: {"status":"error","message":…}, and from the storage
// an XML error with the code InternalError.
func SaysItFailed(message string) Fault {
	return Fault{named: named{kind: saysItFailed, message: message}}
}

// Gzipped is the real answer, compressed.
func Gzipped() Fault { return Fault{named: named{kind: gzipped}} }

// ByteByByte sends the real answer one byte at a time, with a pause after each byte.
func ByteByByte(pause time.Duration) Fault {
	return Fault{named: named{kind: byteByByte, pause: pause}}
}

// SwitchingProtocols answers with a 101 that no client asked for. It needs HTTP/1: a server without TLS.
func SwitchingProtocols() Fault { return Fault{named: named{kind: switchingProtocols}} }

// HTTP2Reset reads the request, does not carry it out, and resets its stream (RST_STREAM). The connection stays open.
// It needs TLS and a client that uses HTTP/2.
func HTTP2Reset() Fault { return Fault{named: named{kind: http2Reset}} }

// GoAway closes the connection with a GOAWAY frame that says that no request was processed. It needs TLS and a client
// that uses HTTP/2.
func GoAway() Fault { return Fault{named: named{kind: goAway}} }

// AnswerBeforeReading answers 200 as soon as the header is read, does not read the body and closes the connection, so
// that the report is lost. It is for "coverage.put" only.
func AnswerBeforeReading() Fault { return Fault{named: named{kind: answerFirst}} }

// EarlyRefusal answers with a status such as 403 or 413 before the body is read, and closes the connection. It needs
// HTTP/1: a server without TLS.
func EarlyRefusal(status int) Fault { return Fault{Status: status, named: named{kind: earlyRefusal}} }

type kind int

const (
	nothing kind = iota
	saysItFailed
	gzipped
	byteByByte
	switchingProtocols
	http2Reset
	goAway
	answerFirst
	earlyRefusal
)

// named is the part of a Fault that only the functions of this file set.
type named struct {
	kind    kind
	message string
	pause   time.Duration
}

// unfit returns why a fault is impossible for an operation of a server; it is empty if the fault is possible.
func (n named) unfit(s *Server, op string) string {
	switch n.kind {
	case http2Reset, goAway:
		if !s.cfg.tls {
			return "this fault needs HTTP/2: make the server with the option TLS"
		}
	case switchingProtocols, earlyRefusal, answerFirst:
		if s.cfg.tls {
			return "this fault needs HTTP/1: make the server without the option TLS"
		}
	}
	if n.kind == answerFirst && op != opCoveragePut {
		return fmt.Sprintf("this fault is for %q, not for %q", opCoveragePut, op)
	}
	return ""
}

func (n named) early() bool { return n.kind == answerFirst || n.kind == earlyRefusal }

func (n named) handle(w http.ResponseWriter, c *call, f *Fault, h handler) {
	switch n.kind {
	case saysItFailed:
		c.send(w, c.failed(n.message))
	case gzipped:
		a := f.answer(c, h)
		a.body, a.header = compress(a.body), a.header.Clone()
		if a.header == nil {
			a.header = http.Header{}
		}
		a.header.Set("Content-Encoding", "gzip")
		c.send(w, a)
	case byteByByte:
		n.drip(w, c, f.answer(c, h))
	case switchingProtocols:
		c.status = http.StatusSwitchingProtocols
		c.raw(w, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", true)
	case http2Reset:
		panic(http.ErrAbortHandler)
	case goAway:
		// The HTTP server writes to this connection too, but it is closed at once.
		c.conn().Write([]byte{0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})
		c.conn().Close()
		panic(http.ErrAbortHandler)
	case answerFirst:
		c.raw(w, c.head1(answer{status: http.StatusOK}), false)
	case earlyRefusal:
		c.raw(w, c.head1(c.refused(f.Status)), false)
	}
}

// failed returns a 200 whose body says that the request failed.
func (c *call) failed(message string) answer {
	if c.storage {
		return c.refuseXML(http.StatusOK, "InternalError", message)
	}
	return fails(message)
}

// refused returns an error in the format of the API or of the storage.
func (c *call) refused(status int) answer {
	text := http.StatusText(status)
	if c.storage {
		return c.refuseXML(status, strings.ReplaceAll(text, " ", ""), text)
	}
	return refuse(status, "%s", text)
}

func compress(body []byte) []byte {
	var out bytes.Buffer
	zip := gzip.NewWriter(&out)
	zip.Write(body) // a buffer takes all
	zip.Close()
	return out.Bytes()
}

func (n named) drip(w http.ResponseWriter, c *call, a answer) {
	c.head(w, a, len(a.body))
	for i := range a.body {
		if _, err := w.Write(a.body[i : i+1]); err != nil || http.NewResponseController(w).Flush() != nil || !c.wait(n.pause) {
			panic(http.ErrAbortHandler)
		}
	}
}

// head1 returns an answer as the text of HTTP/1.1 that closes the connection.
func (c *call) head1(a answer) string {
	header := http.Header{"Connection": {"close"}, "Content-Length": {strconv.Itoa(len(a.body))}}
	c.usual(header)
	if len(a.body) > 0 && !c.storage {
		header.Set("Content-Type", "application/json")
	} else if len(a.body) > 0 {
		header.Set("Content-Type", "application/xml")
	}
	var out strings.Builder
	fmt.Fprintf(&out, "HTTP/1.1 %d %s\r\n", a.status, http.StatusText(a.status))
	header.Write(&out) // a builder takes all
	c.status = a.status
	return out.String() + "\r\n" + string(a.body)
}

// raw takes the connection over from net/http, writes to it, and closes it: at once, or once the client has closed it.
func (c *call) raw(w http.ResponseWriter, text string, hold bool) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer conn.Close()
	defer context.AfterFunc(c.server.done, func() { conn.Close() })()
	io.WriteString(conn, text) // a client that has gone does not matter
	switch {
	case hold:
		io.Copy(io.Discard, conn)
	case c.server.cfg.inMemory:
		c.wait(time.Millisecond) // virtual: the client has seen the answer before the connection ends
	}
}
