package storage

import (
	"net"
	"syscall"
)

// limitUnsent keeps what the kernel takes over what it can send to 128 KiB (TCP_NOTSENT_LOWAT); without this it takes
// megabytes. So what was handed to the connection is not far ahead of what was sent, on a slow link in particular, and an
// answer that comes before the report was sent is recognised as such. What is on its way is not limited. It is an
// improvement, not a condition: errors do not matter.
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
