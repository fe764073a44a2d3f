package codeant

// GatesService is the place of the quality gate endpoints. It has no methods in this version: use Client.Call.
type GatesService struct{ client *Client }

func gatePassWords(extra []string) map[string]bool {
	words := map[string]bool{"PASSED": true, "PASS": true, "SUCCESS": true, "SUCCEEDED": true, "OK": true}
	for _, word := range extra {
		words[word] = true
	}
	return words
}
