package main

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/codeant-sdk/codeant"
)

// tenants are the clients of this service, one for each organization, because a token belongs to one organization. They
// share one transport and thus its connections.
type tenants struct {
	shared  *http.Client
	clients map[string]*codeant.Client
}

// openTenants creates a client for each file of a folder, such as a mounted Kubernetes secret. The file's name is that
// of the organization, its content is the token. A new token in the file is used from the next request on.
func openTenants(folder string, shared *http.Client, options func(organization string) []codeant.Option) (*tenants, error) {
	files, err := os.ReadDir(folder)
	if err != nil {
		return nil, fmt.Errorf("the folder of tokens: %w", err)
	}
	t := &tenants{shared: shared, clients: map[string]*codeant.Client{}}
	for _, file := range files {
		organization := file.Name()
		if strings.HasPrefix(organization, ".") {
			continue // ..data and its like belong to Kubernetes
		}
		client, err := codeant.New(append(options(organization),
			codeant.WithTokenSource(codeant.FileToken(filepath.Join(folder, organization))),
			codeant.WithHTTPClient(shared))...)
		if err != nil {
			return nil, fmt.Errorf("organization %s: %w", organization, err)
		}
		t.clients[organization] = client
	}
	if len(t.clients) == 0 {
		return nil, errors.New("the folder of tokens is empty")
	}
	return t, nil
}

// close ends the connections, of all clients at once.
func (t *tenants) close() { t.shared.CloseIdleConnections() }
