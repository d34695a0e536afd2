package main

import (
	"fmt"
	"math"
	"slices"
)

// Kind is how the numbers of both sides become one figure.
type Kind int

const (
	// asRatio divides side B by side A, pair by pair.
	asRatio Kind = iota
	// asDifference subtracts side A from side B, pair by pair.
	asDifference
	// asValue takes side B alone.
	asValue
)

// String is the word that a result line begins with.
func (k Kind) String() string {
	return [...]string{"ratio", "difference", "value"}[k]
}

// Figure is how side B did, over pairs of runs that followed each other.
type Figure struct {
	// Value is the median over the pairs.
	Value float64 `json:"value"`
	// GeoMean is the geometric mean of ratios. Far from Value it says that some pairs were disturbed. 0 for other kinds.
	GeoMean float64 `json:"geomean,omitempty"`
	// Low and High are the quartiles: half of the pairs lie between them.
	Low  float64 `json:"low"`
	High float64 `json:"high"`
	// Pairs is each pair's own figure, in order.
	Pairs []float64 `json:"pairs"`
}

// figure compares runs pair by pair; a is not looked at for asValue. Sides of different length, no runs at all, numbers that are none
// and, in ratios, numbers that are not positive are errors.
func figure(kind Kind, a, b []float64) (Figure, error) {
	if kind == asValue {
		a = b
	}
	if len(a) != len(b) || len(a) == 0 {
		return Figure{}, fmt.Errorf("compare %d runs with %d", len(a), len(b))
	}
	var f Figure
	var logs float64
	for i := range a {
		bad := math.IsNaN(a[i]+b[i]) || math.IsInf(a[i]+b[i], 0)
		if bad || kind == asRatio && (a[i] <= 0 || b[i] <= 0) {
			return Figure{}, fmt.Errorf("pair %d: compare %v with %v", i+1, a[i], b[i])
		}
		switch kind {
		case asRatio:
			f.Pairs = append(f.Pairs, b[i]/a[i])
			logs += math.Log(b[i] / a[i])
		case asDifference:
			f.Pairs = append(f.Pairs, b[i]-a[i])
		case asValue:
			f.Pairs = append(f.Pairs, b[i])
		}
	}
	f.Value = median(f.Pairs)
	if kind == asRatio {
		f.GeoMean = math.Exp(logs / float64(len(a)))
	}
	f.Low, f.High = quantile(f.Pairs, 0.25), quantile(f.Pairs, 0.75)
	return f, nil
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
