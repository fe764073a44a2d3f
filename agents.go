package codeant

// AgentsService is the place of the agent scan endpoints. It has no methods in this version: use Client.Call.
type AgentsService struct{ client *Client }
