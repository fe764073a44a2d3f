package pipeline

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

const (
	maxSummaryRows = 50
	summaryCell    = 500 // characters
)

// summary adds a table to the page of the job: on GitHub Actions through the file that it names, on Azure Pipelines
// through a file in the agent's temporary directory. If it cannot be written, the program does not fail.
func (p *Program) summary() {
	var err error
	if name := p.get("GITHUB_STEP_SUMMARY"); name != "" {
		err = appendTo(name, p.markdown())
	}
	if dir := p.get("AGENT_TEMPDIRECTORY"); p.say.azure && dir != "" {
		name := filepath.Join(dir, fmt.Sprintf("codeant-%s-%d.md", p.Name, os.Getpid()))
		if azureErr := appendTo(name, p.markdown()); azureErr != nil {
			err = errors.Join(err, azureErr)
		} else {
			p.say.print(p.Stdout, "##vso[task.uploadsummary]"+azureValue(name))
		}
	}
	if err != nil {
		p.Warn("the summary cannot be written: %v", err)
	}
}

func appendTo(name, text string) error {
	f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY|nonblocking, 0o666)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}

func (p *Program) markdown() string {
	r := p.Result
	var b strings.Builder
	fmt.Fprintf(&b, "### CodeAnt %s: %s", r.Program, p.cell(r.Status))
	if r.Repo != "" {
		fmt.Fprintf(&b, ", %s at %s", p.cell(r.Repo), p.cell(fmt.Sprintf("%.7s", r.Commit)))
	}
	b.WriteString("\n\n")
	if r.Error != "" {
		fmt.Fprintf(&b, "%s\n\n", p.cell(r.Error))
	}
	var rows [][]string
	for _, report := range r.Reports {
		rows = append(rows, []string{report.Path, report.Status, fmt.Sprintf("%s, %d bytes %s", report.Format, report.Bytes, report.Module)})
	}
	for _, gate := range r.Gates {
		rows = append(rows, []string{gate.Name, gate.Verdict, gate.Status})
	}
	for _, analysis := range r.Analyses {
		rows = append(rows, []string{analysis.Name, analysis.Status, ""})
	}
	if r.Findings != nil {
		rows = append(rows, []string{"findings", fmt.Sprint(r.Findings.Total), r.Findings.Severities()})
	}
	if len(rows) > 0 {
		b.WriteString("| | | |\n|---|---|---|\n")
	}
	for i, row := range rows {
		if i == maxSummaryRows {
			fmt.Fprintf(&b, "| and %d more: see the log | | |\n", len(rows)-i)
			break
		}
		for _, text := range row {
			b.WriteString("| " + p.cell(text) + " ")
		}
		b.WriteString("|\n")
	}
	b.WriteString("\n")
	return b.String()
}

// Severities counts the findings of each severity, the worst first.
func (f Findings) Severities() string {
	var texts []string
	for _, severity := range []string{"critical", "high", "medium", "low", "info", "unknown"} {
		if n := f.BySeverity[severity]; n > 0 {
			texts = append(texts, fmt.Sprintf("%d %s", n, severity))
		}
	}
	return strings.Join(texts, ", ")
}

// inMarkdown escapes the characters with a meaning in Markdown, HTML or a table. It also breaks up addresses and
// @names, which GitHub would turn into links and mentions.
var inMarkdown = strings.NewReplacer(
	"&", "&amp;", "|", "&#124;", "<", "&lt;", ">", "&gt;", "`", "&#96;", "[", "&#91;", "*", "&#42;", "_", "&#95;", "#", "&#35;",
	"~", "&#126;", "\\", "&#92;", "://", "&#58;//", "www.", "www&#46;", "@", "&#64;",
)

// cell makes text safe inside a table. It cleans before it escapes, because an escaped token would not be found.
func (p *Program) cell(text string) string {
	return inMarkdown.Replace(fit(p.say.Clean(text), summaryCell))
}
