package storage

import (
	"net"
	"syscall"
)

// limitUnsent limits the unsent data in the kernel's buffer to 128 KiB (TCP_NOTSENT_LOWAT); by default it can be megabytes.
// Then the bytes written to the connection are not far ahead of those sent, even on a slow link, and an answer that arrives
// before the report was sent is recognized. Data in flight is not limited. Errors are ignored, because uploads also work
// without the limit.
func limitUnsent(conn net.Conn) {
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return
	}
	const notSentLowAt = 25 // linux/tcp.h; package syscall does not have it
	if raw, err := tcp.SyscallConn(); err == nil {
		raw.Control(func(fd uintptr) { syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, notSentLowAt, 128<<10) })
	}
}
