package config

import "testing"

// TestOrdinaryUser: what names nobody is the user's who runs jpm, the proxy too.
func TestOrdinaryUser(t *testing.T) {
	cfg, err := load("jpm.hcl", memory{"jpm.hcl": smallest}, shopkeeper{})
	if err != nil {
		t.Fatal(err)
	}
	p := cfg.Pools[0]
	for what, ids := range map[string][2]uint32{"proxy": {cfg.Proxy.UID, cfg.Proxy.GID}, "pool": {p.UID, p.GID}, "socket": {p.Listen[0].UID, p.Listen[0].GID}} {
		if ids != [2]uint32{1001, 1001} {
			t.Errorf("%s: %v, want the shop's 1001, 1001", what, ids)
		}
	}
}

// readOnly is the shop's account looking at somebody's configuration, as jpm status does.
type readOnly struct{ shopkeeper }

func (readOnly) onlySelf() bool { return false }

// TestOrdinaryUserReads: to read what root runs is no mistake.
func TestOrdinaryUserReads(t *testing.T) {
	if _, err := load("jpm.hcl", memory{"jpm.hcl": example}, readOnly{}); err != nil {
		t.Error(err)
	}
}
