package main

import (
	"math"
	"slices"
	"testing"
)

func TestRatio(t *testing.T) {
	tests := []struct {
		name  string
		a, b  []float64
		value float64
		geo   float64
		low   float64
		high  float64
	}{
		{"one pair", []float64{200}, []float64{150}, 0.75, 0.75, 0.75, 0.75},
		{"odd", []float64{1, 1, 1}, []float64{4, 1, 2}, 2, 2, 1.5, 3},
		{"even", []float64{10, 10, 10, 10}, []float64{5, 10, 20, 40}, 1.5, math.Sqrt2, 0.875, 2.5},
		// Both sides three times slower in the second half: the ratio does not notice.
		{"drift", []float64{1, 1, 3, 3}, []float64{2, 2, 6, 6}, 2, 2, 2, 2},
		// One disturbed pair moves the mean, not the value.
		{"disturbed", []float64{1, 1, 1, 1, 1}, []float64{1, 1, 32, 1, 1}, 1, 2, 1, 1},
	}
	near := func(a, b float64) bool { return math.Abs(a-b) < 1e-9 }
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ratio(tt.a, tt.b)
			if err != nil || !near(got.Value, tt.value) || !near(got.GeoMean, tt.geo) || !near(got.Low, tt.low) || !near(got.High, tt.high) {
				t.Errorf("ratio(%v, %v) = %+v, %v, want %v, %v, %v to %v", tt.a, tt.b, got, err, tt.value, tt.geo, tt.low, tt.high)
			}
			for i := range tt.a {
				if len(got.Pairs) != len(tt.a) || !near(got.Pairs[i], tt.b[i]/tt.a[i]) {
					t.Errorf("ratio(%v, %v).Pairs = %v", tt.a, tt.b, got.Pairs)
				}
			}
		})
	}
}

func TestRatioRefuses(t *testing.T) {
	tests := []struct {
		name string
		a, b []float64
	}{
		{"nothing", nil, nil},
		{"one side", []float64{1}, nil},
		{"an odd run", []float64{1, 2}, []float64{1}},
		{"zero below", []float64{0}, []float64{1}},
		{"zero above", []float64{1}, []float64{0}},
		{"negative", []float64{1}, []float64{-1}},
		{"not a number", []float64{math.NaN()}, []float64{1}},
		{"infinite", []float64{1}, []float64{math.Inf(1)}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, err := ratio(tt.a, tt.b); err == nil {
				t.Errorf("ratio(%v, %v) = %+v, want an error", tt.a, tt.b, got)
			}
		})
	}
}

func TestQuantileLeavesItsInputAlone(t *testing.T) {
	values := []float64{3, 1, 2}
	if got := median(values); got != 2 || !slices.Equal(values, []float64{3, 1, 2}) {
		t.Errorf("median = %v of %v, want 2 of the same", got, values)
	}
}
