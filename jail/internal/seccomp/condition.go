package seccomp

import (
	"fmt"
	"strconv"
	"strings"
)

// condition reads "argN in V V", "argN & MASK in V V" or "argN null".
func condition(s string) (Cond, error) {
	f := strings.Fields(s)
	bad := fmt.Errorf("condition %q is not \"argN [& MASK] in VALUE...\" or \"argN null\"", strings.TrimSpace(s))
	if len(f) < 2 || len(f[0]) != 4 || f[0][:3] != "arg" || f[0][3] < '0' || f[0][3] > '5' {
		return Cond{}, bad
	}
	c := Cond{Arg: int(f[0][3] - '0'), Mask: 0xffffffff}
	if f[1] == "null" && len(f) == 2 {
		c.Null = true
		return c, nil
	}
	f = f[1:]
	if f[0] == "&" && len(f) > 2 {
		m, err := value(f[1])
		if err != nil {
			return Cond{}, err
		}
		c.Mask, f = m, f[2:]
	}
	if f[0] != "in" || len(f) < 2 {
		return Cond{}, bad
	}
	for _, w := range f[1:] {
		v, err := value(w)
		if err != nil {
			return Cond{}, err
		}
		if v&^c.Mask != 0 {
			return Cond{}, fmt.Errorf("%s has bits outside the mask: it never matches", w)
		}
		c.Values = append(c.Values, v)
	}
	return c, nil
}

// value reads numbers and names joined by "|".
func value(s string) (uint32, error) {
	var all uint32
	for _, w := range strings.Split(s, "|") {
		if v, ok := constants[w]; ok {
			all |= v
			continue
		}
		v, err := strconv.ParseUint(w, 0, 32)
		if err != nil {
			return 0, fmt.Errorf("unknown constant %q: write its number, as in 0x%x", w, constants["TCGETS"])
		}
		all |= uint32(v)
	}
	return all, nil
}
