package codeant

// AgentsService will be filled.
type AgentsService struct{ client *Client }
