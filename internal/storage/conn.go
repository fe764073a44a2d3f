package storage

import (
	"context"
	"errors"
	"net"
	"os"
	"sync"
	"time"
)

// lateAnswer is how long a failed write waits for an answer to be read.
const lateAnswer = 300 * time.Millisecond

// Dial is the type of http.Transport.DialContext.
type Dial func(ctx context.Context, network, address string) (net.Conn, error)

// WrapDial wraps a dialer so that an answer is read even if the connection broke while the request was being sent. A storage
// that refuses a report early answers and closes the connection. The next write fails, and net/http then gives up without
// reading the answer, which is already in the kernel's buffer. So a failed write returns only after the connection was read
// to its end, or after 300 ms.
func WrapDial(dial Dial) Dial {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		limitUnsent(conn)
		return &patientConn{Conn: conn, over: make(chan struct{})}, nil
	}
}

type patientConn struct {
	net.Conn
	once sync.Once
	over chan struct{} // nothing more will be read
}

func (c *patientConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		c.end()
	}
	return n, err
}

func (c *patientConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	if err == nil || errors.Is(err, net.ErrClosed) || errors.Is(err, os.ErrDeadlineExceeded) {
		return n, err
	}
	timer := time.NewTimer(lateAnswer)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-c.over:
	}
	return n, err
}

func (c *patientConn) Close() error {
	c.end()
	return c.Conn.Close()
}

func (c *patientConn) end() { c.once.Do(func() { close(c.over) }) }
