//go:build !linux

package storage

import "net"

func limitUnsent(net.Conn) {}
