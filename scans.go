package codeant

// ScansService is the place of the scan endpoints. It has no methods in this version: use Client.Call.
type ScansService struct{ client *Client }
