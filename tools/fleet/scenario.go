package main

import "time"

// A fleet starts within the first minute, and a tenth of it follows in each minute up to the end of starts. What goes wrong
// begins once the first minute is over.
const (
	startTime = time.Minute
	endStarts = 8 * time.Minute
	begin     = time.Minute
)

// scenario is what goes wrong with the service from begin on, for a while.
type scenario struct {
	name     string
	text     string
	lasts    time.Duration
	capacity float64       // share of the usual capacity; 0: every request is answered with 503
	refuse   bool          // nothing listens, and requests under way at begin are reset
	slow     time.Duration // added to every answer
	fatal    bool          // it lasts longer than this client waits without an answer
}

var scenarios = []scenario{
	{name: "healthy", text: "nothing goes wrong"},
	{name: "blip", text: "503 to every request for 45 s", lasts: 45 * time.Second},
	{name: "restart", text: "requests under way are reset, connections refused for 10 s", lasts: 10 * time.Second, refuse: true},
	{
		name: "slow", text: "a deploy: every answer takes 10 s longer for 2 minutes",
		lasts: 2 * time.Minute, capacity: 1, slow: 10 * time.Second,
	},
	{name: "brown-out", text: "half the capacity for 5 minutes", lasts: 5 * time.Minute, capacity: 0.5},
	{name: "outage", text: "503 to every request for 5 minutes", lasts: 5 * time.Minute, fatal: true},
}

func (s scenario) end() time.Duration { return begin + s.lasts }

// at reports whether the scenario is active at a time since the start of the fleet.
func (s scenario) at(since time.Duration) bool { return since >= begin && since < s.end() }
