package main

import (
	"context"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/codeant-sdk/codeant"
)

// metrics counts what the clients do. The labels have few values: operations, statuses and the organizations served.
type metrics struct {
	attempts *prometheus.CounterVec
	repeats  *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
}

func newMetrics(registry prometheus.Registerer) *metrics {
	m := &metrics{
		attempts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "codeant_attempts_total", Help: "Attempts of requests to CodeAnt and its storage.",
		}, []string{"organization", "operation", "status"}),
		repeats: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "codeant_repeats_total", Help: "Failed attempts that were followed by another one.",
		}, []string{"organization", "operation"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "codeant_attempt_seconds", Help: "Time of an attempt, without the pause after it.",
			Buckets: []float64{.05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, []string{"operation"}),
	}
	registry.MustRegister(m.attempts, m.repeats, m.seconds)
	return m
}

// observe returns the observer of the client of one organization.
func (m *metrics) observe(organization string) func(context.Context, codeant.Attempt) {
	return func(_ context.Context, a codeant.Attempt) {
		status := "none" // no answer came
		if a.StatusCode != 0 {
			status = strconv.Itoa(a.StatusCode)
		}
		m.attempts.WithLabelValues(organization, a.Op, status).Inc()
		m.seconds.WithLabelValues(a.Op).Observe(a.Took.Seconds())
		if a.Pause > 0 {
			m.repeats.WithLabelValues(organization, a.Op).Inc()
		}
	}
}
