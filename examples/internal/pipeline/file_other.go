//go:build !unix

package pipeline

const nonblocking = 0
