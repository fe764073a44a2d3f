package codeant

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"strconv"
	"time"

	"github.com/codeant-sdk/codeant/internal/jsonscan"
	"github.com/codeant-sdk/codeant/internal/redact"
	"github.com/codeant-sdk/codeant/internal/secret"
	"github.com/codeant-sdk/codeant/internal/storage"
)

var (
	opCoveragePresign  = operation{name: "coverage.presign", path: "/pr/analysis/coverage/presign", tokenField: "access_token", idempotent: true}
	opCoverageComplete = operation{name: "coverage.complete", path: "/pr/analysis/coverage/complete", tokenField: "access_token", idempotent: true}
)

// opCoveragePut names the upload in errors and logs. It is not a call of the API: package storage makes it.
const opCoveragePut = "coverage.put"

// CoverageService uploads coverage reports.
type CoverageService struct{ client *Client }

// CoverageTarget names what a report is about.
type CoverageTarget struct {
	// Revision is the commit that the report is about. Required.
	Revision Revision
	// Module tells several reports of one commit apart, in a monorepo. Optional.
	Module string
	// ModulePath is the directory of the module. Optional. The name of its field on the wire (module_path) is inferred.
	ModulePath string
}

// CoverageUpload is one report and what it is about.
type CoverageUpload struct {
	// Revision, Module and ModulePath name what the report is about, as in CoverageTarget.
	Revision           Revision
	Module, ModulePath string

	// Path is the report's file. Exactly one of Path and Body is required.
	Path string
	// Body is sent from its current offset and left there.
	Body io.ReadSeeker
	// Format of the report. Zero: recognised from the content.
	Format ReportFormat
	// Progress is called as bytes are handed to the connection, one call at a time, from 0 to total; it starts again
	// from 0 when the report is sent again. Optional.
	Progress func(sent, total int64)
}

func (up CoverageUpload) target() CoverageTarget {
	return CoverageTarget{Revision: up.Revision, Module: up.Module, ModulePath: up.ModulePath}
}

// CoverageResult is what CodeAnt said to a finished upload.
type CoverageResult struct {
	Format  ReportFormat    // empty where only Complete was called
	Bytes   int64           // size of the report
	Message string          // the server's words, if any
	Raw     json.RawMessage // the answer as it came; nil if it was empty
}

type coverageWire struct {
	Repo        string   `json:"repo"`
	Commit      string   `json:"commit_id"`
	Platform    Provider `json:"platform"`
	Module      string   `json:"module,omitempty"`
	ModulePath  string   `json:"module_path,omitempty"`
	Branch      string   `json:"branch,omitempty"`
	ProviderURL string   `json:"vcs_base_url,omitempty"`
}

func (t CoverageTarget) wire() (coverageWire, error) {
	if err := join(t.Revision.Validate(), validateText("module", t.Module), validateText("module path", t.ModulePath)); err != nil {
		return coverageWire{}, err
	}
	return coverageWire{
		Repo: t.Revision.Repo, Commit: t.Revision.Commit, Platform: t.Revision.Provider, Module: t.Module, ModulePath: t.ModulePath,
		Branch: t.Revision.Branch, ProviderURL: t.Revision.ProviderURL,
	}, nil
}

// Upload sends a report: it asks for a presigned URL, puts the file there, and tells CodeAnt that it is complete. It
// returns a result only if all three succeeded; CodeAnt is never told of a report that the storage did not take.
//
// The report is checked before anything is sent: one that is empty, unreadable or not a coverage report is
// ErrInvalidReport, and so is one that was written to (another size or modification time) while it was being sent. Memory
// stays constant; a failed transfer starts again from the beginning of the report, and a presigned URL that expired is
// asked for again, once. A refusal by the storage is a *StorageError.
//
// Stored means that the whole report was handed to the connection and that the storage then answered 200, 201 or 204,
// without a body or with one that does not speak of an error. A report that fits into one write of the connection and the
// buffers behind it cannot be told apart: a storage that answers before it has read such a report is believed.
//
// A transfer may take as long as it needs while bytes move: it ends after 60 s without one. For its answer the storage
// has 60 s from the last byte, and 1 s more for each 8 KiB of the report, at most 10 minutes.
//
// Evidence: observed (CodeAnt-AI/codeant-scripts, upload_coverage.sh).
func (s *CoverageService) Upload(ctx context.Context, up CoverageUpload) (*CoverageResult, error) {
	in, err := up.target().wire()
	if err != nil {
		return nil, err
	}
	src, err := openReport(up)
	if err != nil {
		return nil, err
	}
	defer src.close()
	presigned, err := s.presign(ctx, in)
	if err != nil {
		return nil, err
	}
	put := &coveragePut{service: s, in: in, url: presigned, src: src, progress: up.Progress}
	if err := put.run(ctx); err != nil {
		return nil, err
	}
	if err := src.checkUnchanged(); err != nil {
		return nil, err
	}
	result, err := s.complete(ctx, in)
	if err != nil {
		return nil, fmt.Errorf("%w (the report is stored, but CodeAnt does not know it yet: upload it again)", err)
	}
	result.Format, result.Bytes = src.format, src.size
	return result, nil
}

// Presign asks for a URL to put a report to, for programs that transfer the file themselves. Most use Upload.
//
// Send the file to PresignedUpload.Reveal with PUT, a Content-Length and the header "Content-Type: application/xml",
// whatever the format is, and without the token. Then call Complete.
//
// Evidence: observed (CodeAnt-AI/codeant-scripts, upload_coverage.sh).
func (s *CoverageService) Presign(ctx context.Context, t CoverageTarget) (*PresignedUpload, error) {
	in, err := t.wire()
	if err != nil {
		return nil, err
	}
	return s.presign(ctx, in)
}

func (s *CoverageService) presign(ctx context.Context, in coverageWire) (*PresignedUpload, error) {
	return fetch(ctx, clientOf(s), opCoveragePresign, in, func(doc jsonscan.Document) (*PresignedUpload, error) {
		value, _ := doc.Get("coverage_url").Text()
		if value == "" {
			return nil, unusable(`field "coverage_url" is missing`)
		}
		u, err := storage.ParseURL(value, s.client.insecure)
		if err != nil {
			return nil, unusable(`field "coverage_url" is not an address to upload to: %v`, err)
		}
		return newPresignedUpload(value, u), nil
	})
}

// Complete tells CodeAnt that the report was put to the presigned URL. Call it only after a 200, 201 or 204 of that PUT.
//
// Evidence: observed (CodeAnt-AI/codeant-scripts, upload_coverage.sh). Uncertain: the shape of the answer, so any JSON
// that does not say that it failed is taken, and an empty body too.
func (s *CoverageService) Complete(ctx context.Context, t CoverageTarget) (*CoverageResult, error) {
	in, err := t.wire()
	if err != nil {
		return nil, err
	}
	return s.complete(ctx, in)
}

func (s *CoverageService) complete(ctx context.Context, in coverageWire) (*CoverageResult, error) {
	return fetch(ctx, clientOf(s), opCoverageComplete, in, func(doc jsonscan.Document) (*CoverageResult, error) {
		return &CoverageResult{Message: redact.Text(doc.Text("message"), maxPrintedMessage), Raw: doc.Raw()}, nil
	})
}

// PresignedUpload is a URL that takes one report. The URL is a secret while it is valid: whoever has it can upload.
// However it is printed, its query is left out; Reveal alone gives all of it.
type PresignedUpload struct {
	url      secret.Value
	shown    string // without the query
	host     string
	received time.Time
	validFor time.Duration // 0 where the URL does not tell
}

func newPresignedUpload(raw string, u *url.URL) *PresignedUpload {
	seconds, _ := strconv.Atoi(u.Query().Get("X-Amz-Expires"))
	return &PresignedUpload{
		url:      secret.New(raw),
		shown:    redact.Text(u.Scheme+"://"+u.Host+u.EscapedPath()+"?…", maxPrintedMessage),
		host:     u.Host,
		received: time.Now(),
		validFor: time.Duration(min(max(0, seconds), maxValidSeconds)) * time.Second,
	}
}

// maxValidSeconds is far longer than any URL is valid, and short enough not to overflow a time.Duration.
const maxValidSeconds = 1 << 30

// nearlyExpired reports whether four fifths of the URL's life have passed, by the time since it was received: the clock
// of this machine may be wrong.
func (p *PresignedUpload) nearlyExpired() bool {
	return p.validFor > 0 && time.Since(p.received) > p.validFor/5*4
}

// Reveal returns the URL with its signature: the only way to it.
func (p *PresignedUpload) Reveal() string {
	if p == nil {
		return ""
	}
	return p.url.Reveal()
}

// String returns the URL without its query.
func (p PresignedUpload) String() string {
	if p.shown == "" {
		return "no URL"
	}
	return p.shown
}

// GoString returns the URL without its query.
func (p PresignedUpload) GoString() string { return p.String() }

// Format prints the URL without its query for every verb.
func (p PresignedUpload) Format(f fmt.State, _ rune) { io.WriteString(f, p.String()) }

// LogValue gives package log/slog the URL without its query.
func (p PresignedUpload) LogValue() slog.Value { return slog.StringValue(p.String()) }

// MarshalText gives encoders the URL without its query.
func (p PresignedUpload) MarshalText() ([]byte, error) { return []byte(p.String()), nil }
