package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const pipelines = 100

func scenarioNamed(t *testing.T, name string) scenario {
	t.Helper()
	for _, s := range scenarios {
		if s.name == name {
			return s
		}
	}
	require.Fail(t, "no scenario", name)
	return scenario{}
}

func TestNoWaitingPipelineTurnsRed(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"healthy", "blip", "restart", "slow", "brown-out"} {
		_, waiting := simulate(t, policies[0], scenarioNamed(t, name), pipelines).reds()
		assert.Zero(t, waiting, name)
	}
}

func TestHealthyFleetIsGreen(t *testing.T) {
	t.Parallel()
	for _, p := range policies {
		red, _ := simulate(t, p, scenarioNamed(t, "healthy"), pipelines).reds()
		assert.Zero(t, red, p.name)
	}
}

func TestServiceIsNotBuriedAfterAnOutage(t *testing.T) {
	t.Parallel()
	healthy := simulate(t, policies[0], scenarioNamed(t, "healthy"), pipelines)
	for _, name := range []string{"blip", "restart", "slow", "brown-out", "outage"} {
		r := simulate(t, policies[0], scenarioNamed(t, name), pipelines)
		recovery, _ := r.recovery()
		assert.LessOrEqual(t, recovery, 2*time.Minute, name)
		if name == "outage" {
			assert.LessOrEqual(t, r.peak(r.scenario.end(), time.Hour), 2*healthy.mean(), name)
		}
	}
}
