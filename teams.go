package codeant

// TeamsService will be filled.
type TeamsService struct{ client *Client }
