package codeant

import (
	"errors"
	"io"
	"io/fs"
	"os"

	"github.com/codeant-sdk/codeant/internal/openfile"
	"github.com/codeant-sdk/codeant/internal/report"
)

// ReportFormat is the format of a coverage report.
type ReportFormat string

// The formats that CodeAnt reads (docs.codeant.ai, control_center/test_coverage; README of its coverage action).
const (
	FormatCobertura ReportFormat = "cobertura"
	FormatJaCoCo    ReportFormat = "jacoco"
	FormatLCOV      ReportFormat = "lcov"
	FormatClover    ReportFormat = "clover"
	FormatJSON      ReportFormat = "json"
)

func (f ReportFormat) validate() error {
	switch f {
	case "", FormatCobertura, FormatJaCoCo, FormatLCOV, FormatClover, FormatJSON:
		return nil
	}
	return invalid("report format", string(f), "is not known", "omit it, or use cobertura, jacoco, lcov, clover or json")
}

// DetectReportFormat returns the format of a coverage report. It reads at most 128 KiB. If the content is not a coverage
// report that CodeAnt reads, the error is ErrInvalidReport and says what the content is instead. If r is nil, it is
// ErrInvalidRequest.
func DetectReportFormat(r io.Reader) (ReportFormat, error) {
	if r == nil {
		return "", invalid("reader", "", "is nil", "pass the coverage report")
	}
	format, err := report.Detect(r)
	if err != nil {
		return "", invalidReport("", err.Error(), err)
	}
	return ReportFormat(format), nil
}

// invalidReport returns an error about a report, with its file name if it has one. under is the underlying error.
func invalidReport(name, reason string, under error) error {
	return &inputError{field: "coverage report", value: name, reason: "cannot be used: " + reason, kind: join(ErrInvalidReport, under)}
}

// reportSource is an open and checked report that can be sent any number of times.
type reportSource struct {
	name   string // "" for a Body
	r      io.ReadSeeker
	start  int64
	size   int64
	format ReportFormat
	file   *os.File    // nil for a Body, which is the caller's
	before fs.FileInfo // when it was opened; nil for a Body that is not a file
}

func openReport(up CoverageUpload) (*reportSource, error) {
	if err := up.Format.validate(); err != nil {
		return nil, err
	}
	switch {
	case up.Path == "" && up.Body == nil:
		return nil, invalid("coverage report", "", "is missing", "set Path or Body")
	case up.Path != "" && up.Body != nil:
		return nil, invalid("coverage report", up.Path, "is given twice", "set Path or Body, not both")
	}
	src := &reportSource{name: up.Path, r: up.Body, format: up.Format}
	err := src.open()
	if err == nil {
		err = src.check()
	}
	if err != nil {
		src.close()
		return nil, err
	}
	return src, nil
}

func (s *reportSource) open() error {
	if s.name == "" {
		return nil
	}
	f, err := openfile.Open(s.name)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return s.invalid("the file does not exist; does the test step write it to this path, and does it run before this step?", err)
	case errors.Is(err, openfile.ErrDirectory):
		return s.invalid("it is a directory; use the path of the report in it", nil)
	case err != nil:
		return s.invalid(pathReason(err), err)
	}
	s.r, s.file = f.File, f.File
	if !f.Info.Mode().IsRegular() {
		// It cannot be sent again from its start.
		return s.invalid("it is "+openfile.Kind(f.Info.Mode())+"; write the report to a regular file first", nil)
	}
	return nil
}

// check determines the size and format of the report.
func (s *reportSource) check() error {
	s.before = s.stat()
	var err error
	if s.start, err = s.r.Seek(0, io.SeekCurrent); err != nil {
		return s.invalid("its size cannot be determined: "+pathReason(err), err)
	}
	end, err := s.r.Seek(0, io.SeekEnd)
	if err != nil {
		return s.invalid("its size cannot be determined: "+pathReason(err), err)
	}
	s.size = end - s.start
	if err := s.rewind(); err != nil {
		return s.invalid("it cannot be read from its start: "+pathReason(err), err)
	}
	if s.size <= 0 {
		return s.invalid("it is empty; did the tests run?", nil)
	}
	if s.format != "" {
		return nil
	}
	found, err := report.Detect(s.r)
	if rewindErr := s.rewind(); err == nil && rewindErr != nil {
		err = rewindErr
	}
	if err != nil {
		return s.invalid(err.Error(), err)
	}
	s.format = ReportFormat(found)
	return nil
}

func (s *reportSource) invalid(reason string, under error) error {
	return invalidReport(s.name, reason, under)
}

func (s *reportSource) rewind() error {
	_, err := s.r.Seek(s.start, io.SeekStart)
	return err
}

// stat returns the FileInfo of the report, or nil for a Body that is not a file.
func (s *reportSource) stat() fs.FileInfo {
	if file, ok := s.r.(interface{ Stat() (fs.FileInfo, error) }); ok {
		if info, err := file.Stat(); err == nil {
			return info
		}
	}
	return nil
}

// checkUnchanged returns an error if the file was modified since it was opened: what was sent may be neither the old content
// nor the new.
func (s *reportSource) checkUnchanged() error {
	if s.before == nil {
		return nil
	}
	now := s.stat()
	if now != nil && now.Size() == s.before.Size() && now.ModTime().Equal(s.before.ModTime()) {
		return nil
	}
	return s.invalid("it was modified during the upload; upload it when it is complete", nil)
}

// close closes the file, or restores the offset of a Body.
func (s *reportSource) close() {
	switch {
	case s.file != nil:
		s.file.Close()
	case s.r != nil && s.name == "":
		s.rewind()
	}
}
