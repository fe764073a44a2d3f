package codeant

// MetricsService is the place of the developer metrics endpoints. It has no methods in this version: use Client.Call.
type MetricsService struct{ client *Client }
