package main

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// question is something that the documentation leaves open.
type question struct {
	Question string `json:"question"`
	Settled  bool   `json:"settled"`
	Answer   string `json:"answer"`
}

func settled(text, answer string) question { return question{text, true, answer} }
func open(text, why string) question       { return question{text, false, why} }

// questions answers the questions as far as the rows allow.
func questions(rows []row, lifetime int) []question {
	return []question{
		passedWord(rows), azureSpelling(rows), unauthorizedBody(rows), rateLimits(rows), signedURL(lifetime),
		accepted("Is a cdt_ token accepted at the metrics endpoints?", rows, "metrics.", "teams."),
		accepted("Is a cdt_ token accepted at the scan centre?", rows, "account.", "scans.dismissals", "extension."),
		accepted("Is a cdt_ token accepted in the body of the analysis endpoints?", rows, "scans.start", "scans.results."),
		tokenEndpoints(rows),
	}
}

func having(rows []row, prefixes ...string) []row {
	var found []row
	for _, r := range rows {
		for _, prefix := range prefixes {
			if strings.HasPrefix(r.Op, prefix) && r.NotAsked == "" && r.Status != 0 {
				found = append(found, r)
			}
		}
	}
	return found
}

func passedWord(rows []row) question {
	const text = "Which word does a gate have that passed?"
	var found []string
	for _, r := range having(rows, "gates.results") {
		gates, _ := r.Shape.(map[string]shape)
		for key, gate := range gates {
			if strings.HasSuffix(key, "_quality_gate") {
				found = append(found, find(map[string]shape{key: gate}, func(k string) bool { return k == "status" })...)
			}
		}
	}
	slices.Sort(found)
	found = slices.Compact(found)
	passing := slices.DeleteFunc(slices.Clone(found), func(word string) bool {
		return slices.Contains([]string{"failed", "fail", "error", "pending"}, strings.ToLower(word))
	})
	switch {
	case len(passing) > 0:
		return settled(text, strings.Join(passing, ", "))
	case len(found) > 0:
		return open(text, "only seen: "+strings.Join(found, ", "))
	}
	return open(text, "no gate with a known word in the answer; name a commit whose gates passed")
}

func azureSpelling(rows []row) question {
	const text = "How is Azure DevOps spelled in answers?"
	var found []string
	for _, r := range rows {
		for _, word := range find(r.Shape, func(k string) bool { return k == "provider" || k == "service" || k == "platform" }) {
			if lower := strings.ToLower(word); strings.HasPrefix(lower, "az") || lower == "ado" {
				found = append(found, r.Op+": "+word)
			}
		}
	}
	if len(found) == 0 {
		return open(text, "no answer names it; run this with an organization of Azure DevOps")
	}
	slices.Sort(found)
	return settled(text, strings.Join(slices.Compact(found), ", "))
}

func unauthorizedBody(rows []row) question {
	const text = "What does a 401 look like?"
	answers := having(rows, "unauthorized")
	if len(answers) == 0 {
		return open(text, "there was no answer")
	}
	r := answers[0]
	if r.Status != 401 {
		return settled(text, fmt.Sprintf("an unknown token is answered with %d and %s", r.Status, r.ContentType))
	}
	challenge := "without WWW-Authenticate"
	if slices.Contains(r.Headers, "www-authenticate") {
		challenge = "with WWW-Authenticate"
	}
	return settled(text, fmt.Sprintf("%s %s, %s", r.ContentType, compact(r.Shape), challenge))
}

func rateLimits(rows []row) question {
	const text = "Which headers speak of rate limits?"
	var found []string
	answers := 0
	for _, r := range rows {
		if r.Status != 0 && r.Op != "coverage.put" {
			answers++
		}
		for _, name := range r.Headers {
			if strings.Contains(name, "rate") || name == "retry-after" {
				found = append(found, name)
			}
		}
	}
	switch {
	case answers == 0:
		return open(text, "there was no answer")
	case len(found) == 0:
		return settled(text, fmt.Sprintf("none in %d answers", answers))
	}
	slices.Sort(found)
	return settled(text, strings.Join(slices.Compact(found), ", "))
}

func signedURL(lifetime int) question {
	const text = "How long does the URL for an upload live?"
	if lifetime <= 0 {
		return open(text, "no such URL was asked for, or it does not say so; see -write")
	}
	return settled(text, strconv.Itoa(lifetime)+" seconds")
}

func accepted(text string, rows []row, prefixes ...string) question {
	var yes, no []string
	for _, r := range having(rows, prefixes...) {
		switch {
		case r.Status >= 200 && r.Status <= 299 && r.Decoder == decoderTook:
			yes = append(yes, r.Op)
		case r.Status == 401, r.Status == 403:
			no = append(no, r.Op)
		}
	}
	switch {
	case len(yes) > 0 && len(no) == 0:
		return settled(text, "yes")
	case len(yes) > 0:
		return settled(text, "yes, but not at "+strings.Join(no, ", "))
	case len(no) > 0:
		return settled(text, "no: 401 or 403")
	}
	return open(text, "no answer says so")
}

func tokenEndpoints(rows []row) question {
	const text = "Do the endpoints for tokens exist?"
	for _, r := range having(rows, "tokens.list") {
		switch {
		case r.Status == 404, r.Status == 405, r.Status == 501:
			return settled(text, "no: "+strconv.Itoa(r.Status))
		case r.Decoder == decoderTook:
			return settled(text, "yes")
		}
	}
	return open(text, "no answer says so")
}

// lifetimeOf returns for how many seconds a presigned URL is valid, and nothing else of it.
func lifetimeOf(body []byte) int {
	var answer struct {
		URL string `json:"coverage_url"`
	}
	if json.Unmarshal(body, &answer) != nil {
		return 0
	}
	u, err := url.Parse(answer.URL)
	if err != nil {
		return 0
	}
	for _, name := range []string{"X-Amz-Expires", "X-Goog-Expires"} {
		if seconds, err := strconv.Atoi(u.Query().Get(name)); err == nil && seconds > 0 && seconds <= 7*24*3600 {
			return seconds
		}
	}
	return 0
}

// compact writes a shape on one line.
func compact(s shape) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if enc.Encode(s) != nil {
		return "?"
	}
	return strings.TrimSpace(b.String())
}
