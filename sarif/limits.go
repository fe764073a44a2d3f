package sarif

import (
	"compress/gzip"
	"fmt"
	"io"
)

// GitHub's limits for one run (GitHub, "SARIF support for code scanning"). The second is for the uploaded document,
// which is compressed by gzip.
const (
	maxResults    = 25_000
	maxCompressed = 10_000_000
)

type limits struct {
	results    int
	compressed int // bytes
}

// fitting returns how many of the results, which end at these offsets, fit into a document within the limit.
func (l limits) fitting(document []byte, ends []int) (int, error) {
	if len(document) <= l.compressed-64 { // gzip adds a few bytes to what it cannot compress
		return len(ends), nil
	}
	// The fastest level compresses less than the level that uploaders use.
	var size counter
	compressor, err := gzip.NewWriterLevel(&size, gzip.BestSpeed)
	if err != nil {
		return 0, err
	}
	from := 0
	for i, end := range ends {
		if _, err := compressor.Write(document[from:end]); err != nil {
			return 0, err
		}
		from = end
		// The compressor's buffered input takes no more than this.
		if int(size)+held > l.compressed {
			return l.smaller(i, len(ends)), nil
		}
		if rest := len(document) - end; int(size)+2*held+rest <= l.compressed {
			return len(ends), nil // it fits even if nothing of the rest can be compressed
		}
	}
	return len(ends), nil
}

// held is more than the compressor buffers before it writes something.
const held = 128 << 10

// smaller returns a number of results below the last one. If the rules alone exceed the limit, it halves the number,
// because fewer results have fewer rules.
func (limits) smaller(fitting, last int) int {
	if fitting == 0 {
		return last / 2
	}
	return fitting
}

type counter int

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

var _ io.Writer = (*counter)(nil)

func cutNotice(kept, found int) []invocation {
	if kept == found {
		return nil
	}
	message := fmt.Sprintf("This document has the %d most severe of %d findings, because GitHub code scanning takes no more; %d are left out.",
		kept, found, found-kept)
	return []invocation{{ExecutionSuccessful: true, Notifications: []notification{{Level: "warning", Message: text{message}}}}}
}
