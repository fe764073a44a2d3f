//go:build unix

package pipeline

import "syscall"

// With nonblocking, opening a pipe that nobody reads is an error.
const nonblocking = syscall.O_NONBLOCK
