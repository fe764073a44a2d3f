package pipeline

import (
	"fmt"
	"sync"

	"github.com/schollz/progressbar/v3"

	"github.com/codeant-sdk/codeant"
)

// Uploading returns what to hand to CoverageUpload.Progress, and what to call when the upload has ended: a bar on a
// terminal, nothing in a log.
func (p *Program) Uploading(name string) (progress func(sent, total int64), done func()) {
	if !p.Terminal {
		return nil, func() {}
	}
	var (
		once sync.Once
		bar  *progressbar.ProgressBar
	)
	progress = func(sent, total int64) {
		once.Do(func() {
			bar = progressbar.NewOptions64(total, progressbar.OptionSetWriter(p.Stderr), progressbar.OptionSetDescription(p.say.plain(name)),
				progressbar.OptionShowBytes(true), progressbar.OptionClearOnFinish())
		})
		_ = bar.Set64(sent) // a bar that cannot be drawn is no reason to fail
	}
	return progress, func() {
		if bar != nil {
			_ = bar.Finish()
		}
	}
}

// Polling returns what to hand to WaitOptions.OnPoll: one line for each change of state, and on a terminal a spinner in
// between.
func (p *Program) Polling(what string) (onPoll func(codeant.Poll), done func()) {
	var spinner *progressbar.ProgressBar
	if p.Terminal {
		spinner = progressbar.NewOptions(-1, progressbar.OptionSetWriter(p.Stderr), progressbar.OptionSetDescription(what),
			progressbar.OptionClearOnFinish(), progressbar.OptionSpinnerType(14))
	}
	last := ""
	onPoll = func(poll codeant.Poll) {
		state := poll.Status
		switch {
		case state == "" && poll.Err != nil:
			state = "no result yet"
		case state == "":
			state = "finished"
		}
		if spinner != nil {
			_ = spinner.Add(1)
		}
		if state != last {
			last = state
			p.Notice("%s", fmt.Sprintf("%s: %s (after %s)", what, state, poll.Elapsed.Round(1e8)))
		}
	}
	return onPoll, func() {
		if spinner != nil {
			_ = spinner.Finish()
		}
	}
}
