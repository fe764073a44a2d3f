package pipeline

import (
	"fmt"
	"io"
	"strings"
	"sync"
)

// console prints messages for people, in the format of the CI system that shows them.
type console struct {
	*Texts
	mu       sync.Mutex // for whole lines
	out, err io.Writer
	screen   *Screen
	github   bool
	azure    bool
	updating string // the line at the bottom of the terminal that changes; empty if there is none
}

func newConsole(env Env) *console {
	return &console{
		Texts: &Texts{}, out: env.Stdout, err: env.Stderr, screen: env.Screen,
		github: env.get("GITHUB_ACTIONS") == "true", azure: env.get("TF_BUILD") != "",
	}
}

// print writes one line, above the changing line if there is one.
func (c *console) print(w io.Writer, line string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.updating != "" {
		io.WriteString(c.err, "\r\x1b[K")
	}
	io.WriteString(w, line+"\n")
	io.WriteString(c.err, c.updating)
}

// say prints a text, on several lines if the terminal is too narrow.
func (c *console) say(w io.Writer, text string) {
	if c.screen != nil {
		text = wrap(text, c.screen.Width())
	}
	c.print(w, text)
}

// update sets the line at the bottom of the terminal, which must be clean; an empty one removes it.
func (c *console) update(line string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	// The last column stays free: a terminal wraps a line that fills it, and an extra line would remain.
	line = fit(line, c.screen.Width()-1)
	if line != c.updating {
		io.WriteString(c.err, "\r\x1b[K"+line)
		c.updating = line
	}
}

func (c *console) notice(format string, args ...any) {
	c.say(c.out, c.Clean(fmt.Sprintf(format, args...)))
}

// highlight prints a notice that GitHub shows on the page of the run.
func (c *console) highlight(text string) {
	text = c.Clean(text)
	if c.github {
		text = "::notice::" + githubValue(text)
	}
	c.print(c.out, text)
}

func (c *console) warning(format string, args ...any) {
	text := c.Clean(fmt.Sprintf(format, args...))
	c.command("warning", "", text)
	c.say(c.err, "WARNING: "+text)
}

func (c *console) failure(program, text string) {
	text = c.Clean(strings.TrimPrefix(text, "codeant: "))
	c.command("error", " title="+program, text)
	c.say(c.err, program+": "+text)
}

// command prints a clean text so that the CI system shows it on the page of the run.
func (c *console) command(kind, properties, text string) {
	switch {
	case c.github:
		c.print(c.out, "::"+kind+properties+"::"+githubValue(text))
	case c.azure:
		c.print(c.out, "##vso[task.logissue type="+kind+"]"+azureValue(text))
	}
}

// annotate shows a text at a line of a file, in GitHub's view of the changes.
func (c *console) annotate(file string, line int, title, text string) {
	properties := " file=" + githubProperty(c.Clean(file))
	if line > 0 {
		properties += fmt.Sprintf(",line=%d", line)
	}
	c.command("error", properties+",title="+githubProperty(c.Clean(title)), c.Clean(text))
}

// githubValue escapes the value of a workflow command (GitHub, "Workflow commands for GitHub Actions").
func githubValue(text string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(text)
}

// githubProperty escapes a property of a workflow command.
func githubProperty(text string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C").Replace(text)
}

// azureValue escapes the message of a logging command (Microsoft, "Logging commands").
func azureValue(text string) string {
	return strings.NewReplacer("%", "%AZP25", "\r", "%0D", "\n", "%0A").Replace(text)
}
