package codeant_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codeant-sdk/codeant"
)

// What package ci finds for Bitbucket is the address of its pages, and CodeAnt's default is that of its API.
func TestThePublicAddressOfAProviderIsSentInOneSpelling(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"":                                   "https://api.bitbucket.org/2.0",
		"https://bitbucket.org":              "https://api.bitbucket.org/2.0",
		"https://bitbucket.org/":             "https://api.bitbucket.org/2.0",
		"https://api.bitbucket.org/2.0":      "https://api.bitbucket.org/2.0",
		"https://bitbucket.org.acme.example": "https://bitbucket.org.acme.example",
		"https://bb.acme.example/git":        "https://bb.acme.example/git",
	} {
		var sent []string
		mock := httpmock.NewMockTransport()
		mock.RegisterNoResponder(func(req *http.Request) (*http.Response, error) {
			var body struct {
				Address string `json:"bitbucket_base_url"`
			}
			err := json.NewDecoder(req.Body).Decode(&body)
			sent = append(sent, body.Address)
			return httpmock.NewStringResponse(200, `{"scanId":"scan-1","teams":[]}`), err
		})
		client := funnelClient(t, mock)
		_, err := client.Agents.Start(t.Context(), codeant.AgentScanRequest{
			Revision: codeant.Revision{Provider: codeant.Bitbucket, Repo: "acme/shop", Branch: "main", Commit: shop.Commit, ProviderURL: address},
			Prompt:   "Look for secrets.",
		})
		require.NoError(t, err)
		_, err = client.Teams.List(t.Context(), codeant.ListTeamsRequest{
			Organization: codeant.Organization{Provider: codeant.Bitbucket, Name: "acme", ProviderURL: address},
		})
		require.NoError(t, err)
		assert.Equal(t, []string{want, want}, sent, address)
	}
}
