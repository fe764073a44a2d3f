// Package retryafter parses the Retry-After header in every form that servers send.
package retryafter

import (
	"math"
	"net/http"
	"strings"
	"time"
)

// Parse returns how long the server asks the client to wait, and whether it asks (RFC 9110, section 10.2.3). A date is
// compared with the answer's Date header, so that a wrong clock on either side does not matter, or with now if there is no
// such header. The result is never negative. A number of seconds that overflows a Duration becomes the longest Duration. A
// value that is neither a whole number of seconds nor a date is ignored.
func Parse(h http.Header, now time.Time) (time.Duration, bool) {
	value := strings.TrimSpace(h.Get("Retry-After"))
	if value == "" {
		return 0, false
	}
	if strings.Trim(value, "0123456789") == "" {
		return seconds(value), true
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0, false
	}
	if date, err := http.ParseTime(h.Get("Date")); err == nil {
		now = date
	}
	return max(0, at.Sub(now)), true
}

func seconds(digits string) time.Duration {
	const most = int64(math.MaxInt64 / int64(time.Second))
	var n int64
	for _, digit := range digits {
		n = n*10 + int64(digit-'0')
		if n > most {
			return math.MaxInt64
		}
	}
	return time.Duration(n) * time.Second
}
