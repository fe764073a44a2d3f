package codeant

// TeamsService is the place of the team endpoints. It has no methods in this version: use Client.Call.
type TeamsService struct{ client *Client }
