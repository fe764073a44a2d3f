package codeanttest

import (
	"context"
	"net"
	"sync"
	"syscall"
)

const (
	memoryAPIHost     = "127.0.0.1"
	memoryStorageHost = "127.0.0.2"
)

type memoryAddr string

func (memoryAddr) Network() string  { return "pipe" }
func (a memoryAddr) String() string { return string(a) }

// memoryListener is a net.Listener without a socket: dial hands the other end of a pipe to Accept.
type memoryListener struct {
	addr   memoryAddr
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newMemoryListener(host string) *memoryListener {
	return &memoryListener{addr: memoryAddr(host), conns: make(chan net.Conn), closed: make(chan struct{})}
}

func (l *memoryListener) Addr() net.Addr { return l.addr }

func (l *memoryListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *memoryListener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conns:
		return conn, nil
	case <-l.closed:
		return nil, &net.OpError{Op: "accept", Net: "pipe", Addr: l.addr, Err: net.ErrClosed}
	}
}

func (l *memoryListener) dial(ctx context.Context) (net.Conn, error) {
	near, far := net.Pipe()
	var err error
	select {
	case l.conns <- far:
		return near, nil
	case <-l.closed:
		err = syscall.ECONNREFUSED
	case <-ctx.Done():
		err = ctx.Err()
	}
	near.Close()
	far.Close()
	return nil, &net.OpError{Op: "dial", Net: "pipe", Addr: l.addr, Err: err}
}

// dialMemory reaches the given listeners, by the host's name, and nothing else.
func dialMemory(listeners ...*memoryListener) func(ctx context.Context, network, addr string) (net.Conn, error) {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		host, _, err := net.SplitHostPort(addr)
		if err != nil {
			return nil, err
		}
		for _, l := range listeners {
			if host == string(l.addr) {
				return l.dial(ctx)
			}
		}
		return nil, &net.OpError{Op: "dial", Net: network, Err: &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}}
	}
}
