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
	opCoveragePresign = operation{
		name: "coverage.presign", path: "/pr/analysis/coverage/presign", tokenField: "access_token", idempotent: true,
	}
	opCoverageComplete = operation{
		name: "coverage.complete", path: "/pr/analysis/coverage/complete", tokenField: "access_token", idempotent: true,
	}
)

// opCoveragePut is the name of the upload in errors and logs. Package storage sends it; it is not an API call.
const opCoveragePut = "coverage.put"

// CoverageService uploads coverage reports.
type CoverageService struct{ client *Client }

// CoverageTarget identifies the commit and module that a report belongs to.
type CoverageTarget struct {
	// Revision is the commit that was tested. Required.
	Revision Revision
	// Module distinguishes several reports of one commit, in a monorepo. Optional.
	Module string
	// ModulePath is the directory of the module. Optional. The name of its JSON field (module_path) is inferred.
	ModulePath string
}

// CoverageUpload describes the upload of one report.
type CoverageUpload struct {
	// Revision, Module and ModulePath are as in CoverageTarget.
	Revision           Revision
	Module, ModulePath string

	// Path is the file to upload. Exactly one of Path and Body is required.
	Path string
	// Body is the report to upload, from its current offset to its end. The upload restores the offset.
	Body io.ReadSeeker
	// Format is the report's format. Default: detected from the content.
	Format ReportFormat
	// Progress is called as bytes are written to the connection, never concurrently, with sent rising from 0 to total. When
	// the report is sent again, sent starts again from 0. Optional.
	Progress func(sent, total int64)
}

func (up CoverageUpload) target() CoverageTarget {
	return CoverageTarget{Revision: up.Revision, Module: up.Module, ModulePath: up.ModulePath}
}

// CoverageResult is the result of a completed upload.
type CoverageResult struct {
	Format  ReportFormat    // empty if returned by Complete
	Bytes   int64           // the size of the report; 0 if returned by Complete
	Message string          // the server's message, if any
	Raw     json.RawMessage // the unmodified answer; nil if it was empty
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

// Upload uploads a report. It requests a presigned URL, sends the report to it, and notifies CodeAnt that the report is
// complete. It returns a result only if all three steps succeeded; CodeAnt is never notified of a report that was not
// stored.
//
// The report is checked before anything is sent: if it is empty, unreadable or not a coverage report, the error is
// ErrInvalidReport. It is also ErrInvalidReport if the size or modification time of the file changes during the upload. The
// report is streamed, not held in memory. A failed transfer is retried from the beginning of the report, and an expired
// presigned URL is renewed once. If the storage does not store the report, the error is a *StorageError.
//
// A report counts as stored if all of it was written to the connection and the storage then answered 200, 201 or 204 with no
// body or with one that reports no error. An answer that arrives before the last bytes are sent is too early. If the report is
// larger than 64 KiB, they are sent after a pause of 50 ms, so that such an answer is noticed. An answer that arrives later, or
// is to a smaller report, counts even if the storage sent it without reading the report, because that cannot be recognized.
//
// A transfer may take any time as long as bytes move; it fails after 60 s without progress. After the last byte, the storage
// has 60 s to answer plus 1 s for each 8 KiB of the report, at most 10 minutes.
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
		return nil, fmt.Errorf("%w (the report is stored, but CodeAnt was not notified: upload it again)", err)
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
			return nil, unusable(`field "coverage_url" is not a usable upload URL: %v`, err)
		}
		return newPresignedUpload(value, u), nil
	})
}

// Complete notifies CodeAnt that the report was uploaded to the presigned URL. Call it only after the storage answered 200,
// 201 or 204.
//
// Evidence: observed (CodeAnt-AI/codeant-scripts, upload_coverage.sh). Uncertain: the form of the answer, so an
// empty body and any JSON that does not report a failure are accepted.
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
	validFor time.Duration // 0 if the URL does not say
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

// maxValidSeconds is longer than any URL is valid, and does not overflow a time.Duration.
const maxValidSeconds = 1 << 30

// nearlyExpired reports whether four fifths of the URL's lifetime have passed since it was received. It does not use the
// time in the URL, because the clock of this machine may be wrong.
func (p *PresignedUpload) nearlyExpired() bool {
	return p.validFor > 0 && time.Since(p.received) > p.validFor/5*4
}

// Reveal returns the URL with its signature. Nothing else does.
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

// Format prints the URL without its query, whatever the verb.
func (p PresignedUpload) Format(f fmt.State, _ rune) { io.WriteString(f, p.String()) }

// LogValue returns the URL without its query, for package log/slog.
func (p PresignedUpload) LogValue() slog.Value { return slog.StringValue(p.String()) }

// MarshalText returns the URL without its query, for encoders.
func (p PresignedUpload) MarshalText() ([]byte, error) { return []byte(p.String()), nil }
