package main

import (
	"math"
	"slices"
	"testing"
)

func TestFigureRatio(t *testing.T) {
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
			got, err := figure(asRatio, tt.a, tt.b)
			if err != nil || !near(got.Value, tt.value) || !near(got.GeoMean, tt.geo) || !near(got.Low, tt.low) || !near(got.High, tt.high) {
				t.Errorf("figure(%v, %v) = %+v, %v, want %v, %v, %v to %v", tt.a, tt.b, got, err, tt.value, tt.geo, tt.low, tt.high)
			}
			for i := range tt.a {
				if len(got.Pairs) != len(tt.a) || !near(got.Pairs[i], tt.b[i]/tt.a[i]) {
					t.Errorf("figure(%v, %v).Pairs = %v", tt.a, tt.b, got.Pairs)
				}
			}
		})
	}
}

func TestFigureRefuses(t *testing.T) {
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
			if got, err := figure(asRatio, tt.a, tt.b); err == nil {
				t.Errorf("figure(%v, %v) = %+v, want an error", tt.a, tt.b, got)
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

func TestFigureOfOtherKinds(t *testing.T) {
	f, err := figure(asDifference, []float64{10, 20, 30}, []float64{15, 18, 42})
	if err != nil || f.Value != 5 || f.Low != 1.5 || f.High != 8.5 || f.GeoMean != 0 || !slices.Equal(f.Pairs, []float64{5, -2, 12}) {
		t.Errorf("difference = %+v, %v, want 5 of 5, -2, 12", f, err)
	}
	f, err = figure(asValue, nil, []float64{0, 0, 3})
	if err != nil || f.Value != 0 || f.High != 1.5 || f.GeoMean != 0 {
		t.Errorf("value = %+v, %v, want 0", f, err)
	}
	for kind, word := range map[Kind]string{asRatio: "ratio", asDifference: "difference", asValue: "value"} {
		if kind.String() != word {
			t.Errorf("kind %d is %q, want %q", kind, kind, word)
		}
		for _, bad := range [][]float64{nil, {math.NaN()}, {math.Inf(-1)}} {
			if f, err := figure(kind, bad, bad); err == nil {
				t.Errorf("%s of %v = %+v, want an error", kind, bad, f)
			}
		}
	}
	if f, err := figure(asDifference, []float64{1}, []float64{1, 2}); err == nil {
		t.Errorf("difference of sides of different length = %+v, want an error", f)
	}
}

func TestTarget(t *testing.T) {
	tests := []struct {
		target  Target
		value   float64
		text    string
		verdict string
	}{
		{atMost(1.1), 1.1, "≤ 1.10", "reached"},
		{atMost(1.1), 1.101, "≤ 1.10", "missed"},
		{atMost(0), 0, "≤ 0.00", "reached"},
		{atMost(0), 1, "≤ 0.00", "missed"},
		{atLeast(0.98), 0.98, "≥ 0.98", "reached"},
		{atLeast(0.98), 0.97, "≥ 0.98", "missed"},
		{Target{}, 17, "", ""},
	}
	for _, tt := range tests {
		if got := tt.target.String(); got != tt.text {
			t.Errorf("target is written %q, want %q", got, tt.text)
		}
		if got := tt.target.verdict(tt.value); got != tt.verdict {
			t.Errorf("%v at %v: %q, want %q", tt.target, tt.value, got, tt.verdict)
		}
	}
}
