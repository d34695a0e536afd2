package config

import "github.com/hashicorp/hcl/v2"

// source remembers where in the files each part of a Config was written, so that a contradiction found later can point there.
// Its keys are pointers to fields of the Config, to elements of its lists, and entries of its maps.
type source struct {
	ranges map[any]hcl.Range
	set    map[any]bool // written in a file, not a default
}

// entry is the source key of one entry of the map that m points to.
type entry struct {
	m   *map[string]string
	key string
}

// at returns where the thing that key points to was written, or the block that could have held it, or nil if not even that exists.
func (s source) at(key any) *hcl.Range {
	r, ok := s.ranges[key]
	if !ok || r.Start.Line == 0 {
		return nil
	}
	return &r
}
