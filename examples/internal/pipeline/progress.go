package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/codeant-sdk/codeant"
)

// redraw is how often the changing line is redrawn.
const redraw = 250 * time.Millisecond

// show keeps the line at the bottom of the terminal up to date until stop is called.
func (p *Program) show(line func(now time.Time) string) (stop func()) {
	draw := func(now time.Time) {
		text := line(now)
		if pause := p.pause.text(now); pause != "" {
			text = pause + " (" + text + ")"
		}
		p.say.update(p.say.Clean(text))
	}
	draw(time.Now())
	ticker := time.NewTicker(redraw)
	end, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case now := <-ticker.C:
				draw(now)
			case <-end:
				return
			}
		}
	}()
	return func() {
		ticker.Stop()
		close(end)
		<-ended
		p.say.update("")
	}
}

// pause is the pause before a request is sent again.
type pause struct {
	mu    sync.Mutex
	why   string
	until time.Time
}

func (p *pause) text(now time.Time) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if left := p.until.Sub(now); left > 0 {
		return fmt.Sprintf("%s; trying again in %s", p.why, seconds(left+time.Second/2))
	}
	return ""
}

// observe reports that a request will be sent again: as a line in a log, on a terminal for the length of the pause.
func (p *Program) observe(_ context.Context, a codeant.Attempt) {
	if a.Pause <= 0 {
		return
	}
	who := "CodeAnt"
	if a.Op == "coverage.put" {
		who = "The storage"
	}
	why := who + " could not be reached"
	if a.StatusCode != 0 {
		why = fmt.Sprintf("%s answered %d", who, a.StatusCode)
	}
	if p.Screen == nil {
		p.Notice("%s (%s, attempt %d); trying again in %s", why, a.Op, a.Number, seconds(a.Pause+time.Second/2))
		return
	}
	p.pause.mu.Lock()
	defer p.pause.mu.Unlock()
	p.pause.why, p.pause.until = why, time.Now().Add(a.Pause)
}

// Uploading returns a function for CoverageUpload.Progress and one to call after the upload. They show a bar on a
// terminal, and nothing in a log.
func (p *Program) Uploading(name string) (progress func(sent, total int64), done func()) {
	if p.Screen == nil {
		return nil, func() {}
	}
	b := &bar{name: name, began: time.Now(), width: p.Screen.Width}
	return b.set, p.show(b.line)
}

// bar is the state of an upload.
type bar struct {
	mu          sync.Mutex
	name        string
	width       func() int
	began       time.Time // of the current attempt
	sent, total int64
}

func (b *bar) set(sent, total int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if sent < b.sent { // from the start of the file again
		b.began = time.Now()
	}
	b.sent, b.total = sent, total
}

func (b *bar) line(now time.Time) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	name := shorten(b.name, b.width()/3)
	switch {
	case b.total == 0:
		return "Uploading " + name
	case b.sent == b.total:
		return "Uploading " + name + ": all sent, waiting for the answer"
	}
	const cells = 20
	full := int(b.sent * cells / b.total)
	filled := strings.Repeat("#", full) + strings.Repeat(".", cells-full)
	text := fmt.Sprintf("%s [%s] %d%% of %s", name, filled, b.sent*100/b.total, size(b.total))
	if took := now.Sub(b.began); b.sent > 0 && took >= time.Second {
		speed := float64(b.sent) / took.Seconds()
		left := time.Duration(float64(b.total-b.sent) / speed * float64(time.Second))
		text += fmt.Sprintf(", %s/s, %s left", size(int64(speed)), seconds(left))
	}
	return text
}

// Polling returns a function for WaitOptions.OnPoll and one to call after the wait. They print a line for each change
// of state in a log, and one changing line on a terminal.
func (p *Program) Polling(what string) (onPoll func(codeant.Poll), done func()) {
	w := &watch{what: what, began: time.Now(), states: map[string]string{}}
	done = func() {}
	if p.Screen != nil {
		done = p.show(w.line)
	}
	return func(poll codeant.Poll) {
		name := strings.TrimPrefix(poll.Op, "scans.results.")
		if poll.Op == "gates.results" {
			name = "quality gates"
		}
		if state, changed := w.set(name, poll); changed && p.Screen == nil {
			p.Notice("%s: %s (after %s)", name, state, seconds(poll.Elapsed))
		}
	}, done
}

// watch is the state of a wait.
type watch struct {
	mu     sync.Mutex
	what   string
	began  time.Time
	next   time.Time         // the next poll
	states map[string]string // of each analysis
}

func (w *watch) set(name string, poll codeant.Poll) (state string, changed bool) {
	switch {
	case poll.Status != "":
		state = poll.Status
	case errors.Is(poll.Err, codeant.ErrNotReady):
		state = "no result yet"
	case poll.Err != nil:
		state = "no answer"
	default:
		state = "finished"
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	changed = w.states[name] != state
	w.states[name] = state
	if poll.Pause > 0 {
		w.next = time.Now().Add(poll.Pause)
	}
	return state, changed
}

func (w *watch) line(now time.Time) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var names, states []string
	for name := range w.states {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		states = append(states, name+" "+w.states[name])
	}
	text := fmt.Sprintf("Waiting for the %s, %s", w.what, seconds(now.Sub(w.began)))
	if left := w.next.Sub(now); left > 0 {
		text += ", next look in " + seconds(left)
	}
	if len(states) > 0 {
		text += ": " + strings.Join(states, ", ")
	}
	return text
}

// seconds prints a duration as people say it, in whole seconds. Callers add half a second to round up.
func seconds(d time.Duration) string {
	if d = d.Round(time.Second); d < time.Minute {
		return fmt.Sprintf("%d s", d/time.Second)
	}
	return fmt.Sprintf("%d min %d s", d/time.Minute, d%time.Minute/time.Second)
}

// size prints a number of bytes.
func size(bytes int64) string {
	switch {
	case bytes < 1000:
		return fmt.Sprintf("%d B", bytes)
	case bytes < 1000*1000:
		return fmt.Sprintf("%.0f kB", float64(bytes)/1000)
	}
	return fmt.Sprintf("%.1f MB", float64(bytes)/1000/1000)
}
