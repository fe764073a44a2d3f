package storage

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Without Expect only what does not fit the kernel's buffers gives an early answer away, and those take megabytes.
func TestAReportOfHalfAMegabyteIsNotTakenForSentWhenItIsNot(t *testing.T) {
	t.Parallel()
	target := listen(t, func(conn *net.TCPConn) {
		_, err := http.ReadRequest(bufio.NewReaderSize(conn, 16))
		assert.NoError(t, err)
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		<-t.Context().Done() // the connection stays open and unread
	})
	err := errOf(New(transport(t), "test/1").Put(t.Context(), target, endless{}, 512<<10, nil))
	var refusal *Refusal
	require.ErrorAs(t, err, &refusal)
	assert.Regexp(t, `^it answered (when only \d+ of 524288 bytes|before all) of the report had been sent$`, refusal.Reason)
}
