package config

import (
	"fmt"
	"regexp"

	"github.com/hashicorp/hcl/v2"
)

// validator checks what the tags cannot say and fills in the fields that have none.
// Each check complains at the setting that is wrong and goes on, so that one run shows all of it.
type validator struct {
	file     string // the main file, for what stands in none
	source   source
	accounts accounts
	diags    hcl.Diagnostics
}

// problem complains about the part of the configuration that key, a pointer as in source, stands for.
func (v *validator) problem(key any, summary, detail string, args ...any) {
	at := v.source.at(key)
	detail = fmt.Sprintf(detail, args...)
	if at == nil {
		detail += "\n\nThis is a default: " + v.file + " does not set it."
	}
	v.diags = append(v.diags, problem(at, summary, "%s", detail))
}

// poolName keeps a name usable as a file name, a label and an argument.
var poolName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$`)

func (v *validator) config(c *Config) {
	v.log(&c.Log)
	v.incidents(&c.Incidents)
	v.proxy(&c.Proxy)
	if len(c.Pools) == 0 {
		v.diags = append(v.diags, problem(nil, "No pools", "Neither %s nor a file that it includes has a pool block.", v.file))
	}
	for i := range c.Pools {
		v.pool(&c.Pools[i])
		v.sockets(c, &c.Pools[i].Jail)
	}
	v.uniqueNames(c.Pools)
	v.uniqueUIDs(c)
	v.uniqueAddresses(c)
	v.outOfReach(c)
}

func (v *validator) log(l *Log) {
	if l.Output != "stderr" {
		v.path(&l.Output, "output", l.Output)
	}
}

func (v *validator) incidents(i *Incidents) {
	if i.Output != "log" {
		v.path(&i.Output, "output", i.Output)
	}
}

func (v *validator) pool(p *Pool) {
	if !poolName.MatchString(p.Name) {
		v.problem(&p.Name, "Invalid name",
			"A pool's name is 1 to 32 letters, digits, \"-\", \"_\" and \".\", and starts with a letter or digit.")
	}
	v.poolUser(p)
	v.listen(p)
	v.command(p)
	v.env(p)
	v.jailPaths(&p.Jail)
	v.profile(p)
	v.limits(&p.Limits)
	v.scripts(p)
	v.php(p)
	if mask, ok := octal(p.Jail.Umask); ok {
		p.Jail.Mask = mask
	} else {
		v.problem(&p.Jail.Umask, "Invalid mask", "umask is three or four octal digits up to 0777, as in umask = \"0022\".")
	}
}

func (v *validator) uniqueNames(pools []Pool) {
	first := map[string]*Pool{}
	for i := range pools {
		p := &pools[i]
		if other, ok := first[p.Name]; ok {
			v.problem(&p.Name, "Duplicate name", "There is a pool %q already, at %s. Every pool needs a name of its own.", clip(p.Name), v.place(&other.Name))
			continue
		}
		first[p.Name] = p
	}
}

// place writes where the thing that key stands for is, as file:line.
func (v *validator) place(key any) string {
	at := v.source.at(key)
	if at == nil {
		return v.file
	}
	return position(*at)
}
