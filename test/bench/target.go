package main

import "fmt"

// Target is what a row's figure should be. The zero value is none.
type Target struct {
	sign  string // "≤", "≥" or ""
	limit float64
}

// atMost and atLeast are targets.
func atMost(limit float64) Target  { return Target{"≤", limit} }
func atLeast(limit float64) Target { return Target{"≥", limit} }

// String is the target as it is written, such as "≤ 1.10", and "" without one.
func (t Target) String() string {
	if t.sign == "" {
		return ""
	}
	return fmt.Sprintf("%s %.2f", t.sign, t.limit)
}

// reached tells whether value is good enough. Without a target everything is.
func (t Target) reached(value float64) bool {
	switch t.sign {
	case "≤":
		return value <= t.limit
	case "≥":
		return value >= t.limit
	}
	return true
}

// verdict is reached in a word, "" without a target.
func (t Target) verdict(value float64) string {
	switch {
	case t.sign == "":
		return ""
	case t.reached(value):
		return "reached"
	}
	return "missed"
}
