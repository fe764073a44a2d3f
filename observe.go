package codeant

import (
	"context"
	"log/slog"
	"time"
)

// Attempt describes a finished attempt of a call or an upload, for an observer. It contains no token, no body and no query
// of a URL.
type Attempt struct {
	Op         string        // the operation, such as "scans.start" or "coverage.put"
	Method     string        // the HTTP method
	Path       string        // the path below the base URL; the storage's host for an upload
	Number     int           // how many times the request was sent, including this attempt
	StatusCode int           // the HTTP status; 0 if there was no answer
	RequestID  string        // the server's ID of the request, if it gave one
	Took       time.Duration // until the answer was read, or until the attempt failed
	Pause      time.Duration // before the next attempt; 0 if there is none
	Err        error         // why the attempt failed; nil if it succeeded
}

// report passes an attempt to the observers, in the order of their options, and to the log.
func (c *Client) report(ctx context.Context, a Attempt) {
	for _, observe := range c.observers {
		observe(ctx, a)
	}
	if c.log == nil {
		return
	}
	level, message := slog.LevelDebug, "codeant: attempt"
	if a.Pause > 0 {
		level, message = slog.LevelWarn, "codeant: trying again"
	}
	if !c.log.Enabled(ctx, level) {
		return
	}
	attrs := []slog.Attr{
		slog.String("op", a.Op), slog.String("method", a.Method), slog.String("path", a.Path), slog.Int("attempt", a.Number),
		slog.Int("status", a.StatusCode), slog.String("request_id", a.RequestID), slog.Duration("took", a.Took),
	}
	if a.Pause > 0 {
		attrs = append(attrs, slog.Duration("pause", a.Pause))
	}
	if a.Err != nil {
		attrs = append(attrs, slog.Any("error", a.Err))
	}
	c.log.LogAttrs(ctx, level, message, attrs...)
}
