package main

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
)

// shape describes JSON without its values: keys, types, and the words of the fixed lists below.
type shape any

// words lists the values that may be shown, by key. None of them is private.
func words(key string) []string {
	switch key {
	case "status", "state":
		return []string{
			"active", "revoked", "pending", "processing", "in_progress", "queued", "running", "started", "done", "completed", "complete",
			"finished", "success", "succeeded", "ok", "passed", "pass", "failed", "fail", "failure", "error", "warning", "skipped", "disabled",
			"cancelled", "timeout", "ready", "building", "unauthorized", "forbidden", "open", "closed", "merged",
		}
	case "provider", "service", "platform":
		return []string{"github", "gitlab", "bitbucket", "azuredevops", "azure_devops", "azure", "ado"}
	case "severity":
		return []string{
			"critical", "high", "medium", "low", "info", "informational", "unknown", "blocker", "major", "minor", "error", "warning", "note",
			"moderate", "none",
		}
	case "confidence_score", "confidence", "issue_confidence":
		return []string{"false_positive", "high", "medium", "low"}
	}
	return nil
}

// knownKeys lists the keys of the API's descriptions and of CodeAnt's own programs.
var knownKeys = regexp.MustCompile(`^(` + strings.Join([]string{
	`status`, `state`, `message`, `error`, `errors`, `detail`, `code`, `data`, `email`, `orgs`, `organization_name`, `base_url`, `service`,
	`repos`, `full_name`, `name`, `default_branch`, `private`, `archived`, `language`, `pushed_at`, `visibility`, `description`,
	`results?`, `issues`, `vulnerabilities`, `all_vulnerabilities`, `healthy_packages`, `secrets`, `secretsCount`, `sboms`, `packages`,
	`packagesCount`, `rootFolder`, `sourceFile`, `anti_patterns`, `dead_code`, `python_dead_code`, `js_dead_code`, `extra_dead_code`,
	`unused_files`, `unused_exports`, `check_type`, `failed_checks`, `passed_checks`, `commit_id`, `repo`, `repo_name`, `repoName`, `branch`,
	`ref`, `timestamp`, `date`, `created_at`, `updated_at`, `latest_commit_sha`, `last_analysis_results`, `scans`, `scan_id`, `scanId`,
	`(secret|duplicate|duplicate_code|sast|sca|iac|coverage|dependencies|[a-z]{2,20})_quality_gate`,
	`file`, `file_path`, `path`, `filename`, `line`, `line_number`, `start_line`, `end_line`, `column`, `endLine`, `endColumn`,
	`file_line_range`, `line_range`, `check_id`, `check_name`, `test_id`, `rule_id`, `message-id`, `symbol`, `type`, `secret_type`,
	`hashed_secret`, `is_verified`, `confidence_score`, `issue_text`, `issue_type`, `issue_confidence`, `test_type`, `severity`, `title`,
	`cwe`, `cwe_id`, `cve`, `cve_id`, `vulnerability_id`, `advisory_id`, `ratings`, `cvss_score`, `fix_version`, `package_name`, `version`,
	`package_version`, `ecosystem`, `package_manager`, `licenseDeclared`, `licenseConcluded`, `is_dismissed`, `is_false_positive`,
	`reason_for_dismiss`, `comment_for_dismiss`, `context_code_block`, `code_block`, `resource`, `guideline`, `fixAvailable`, `complexity`,
	`fileName`, `window`, `originalIndex`, `relevant_file`, `one_sentence_summary`, `suggestion_content`, `label`, `agent_instructions`,
	`totalIssues`, `num_files`, `prompt`, `filesQueued`, `teams?`, `total_count`, `total`, `id`, `color`, `created_by`, `team_leads`,
	`members`, `tags`, `parent_team_id`, `repositories`, `is_active`, `user_login`, `user_name`, `role`, `joined_at`, `metric`, `platform`,
	`org`, `start_date`, `end_date`, `active_developers`, `developer_pr_data`, `org_context`, `developer`, `author`, `summary`, `login`,
	`commit_count`, `total_prs`, `open_prs`, `closed_prs`, `merged_prs`, `coverage_url`, `tokens?`, `value`, `last4`, `provider`,
	`organization`, `token_id`, `success`, `ok`,
}, "|") + `)$`)

// plainKey matches the unknown keys that may be shown.
var plainKey = regexp.MustCompile(`^[A-Za-z][a-z]*([_-]?[A-Za-z][a-z]*){0,4}$`)

const (
	maxDepth = 12
	anyKey   = "*"
)

// shapeOf describes a body; it returns "not JSON" for anything else than JSON. hidden lists values that must not be
// shown as keys.
func shapeOf(body []byte, hidden []string) shape {
	var value any
	if len(body) == 0 {
		return "empty"
	}
	if json.Unmarshal(body, &value) != nil {
		return "not JSON"
	}
	return describe("", value, hidden, 0)
}

func describe(key string, value any, hidden []string, depth int) shape {
	if depth > maxDepth {
		return "…"
	}
	switch v := value.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case float64:
		return "number"
	case string:
		if slices.Contains(words(key), strings.ToLower(v)) {
			return "string " + v
		}
		return "string"
	case []any:
		var all shape
		for _, element := range v {
			all = merge(all, describe(key, element, hidden, depth+1))
		}
		if all == nil {
			return []shape{}
		}
		return []shape{all}
	case map[string]any:
		return describeObject(v, hidden, depth)
	}
	return "unknown"
}

// describeObject shows the keys of an object. The keys of a map, such as paths and logins, are values; they are shown
// as "*".
func describeObject(object map[string]any, hidden []string, depth int) shape {
	known := 0
	for key := range object {
		if knownKeys.MatchString(key) {
			known++
		}
	}
	out := map[string]shape{}
	for key, value := range object {
		shown := key
		if !knownKeys.MatchString(key) && (known*2 < len(object) || len(key) > 30 || !plainKey.MatchString(key) || isHidden(key, hidden)) {
			shown = anyKey
		}
		out[shown] = merge(out[shown], describe(shown, value, hidden, depth+1))
	}
	return out
}

func isHidden(key string, hidden []string) bool {
	return slices.ContainsFunc(hidden, func(h string) bool { return h != "" && strings.EqualFold(h, key) })
}

// merge returns the shape of a value that has one of two shapes.
func merge(a, b shape) shape {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	if m, ok := a.(map[string]shape); ok {
		if n, ok := b.(map[string]shape); ok {
			for key, value := range n {
				m[key] = merge(m[key], value)
			}
			return m
		}
	}
	if l, ok := a.([]shape); ok {
		if k, ok := b.([]shape); ok {
			switch {
			case len(l) == 0:
				return k
			case len(k) == 0:
				return l
			}
			return []shape{merge(l[0], k[0])}
		}
	}
	texts := append(alternatives(a), alternatives(b)...)
	slices.Sort(texts)
	return strings.Join(slices.Compact(texts), " | ")
}

// alternatives returns the shapes that a text lists; for anything but a text it returns its description.
func alternatives(s shape) []string {
	switch v := s.(type) {
	case string:
		return strings.Split(v, " | ")
	case []shape:
		return []string{"list"}
	}
	return []string{"object"}
}

// find returns the words of the keys that match, anywhere in a shape.
func find(s shape, match func(key string) bool) []string {
	var found []string
	switch v := s.(type) {
	case []shape:
		for _, element := range v {
			found = append(found, find(element, match)...)
		}
	case map[string]shape:
		for key, value := range v {
			if text, ok := value.(string); ok && match(key) {
				for _, alternative := range strings.Split(text, " | ") {
					if word, has := strings.CutPrefix(alternative, "string "); has {
						found = append(found, word)
					}
				}
			}
			found = append(found, find(value, match)...)
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}
