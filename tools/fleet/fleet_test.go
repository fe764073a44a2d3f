package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestGoals(t *testing.T) {
	t.Parallel()
	healthy := simulate(t, policies[0], scenarios[0], 100)
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			assert.Empty(t, simulate(t, policies[0], s, 100).misses(healthy))
		})
	}
}

func TestHealthyFleetIsGreen(t *testing.T) {
	t.Parallel()
	for _, p := range policies {
		red, _ := simulate(t, p, scenarios[0], 100).reds()
		assert.Zero(t, red, p.name)
	}
}
