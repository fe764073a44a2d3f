package codeant

// ScansService will be filled.
type ScansService struct{ client *Client }
