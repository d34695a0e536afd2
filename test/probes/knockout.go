package probes

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Depth is one probe in jails each of which lacks a layer.
type Depth struct {
	Probe
	// Whole is the outcome in the whole jail.
	Whole string
	// Without is the outcome by the name of the layer that is left out.
	Without map[Layer]string
}

// by is the layer that stops the probe in the whole jail.
func (d *Depth) by() Layer { return d.Stops[d.Whole] }

// Deep reports whether the probe holds without the layer that stops it. known is false where that layer cannot be left out.
func (d *Depth) Deep() (deep, known bool) {
	outcome, known := d.Without[d.by()]
	return known && !d.through(outcome), known
}

// DepthTable are the probes of a knock-out run as Markdown: where a second layer holds, and where none does.
func DepthTable(all []Depth) string {
	var two, unknown strings.Builder
	one := make([]strings.Builder, len(reasons)+1) // by reason; the last is for those that have none
	var n [3]int
	for _, d := range all {
		without := d.Without[d.by()]
		switch deep, known := d.Deep(); {
		case !known:
			n[2]++
			fmt.Fprintf(&unknown, "| %s | %s | %s |\n", d.ID, d.Tries, d.by())
		case deep:
			n[0]++
			fmt.Fprintf(&two, "| %s | %s | %s | %s |\n", d.ID, d.Tries, d.by(), without)
		default:
			n[1]++
			at := alone(d.ID)
			if at < 0 {
				at = len(reasons)
			}
			fmt.Fprintf(&one[at], "| %s | %s | %s | %s |\n", d.ID, d.Tries, d.by(), without)
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d probes are stopped by a second layer when the first is left out, %d are not, and for %d the first cannot be left out.\n", n[0], n[1], n[2])
	b.WriteString("\nOne deep, and why:\n")
	for i := range one {
		if one[i].Len() == 0 {
			continue
		}
		why := "This machine's kernel lacks the second layer"
		if i < len(reasons) {
			why = reasons[i].why
		}
		fmt.Fprintf(&b, "\n%s.\n\n| id | it tries to | stopped by | without it |\n| --- | --- | --- | --- |\n%s", why, one[i].String())
	}
	fmt.Fprintf(&b, "\nTwo deep and more:\n\n| id | it tries to | stopped by | without it |\n| --- | --- | --- | --- |\n%s", two.String())
	if n[2] > 0 {
		fmt.Fprintf(&b, "\nOf a layer without which no jail starts:\n\n| id | it tries to | stopped by |\n| --- | --- | --- |\n%s", unknown.String())
	}
	return b.String()
}

// Leaks are the probes that get through without a layer that is not the one that stops them: they should not.
func Leaks(all []Depth) []string {
	var leaks []string
	for _, d := range all {
		for _, layer := range slices.Sorted(maps.Keys(d.Without)) {
			if layer != d.by() && layer != d.Needs && d.through(d.Without[layer]) {
				leaks = append(leaks, fmt.Sprintf("%s %s: without %s", d.ID, d.Tries, layer))
			}
		}
	}
	return leaks
}
