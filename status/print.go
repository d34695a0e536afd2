package status

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
)

// Print writes a snapshot as text for a terminal: a table of the pools, one of their workers, and what of their jails
// is not enforced. Control characters in names do not reach the terminal.
func Print(w io.Writer, s Snapshot) error {
	now := time.Now()
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(out, "jpm %s, up %s, proxy %d\n\n", plain(s.Program), age(now.Sub(s.StartTime)), s.ProxyPID)

	fmt.Fprintln(out, "POOL\tACTIVE\tIDLE\tTOTAL\tMAX\tQUEUE\tACCEPTED\tSERVED\tFAILED\tTURNED AWAY\tRECYCLED\tINCIDENTS\tLISTEN")
	for _, p := range s.Pools {
		name := plain(p.Name)
		if p.Draining {
			name += " (draining)"
		}
		fmt.Fprintf(out, "%s\t%d\t%d\t%d\t%d\t%d/%d\t%d\t%d\t%d\t%d\t%d\t%d\t%s\n",
			name, p.Processes.Active, p.Processes.Idle, p.Processes.Total, p.Processes.Max, p.Queue.Length, p.Queue.Limit,
			p.Requests.Accepted, p.Requests.Served, p.Requests.Failed, turnedAway(p), recycled(p), s.Incidents[p.Name].total(),
			plain(strings.Join(p.Listen, " ")))
	}

	fmt.Fprintln(out, "\nPOOL\tSLOT\tPID\tSTATE\tFOR\tREQUESTS\tGENERATION\tLAST REASON")
	for _, p := range s.Pools {
		for _, v := range p.Workers {
			pid, last := "-", "-"
			if v.Pid != 0 {
				pid = fmt.Sprint(v.Pid)
			}
			if v.LastReason != 0 {
				last = v.LastReason.String()
			}
			fmt.Fprintf(out, "%s\t%d\t%s\t%s\t%s\t%d\t%d\t%s\n",
				plain(p.Name), v.Slot, pid, v.State, age(now.Sub(v.Since)), v.Requests, v.Generation, last)
		}
	}

	weak := weaker("(proxy)", s.ProxyJail)
	for _, p := range s.Pools {
		weak = append(weak, weaker(p.Name, s.Jails[p.Name])...)
	}
	if len(weak) > 0 {
		fmt.Fprintln(out, "\nJAIL\tLAYER\tSTATE\tSETTING\tWHY")
	}
	for _, w := range weak {
		fmt.Fprintf(out, "%s\t%s\t%s\t%s\t%s\n", plain(w.jail), plain(w.Layer.Layer), plain(w.State), plain(w.Setting), plain(w.Why))
	}
	for _, p := range s.Pools {
		if p.Bugs > 0 {
			fmt.Fprintf(out, "\npool %s: %d events that cannot happen: please report\n", plain(p.Name), p.Bugs)
		}
	}
	return out.Flush()
}

// weakness is a layer of a jail that is not enforced.
type weakness struct {
	jail string
	Layer
}

func weaker(jail string, layers []Layer) []weakness {
	var all []weakness
	for _, l := range layers {
		if !l.Enforced() {
			all = append(all, weakness{jail, l})
		}
	}
	return all
}

// plain makes text safe for one cell of a table on a terminal.
func plain(s string) string {
	if !slices.ContainsFunc([]rune(s), unprintable) {
		return s
	}
	return strings.Map(func(r rune) rune {
		if unprintable(r) {
			return unicode.ReplacementChar
		}
		return r
	}, s)
}

func unprintable(r rune) bool { return !unicode.IsPrint(r) }

// age shows how long something has lasted, in its two largest units.
func age(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d < 0:
		return "0s"
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < time.Minute:
		return d.Round(100 * time.Millisecond).String()
	case d < time.Hour:
		return fmt.Sprintf("%dm%02ds", d/time.Minute, d%time.Minute/time.Second)
	case d < day:
		return fmt.Sprintf("%dh%02dm", d/time.Hour, d%time.Hour/time.Minute)
	}
	return fmt.Sprintf("%dd%02dh", d/day, d%day/time.Hour)
}
