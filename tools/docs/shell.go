package docs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/codeant-sdk/codeant"
	"github.com/codeant-sdk/codeant/codeanttest"
)

const (
	commandTime = time.Minute
	repo        = "acme/shop"
	commit      = "8f3b2c1d9e7a6b5c4d3e2f1a0b9c8d7e6f5a4b3c"
)

// runner runs the commands of pages in a folder with coverage reports, with the programs of this repository instead of
// those that go would fetch, and with a CodeAnt server.
type runner struct {
	root     string
	programs string
}

// newRunner builds the programs of the repository into dir.
func newRunner(root, dir string) (*runner, error) {
	cmd := exec.Command("go", "build", "-o", dir+string(filepath.Separator), "./examples/...")
	cmd.Dir = root
	if output, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("the programs: %w\n%s", err, output)
	}
	return &runner{root: root, programs: dir}, nil
}

// shell runs a block of commands, without other variables than on a developer's machine.
func (r *runner) shell(b Block) error {
	if b.NotRun != "" {
		if output, err := exec.Command("bash", "-n", "-c", b.Text).CombinedOutput(); err != nil {
			return b.errorf("%v\n%s", err, output)
		}
		return nil
	}
	return r.run(b, []string{b.Text}, map[string]string{
		"CODEANT_PROVIDER": "github", "CODEANT_REPO": repo, "CODEANT_COMMIT": commit, "CODEANT_BRANCH": "main",
	})
}

// mustReach lists for each program the operations that must have reached the server if it succeeded.
var mustReach = map[string]string{"upload-coverage": "coverage.complete", "start-scan": "scans.start", "quality-gates": "gates.start"}

// run runs scripts one after the other in one folder, which $FOLDER in a variable names.
func (r *runner) run(b Block, scripts []string, variables map[string]string) error {
	server, err := codeanttest.Start()
	if err != nil {
		return err
	}
	defer server.Close()
	server.SetGates(codeant.Revision{Provider: codeant.GitHub, Repo: repo, Commit: commit}, map[string]string{"secret": "PASSED"})
	folder, err := r.folder()
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	bin := filepath.Join(r.root, "tools", "docs", "testdata", "bin")
	environment := []string{
		"HOME=" + folder, "PWD=" + folder, "PATH=" + strings.Join([]string{bin, r.programs, "/usr/bin", "/bin"}, ":"),
		"REPOSITORY=" + r.root, "PROGRAMS=" + r.programs,
		codeant.TokenEnv + "=" + server.Token().Reveal(), codeant.BaseURLEnv + "=" + server.URL(),
	}
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		environment = append(environment, name+"="+strings.ReplaceAll(variables[name], "$FOLDER", folder))
	}
	for _, script := range scripts {
		output, err := command(folder, environment, strings.ReplaceAll(script, "$FOLDER", folder))
		if strings.Contains(output, server.Token().Reveal()) {
			return b.errorf("the token is printed")
		}
		code := 0
		if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
			code, err = exit.ExitCode(), nil
		}
		if err != nil || code != b.Exit {
			return b.errorf("exit %d, not %d (%v), of:\n%s\n%s", code, b.Exit, err, script, output)
		}
	}
	return b.reached(server, strings.Join(scripts, "\n"))
}

// reached finds programs that succeeded without doing their work.
func (b Block) reached(server *codeanttest.Server, script string) error {
	if b.Exit != 0 || strings.Contains(script, "-dry-run") {
		return nil
	}
	for program, op := range mustReach {
		called := regexp.MustCompile(`(^|[/\s"])` + program + `"?(@\S+)? +-`).MatchString(script)
		found := slices.ContainsFunc(server.Requests(), func(request codeanttest.RecordedRequest) bool {
			return request.Op == op || program == "quality-gates" && request.Op == "gates.results"
		})
		if called && !found {
			return b.errorf("%s ended well, but no %s reached the server", program, op)
		}
	}
	return nil
}

// folder creates the folder that commands run in.
func (r *runner) folder() (string, error) {
	folder, err := os.MkdirTemp("", "page")
	if err != nil {
		return "", err
	}
	if err := os.CopyFS(folder, os.DirFS(filepath.Join(r.root, "tools", "docs", "testdata", "work"))); err != nil {
		return "", err
	}
	// The pages name steps of .ci/run.
	gate, err := os.ReadFile(filepath.Join(r.root, ".ci", "run"))
	if err != nil {
		return "", err
	}
	var steps []string
	for _, m := range regexp.MustCompile(`(?m)^step_([a-z-]+)\(\)`).FindAllStringSubmatch(string(gate), -1) {
		steps = append(steps, m[1])
	}
	stub := "#!/bin/sh\nfor step; do case \" " + strings.Join(steps, " ") +
		" \" in *\" $step \"*) ;; *) echo no step $step; exit 2;; esac; done\n"
	return folder, errors.Join(os.Mkdir(filepath.Join(folder, ".ci"), 0o755),
		os.WriteFile(filepath.Join(folder, ".ci", "run"), []byte(stub), 0o755),
		os.WriteFile(filepath.Join(folder, ".ci", "dist"), []byte("#!/bin/sh\n"), 0o755))
}

// command runs a script, and kills what it leaves running in the background.
func command(folder string, environment []string, script string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), commandTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", script)
	cmd.Dir, cmd.Env = folder, environment
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	end := func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.Cancel, cmd.WaitDelay = end, time.Second
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	err := cmd.Run()
	if cmd.Process != nil {
		end() // usually nothing is left
	}
	if errors.Is(err, exec.ErrWaitDelay) {
		err = nil // it succeeded, but a background process kept its output open
	}
	return output.String(), err
}
