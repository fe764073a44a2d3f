package pipeline

import (
	"strings"

	"github.com/rivo/uniseg"
)

// Table prints rows in aligned columns, the first one colored by its word. On a terminal a row takes one line: the last
// column is cut off, and the one before it is shortened in the middle.
func (p *Program) Table(rows [][]string) {
	var widths []int
	for _, row := range rows {
		for i := range row {
			row[i] = p.say.Clean(row[i])
			if p.Screen != nil && i > 0 && i == len(row)-2 {
				row[i] = shorten(row[i], p.Screen.Width()*2/5)
			}
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = min(max(widths[i], uniseg.StringWidth(row[i])), 100)
		}
	}
	for _, row := range rows {
		line := ""
		for i, cell := range row {
			line += cell
			if i < len(row)-1 {
				line += strings.Repeat(" ", max(0, widths[i]-uniseg.StringWidth(cell))+2)
			}
		}
		if p.Screen != nil {
			line = fit(line, p.Screen.Width())
			if color := colors[row[0]]; p.Screen.Color && color != "" && strings.HasPrefix(line, row[0]) {
				line = color + row[0] + "\x1b[0m" + line[len(row[0]):]
			}
		}
		p.say.print(p.Stdout, strings.TrimRight(line, " "))
	}
}

// colors has the colors of severities and verdicts.
var colors = map[string]string{
	"critical": "\x1b[1;31m", "high": "\x1b[31m", "medium": "\x1b[33m", "low": "\x1b[36m", "unknown": "\x1b[35m",
	"failed": "\x1b[31m", "undecided": "\x1b[33m", "passed": "\x1b[32m",
}

// wrap breaks a text between words so that no line has more than the given number of columns, except for a single
// longer word.
func wrap(text string, columns int) string {
	var b strings.Builder
	used := 0
	for i, word := range strings.Split(text, " ") {
		width := uniseg.StringWidth(word)
		switch {
		case i == 0:
		case used+1+width > columns:
			b.WriteString("\n")
			used = 0
		default:
			b.WriteString(" ")
			used++
		}
		b.WriteString(word)
		used += width
	}
	return b.String()
}

// fit cuts a text to the given number of columns.
func fit(text string, columns int) string {
	if uniseg.StringWidth(text) <= columns {
		return text
	}
	return head(text, columns-1) + "…"
}

// shorten removes the middle of a text, because both ends of a path matter.
func shorten(text string, columns int) string {
	if columns < 8 || uniseg.StringWidth(text) <= columns {
		return text
	}
	front := head(text, columns/3)
	back := text[len(front):]
	for uniseg.StringWidth(back) > columns-uniseg.StringWidth(front)-1 {
		_, back, _, _ = uniseg.FirstGraphemeClusterInString(back, -1)
	}
	return front + "…" + back
}

// head returns the beginning of a text that fits into the given number of columns.
func head(text string, columns int) string {
	rest := text
	for state, used := -1, 0; rest != ""; {
		_, after, width, next := uniseg.FirstGraphemeClusterInString(rest, state)
		if used += width; used > columns {
			break
		}
		state, rest = next, after
	}
	return text[:len(text)-len(rest)]
}
