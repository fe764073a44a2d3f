package codeant

// MetricsService will be filled.
type MetricsService struct{ client *Client }
