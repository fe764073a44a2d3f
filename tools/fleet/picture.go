package main

import (
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
)

// picture draws the requests per second of runs over time.
func picture(runs []*run, path string) error {
	p := plot.New()
	p.Title.Text = "Requests per second of " + thousands(runs[0].pipelines) + " pipelines, 503 to every request from minute 1 to minute 6"
	p.X.Label.Text = "minutes"
	p.X.Max = endStarts.Minutes() + 4
	p.Legend.Top = true
	var lines []any
	for _, r := range runs {
		points := plotter.XYs{}
		for second, rate := range r.rates() {
			if second%window == 0 {
				points = append(points, plotter.XY{X: float64(second) / 60, Y: rate})
			}
		}
		lines = append(lines, r.policy.name, points)
	}
	if err := plotutil.AddLines(p, lines...); err != nil {
		return err
	}
	return p.Save(20*vg.Centimeter, 9*vg.Centimeter, path)
}
