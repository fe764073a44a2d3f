package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"

	"github.com/codeant-sdk/codeant"
)

const maxReport = 32 << 20

// service answers HTTP requests by calling CodeAnt.
type service struct {
	tenants *tenants
	wait    codeant.WaitOptions
	log     *slog.Logger
}

func (s *service) routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("PUT /{organization}/coverage", s.handler(s.coverage))
	mux.HandleFunc("POST /{organization}/gates", s.handler(s.gates))
	return mux
}

// handler finds the client of the organization and turns what f returns into an answer.
func (s *service) handler(f func(*codeant.Client, *http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		organization := req.PathValue("organization")
		client, known := s.tenants.clients[organization]
		if !known {
			http.Error(w, "no such organization", http.StatusNotFound)
			return
		}
		answer, err := f(client, req)
		if err != nil {
			status, text := failure(err)
			s.log.ErrorContext(req.Context(), "failed", "organization", organization, "error", err, "status", status)
			http.Error(w, text, status)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(answer) // the caller may have gone away
	}
}

// failure is what the callers of this service learn about an error. The rest goes to the log.
func failure(err error) (status int, text string) {
	switch {
	case errors.Is(err, context.Canceled):
		return http.StatusServiceUnavailable, "this service is ending"
	case errors.Is(err, codeant.ErrMissingToken), errors.Is(err, codeant.ErrInvalidToken), errors.Is(err, codeant.ErrUnauthorized):
		return http.StatusInternalServerError, "the token of this organization is not accepted"
	case errors.Is(err, codeant.ErrForbidden):
		return http.StatusForbidden, "the token of this organization may not do this"
	case errors.Is(err, codeant.ErrInvalidReport), errors.Is(err, codeant.ErrInvalidRequest):
		return http.StatusBadRequest, err.Error()
	case errors.Is(err, codeant.ErrWaitTimeout):
		return http.StatusGatewayTimeout, "no result in time"
	case errors.Is(err, codeant.ErrRateLimited), errors.Is(err, codeant.ErrUnavailable):
		return http.StatusServiceUnavailable, "CodeAnt is not available"
	}
	return http.StatusBadGateway, "CodeAnt's answer was not usable"
}

func revision(req *http.Request) (codeant.Revision, error) {
	query := req.URL.Query()
	provider, err := codeant.ParseProvider(query.Get("provider"))
	return codeant.Revision{Provider: provider, Repo: query.Get("repo"), Commit: query.Get("commit"), Branch: query.Get("branch")}, err
}

// coverage passes the report in the request's body on.
func (s *service) coverage(client *codeant.Client, req *http.Request) (any, error) {
	rev, err := revision(req)
	if err != nil {
		return nil, err
	}
	report, err := io.ReadAll(io.LimitReader(req.Body, maxReport+1))
	if err != nil {
		return nil, fmt.Errorf("%w: the body broke off: %w", codeant.ErrInvalidRequest, err)
	}
	if len(report) > maxReport {
		return nil, fmt.Errorf("%w: the report is over %d bytes", codeant.ErrInvalidRequest, maxReport)
	}
	result, err := client.Coverage.Upload(req.Context(), codeant.CoverageUpload{Revision: rev, Body: bytes.NewReader(report)})
	if err != nil {
		return nil, err
	}
	return map[string]any{"format": result.Format, "bytes": result.Bytes}, nil
}

// gates runs the quality gates of a commit. A gate that failed is an answer, not an error.
func (s *service) gates(client *codeant.Client, req *http.Request) (any, error) {
	rev, err := revision(req)
	if err != nil {
		return nil, err
	}
	result, err := client.Gates.Run(req.Context(), rev, s.wait)
	if err != nil && !errors.Is(err, codeant.ErrGateFailed) {
		return nil, err
	}
	return map[string]any{"verdict": result.Verdict()}, nil
}
