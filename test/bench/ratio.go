package main

import (
	"fmt"
	"math"
	"slices"
)

// Ratio is how side B did as a multiple of side A, over pairs of runs that followed each other.
type Ratio struct {
	// Value is the median of the pairs' ratios.
	Value float64 `json:"value"`
	// GeoMean is their geometric mean. Far from Value it says that some pairs were disturbed.
	GeoMean float64 `json:"geomean"`
	// Low and High are their quartiles: half of the pairs lie between them.
	Low  float64 `json:"low"`
	High float64 `json:"high"`
	// Pairs is b/a of each pair, in order.
	Pairs []float64 `json:"pairs"`
}

// ratio compares runs pair by pair. Numbers that are not positive, or sides of different length, are an error.
func ratio(a, b []float64) (Ratio, error) {
	if len(a) != len(b) || len(a) == 0 {
		return Ratio{}, fmt.Errorf("compare %d runs with %d", len(a), len(b))
	}
	var r Ratio
	var logs float64
	for i := range a {
		if !(a[i] > 0) || !(b[i] > 0) || math.IsInf(a[i], 0) || math.IsInf(b[i], 0) {
			return Ratio{}, fmt.Errorf("pair %d: compare %v with %v", i+1, a[i], b[i])
		}
		r.Pairs = append(r.Pairs, b[i]/a[i])
		logs += math.Log(b[i] / a[i])
	}
	r.Value = median(r.Pairs)
	r.GeoMean = math.Exp(logs / float64(len(a)))
	r.Low, r.High = quantile(r.Pairs, 0.25), quantile(r.Pairs, 0.75)
	return r, nil
}

// median is the middle of values, which must not be empty.
func median(values []float64) float64 { return quantile(values, 0.5) }

// quantile is the value below which the fraction q of values lies, interpolated between neighbours. values must not be empty.
func quantile(values []float64, q float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	at := q * float64(len(sorted)-1)
	below := int(at)
	if below == len(sorted)-1 {
		return sorted[below]
	}
	return sorted[below] + (at-float64(below))*(sorted[below+1]-sorted[below])
}
