// Package docs checks the pages of this repository: their Go compiles, their shell commands and pipelines run against
// package codeanttest, their data can be parsed and their links lead somewhere.
//
// Each code block names its language: go, sh, yaml, json, xml, text or diff; an indented block is sh. An HTML comment
// before the block, which readers do not see, can have instructions for the checker:
//
//	<!-- given: client *codeant.Client, file *os.File -->   variables that a fragment of Go uses (ctx is always there)
//	<!-- module: tools/otel -->                             the module whose requirements a block of Go needs
//	<!-- exit: 1 -->                                        the status with which the commands end
//	<!-- not run: it waits for a signal -->                 a reason why the commands are only parsed
package docs

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

// Page is a Markdown file of the repository.
type Page struct {
	Name   string // below the root, with slashes
	Blocks []Block
	Links  []Link

	anchors []string
}

// Block is a code block.
type Block struct {
	Page string
	Line int // of the first line of its text
	Lang string
	Text string

	Given  string
	Module string
	Exit   int
	NotRun string
}

// Link is a link to another place in the repository.
type Link struct {
	Line   int
	Target string
}

func (b Block) errorf(format string, args ...any) error {
	return fmt.Errorf("%s:%d: %s", b.Page, b.Line, fmt.Sprintf(format, args...))
}

// ReadPages reads all pages below root except those in testdata.
func ReadPages(root string) ([]Page, error) {
	var pages []Page
	err := filepath.WalkDir(root, func(path string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		if entry.IsDir() && path != root && (strings.HasPrefix(name, ".") && name != ".github" || name == "testdata" || name == "dist") {
			return filepath.SkipDir
		}
		if entry.IsDir() || filepath.Ext(name) != ".md" {
			return nil
		}
		source, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		page, err := parsePage(filepath.ToSlash(relative), source)
		pages = append(pages, page)
		return err
	})
	return pages, err
}

func parsePage(name string, source []byte) (Page, error) {
	page := Page{Name: name}
	markdown := goldmark.New(goldmark.WithExtensions(extension.Table), goldmark.WithParserOptions(parser.WithAutoHeadingID()))
	root := markdown.Parser().Parse(text.NewReader(source))
	line := 1 // of the last node with a position; links have none
	err := ast.Walk(root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		if n.Type() == ast.TypeBlock && n.Lines().Len() > 0 {
			line = 1 + bytes.Count(source[:n.Lines().At(0).Start], []byte("\n"))
		}
		switch n := n.(type) {
		case *ast.Heading:
			if id, ok := n.AttributeString("id"); ok {
				page.anchors = append(page.anchors, string(id.([]byte)))
			}
		case *ast.Link:
			if target := string(n.Destination); !strings.Contains(target, ":") {
				page.Links = append(page.Links, Link{Line: line, Target: target})
			}
		case *ast.FencedCodeBlock:
			return ast.WalkContinue, page.add(n, string(n.Language(source)), line, source)
		case *ast.CodeBlock:
			return ast.WalkContinue, page.add(n, "sh", line, source)
		}
		return ast.WalkContinue, nil
	})
	return page, err
}

var directive = regexp.MustCompile(`(?s)^<!--\s*(given|module|exit|not run):\s*(.*?)\s*-->\s*$`)

func (p *Page) add(n ast.Node, lang string, line int, source []byte) error {
	block := Block{Page: p.Name, Line: line, Lang: lang, Text: string(n.Lines().Value(source))}
	for before := n.PreviousSibling(); before != nil && before.Kind() == ast.KindHTMLBlock; before = before.PreviousSibling() {
		comment := string(before.Lines().Value(source))
		if html := before.(*ast.HTMLBlock); html.HasClosure() {
			comment += string(html.ClosureLine.Value(source))
		}
		for single := range strings.SplitAfterSeq(strings.TrimSpace(comment), "-->") {
			if err := block.direct(strings.TrimSpace(single)); err != nil {
				return err
			}
		}
	}
	p.Blocks = append(p.Blocks, block)
	return nil
}

func (b *Block) direct(comment string) error {
	m := directive.FindStringSubmatch(comment)
	if m == nil {
		return nil // a comment for people
	}
	switch m[1] {
	case "given":
		b.Given = m[2]
	case "module":
		b.Module = m[2]
	case "not run":
		b.NotRun = m[2]
	case "exit":
		if _, err := fmt.Sscanf(m[2], "%d", &b.Exit); err != nil {
			return b.errorf("%s is not a status to exit with", comment)
		}
	}
	return nil
}

// checkLinks finds broken links.
func checkLinks(root string, pages []Page) []error {
	var problems []error
	for _, page := range pages {
		for _, link := range page.Links {
			file, anchor, _ := strings.Cut(link.Target, "#")
			target := page.Name
			if file != "" {
				target = filepath.ToSlash(filepath.Join(filepath.Dir(page.Name), file))
			}
			if _, err := os.Stat(filepath.Join(root, target)); err != nil {
				problems = append(problems, fmt.Errorf("%s:%d: the target of the link %s does not exist", page.Name, link.Line, link.Target))
				continue
			}
			at := slices.IndexFunc(pages, func(p Page) bool { return p.Name == target })
			if anchor != "" && (at < 0 || !slices.Contains(pages[at].anchors, anchor)) {
				problems = append(problems, fmt.Errorf("%s:%d: %s has no heading #%s", page.Name, link.Line, target, anchor))
			}
		}
	}
	return problems
}
