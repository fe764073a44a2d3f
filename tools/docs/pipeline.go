package docs

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/rhysd/actionlint"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"github.com/codeant-sdk/codeant"
)

// system is a CI system whose pipelines are checked and whose commands are run.
type system struct {
	schema    string // file of its JSON schema
	variables map[string]string
}

var systems = map[string]system{
	"github": {variables: map[string]string{
		"GITHUB_ACTIONS": "true", "GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": repo, "GITHUB_SHA": commit,
		"GITHUB_REF": "refs/heads/main", "GITHUB_EVENT_NAME": "push",
	}},
	"gitlab": {schema: "gitlab-ci.json", variables: map[string]string{
		"GITLAB_CI": "true", "CI_PROJECT_DIR": "$FOLDER", "CI_PROJECT_PATH": repo, "CI_SERVER_URL": "https://gitlab.com",
		"CI_COMMIT_SHA": commit, "CI_COMMIT_BRANCH": "main",
	}},
	"bitbucket": {schema: "bitbucket-pipelines.json", variables: map[string]string{
		"BITBUCKET_BUILD_NUMBER": "12", "BITBUCKET_CLONE_DIR": "$FOLDER", "BITBUCKET_REPO_FULL_NAME": repo, "BITBUCKET_COMMIT": commit,
		"BITBUCKET_GIT_HTTP_ORIGIN": "http://bitbucket.org/" + repo, "BITBUCKET_BRANCH": "main",
	}},
	"azure": {schema: "azure-pipelines.json", variables: map[string]string{
		"TF_BUILD": "True", "BUILD_REPOSITORY_PROVIDER": "GitHub", "BUILD_REPOSITORY_NAME": repo,
		"BUILD_REPOSITORY_URI": "https://github.com/" + repo, "BUILD_SOURCEVERSION": commit, "BUILD_SOURCEBRANCH": "refs/heads/main",
	}},
}

// systemOf returns the system that a document is for, by its keys. It is empty for other YAML.
func systemOf(doc map[string]any) string {
	has := func(key string) bool { return doc[key] != nil }
	switch {
	case has("on") && has("jobs"):
		return "github"
	case has("pipelines"):
		return "bitbucket"
	case has("steps"):
		return "azure"
	}
	for _, job := range doc {
		if job, ok := job.(map[string]any); ok && job["script"] != nil {
			return "gitlab"
		}
	}
	return ""
}

// yaml checks a block of YAML. It checks a pipeline against the schema of its system and runs its commands.
func (r *runner) yaml(b Block) error {
	var doc any
	if err := yaml.Unmarshal([]byte(b.Text), &doc); err != nil {
		return b.errorf("%v", err)
	}
	top, _ := doc.(map[string]any)
	name := systemOf(top)
	if name == "" {
		return nil
	}
	if err := r.lint(name, b, doc); err != nil {
		return err
	}
	if b.NotRun != "" {
		return nil
	}
	variables := map[string]string{}
	for key, value := range systems[name].variables {
		variables[key] = value
	}
	var scripts []string
	collect(top, name, variables, &scripts)
	if len(scripts) == 0 {
		return b.errorf("a pipeline without commands")
	}
	return r.run(b, scripts, variables)
}

func (r *runner) lint(name string, b Block, doc any) error {
	if name == "github" {
		return b.lintWorkflow()
	}
	file := filepath.Join(r.root, "tools", "docs", "testdata", "schemas", systems[name].schema)
	schema, err := jsonschema.NewCompiler().Compile(file)
	if err != nil {
		return err
	}
	if err := schema.Validate(doc); err != nil {
		return b.errorf("as a pipeline of %s: %v", name, err)
	}
	return nil
}

func (b Block) lintWorkflow() error {
	linter, err := actionlint.NewLinter(io.Discard, &actionlint.LinterOptions{})
	if err != nil {
		return err
	}
	found, err := linter.Lint(b.Page, []byte(b.Text), nil)
	if err != nil {
		return err
	}
	var problems []error
	for _, f := range found {
		problems = append(problems, fmt.Errorf("%s:%d: %s", b.Page, b.Line+f.Line-1, f.Message))
	}
	return errors.Join(problems...)
}

// collect returns the commands and variables of a pipeline, wherever they are, in order.
func collect(value any, name string, variables map[string]string, scripts *[]string) {
	switch v := value.(type) {
	case []any:
		for _, item := range v {
			collect(item, name, variables, scripts)
		}
	case map[string]any:
		for _, key := range []string{"env", "variables"} {
			values, _ := v[key].(map[string]any)
			for variable, text := range values {
				// A secret comes from the runner itself.
				if text, ok := text.(string); ok && variable != codeant.TokenEnv {
					variables[variable] = os.Expand(plain(name, text, variables), func(used string) string {
						return cmp.Or(variables[used], "$"+used)
					})
				}
			}
		}
		for _, key := range []string{"before_script", "script", "run", "bash"} {
			switch script := v[key].(type) {
			case string:
				*scripts = append(*scripts, plain(name, script, variables))
			case []any:
				lines := make([]string, len(script))
				for i, line := range script {
					lines[i] = fmt.Sprint(line)
				}
				*scripts = append(*scripts, strings.Join(lines, "\n"))
			}
		}
		for _, key := range sequence(v) {
			collect(v[key], name, variables, scripts)
		}
	}
}

// sequence names the members of a pipeline that hold further steps.
func sequence(v map[string]any) []string {
	var keys []string
	for key, member := range v {
		switch key {
		case "env", "variables", "with", "inputs", "definitions", "script", "before_script", "cache":
			continue
		}
		switch member.(type) {
		case map[string]any, []any:
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

var azureMacro = regexp.MustCompile(`\$\(([A-Za-z.]+)\)`)

// plain replaces the macros that Azure Pipelines would replace in a variable or a command.
func plain(name, text string, variables map[string]string) string {
	if name != "azure" {
		return text
	}
	return azureMacro.ReplaceAllStringFunc(text, func(macro string) string {
		switch variable := macro[2 : len(macro)-1]; {
		case variable == "Pipeline.Workspace":
			return "$FOLDER"
		case variables[variable] != "":
			return variables[variable]
		}
		return macro
	})
}
