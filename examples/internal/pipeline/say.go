package pipeline

import (
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"
)

// sayer tells a person what happens, in the manner of the CI system that shows it.
type sayer struct {
	out, err io.Writer
	github   bool
	azure    bool
	summaryF string
}

func newSayer(env Env) sayer {
	return sayer{
		out: env.Stdout, err: env.Stderr, github: env.get("GITHUB_ACTIONS") == "true", azure: env.get("TF_BUILD") != "",
		summaryF: env.get("GITHUB_STEP_SUMMARY"),
	}
}

// plain makes text that may come from a server harmless for a log that is read for commands: one line, and nothing in it
// that GitHub Actions or Azure Pipelines would obey.
func (s sayer) plain(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)
	return strings.NewReplacer("::", ": :", "##vso[", "## vso[", "##[", "## [", "%0A", "% 0A", "%0a", "% 0a", "%0D", "% 0D", "%0d", "% 0d").Replace(text)
}

func (s sayer) notice(format string, args ...any) {
	fmt.Fprintln(s.out, s.plain(fmt.Sprintf(format, args...)))
}

func (s sayer) warning(format string, args ...any) {
	text := s.plain(fmt.Sprintf(format, args...))
	switch {
	case s.github:
		fmt.Fprintln(s.out, "::warning::"+githubValue(text))
	case s.azure:
		fmt.Fprintln(s.out, "##vso[task.logissue type=warning]"+azureValue(text))
	}
	fmt.Fprintln(s.err, "WARNING: "+text)
}

func (s sayer) failure(program string, err error) {
	text := s.plain(strings.TrimPrefix(err.Error(), "codeant: "))
	switch {
	case s.github:
		fmt.Fprintln(s.out, "::error title="+program+"::"+githubValue(text))
	case s.azure:
		fmt.Fprintln(s.out, "##vso[task.logissue type=error]"+azureValue(text))
	}
	fmt.Fprintln(s.err, program+": "+text)
}

// githubValue escapes the value of a workflow command (GitHub, "Workflow commands for GitHub Actions").
func githubValue(text string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(text)
}

// azureValue escapes the message of a logging command (Microsoft, "Logging commands").
func azureValue(text string) string {
	return strings.NewReplacer("%", "%AZP25", "\r", "%0D", "\n", "%0A").Replace(text)
}

// summary adds a table to the page of a job on GitHub Actions. That it cannot be written is no reason to fail.
func (s sayer) summary(r Result) {
	if s.summaryF == "" {
		return
	}
	f, err := os.OpenFile(s.summaryF, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		s.warning("the summary cannot be written: %v", err)
		return
	}
	defer f.Close()
	io.WriteString(f, s.markdown(r))
}

func (s sayer) markdown(r Result) string {
	var b strings.Builder
	fmt.Fprintf(&b, "### CodeAnt %s: %s\n\n", r.Program, r.Status)
	if r.Error != "" {
		fmt.Fprintf(&b, "%s\n\n", s.cell(r.Error))
	}
	var rows [][]string
	for _, report := range r.Reports {
		rows = append(rows, []string{report.Path, report.Status, fmt.Sprintf("%s %d bytes %s", report.Format, report.Bytes, report.Module)})
	}
	for _, gate := range r.Gates {
		rows = append(rows, []string{gate.Name, gate.Verdict, gate.Status})
	}
	for _, analysis := range r.Analyses {
		rows = append(rows, []string{analysis.Name, analysis.Status, ""})
	}
	if r.Findings != nil {
		rows = append(rows, []string{"findings", fmt.Sprint(r.Findings.Total), counts(r.Findings.BySeverity)})
	}
	if len(rows) > 0 {
		b.WriteString("| | | |\n|---|---|---|\n")
	}
	for _, row := range rows {
		for _, text := range row {
			b.WriteString("| " + s.cell(text) + " ")
		}
		b.WriteString("|\n")
	}
	b.WriteString("\n")
	return b.String()
}

func counts(bySeverity map[string]int) string {
	var texts []string
	for _, severity := range []string{"critical", "high", "medium", "low", "info", "unknown"} {
		if n := bySeverity[severity]; n > 0 {
			texts = append(texts, fmt.Sprintf("%d %s", n, severity))
		}
	}
	return strings.Join(texts, ", ")
}

// cell makes text harmless inside a Markdown table.
func (s sayer) cell(text string) string {
	return strings.NewReplacer("|", "&#124;", "<", "&lt;", ">", "&gt;", "`", "&#96;", "[", "&#91;", "*", "&#42;", "_", "&#95;").Replace(s.plain(text))
}
