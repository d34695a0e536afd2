// Package config is jpm's vocabulary: every setting is a field of [Config], with its unit, its default and its meaning beside it.
//
// [Load] reads a configuration file and what it includes:
//
//	read -> guard -> parse -> decode -> validate
//	                            |          |
//	                     tags, defaults    accounts, paths, what contradicts what
//
// A configuration that passes is complete: defaults are filled in, users and groups are numbers, and nothing in it is unknown,
// ignored or contradictory. One that does not is an [*Error] that shows the lines and says what would be right.
//
// The tags of the fields drive decoding and the reference alike:
//
//	hcl:"name,label|optional|block"  the name in the file; without a word the setting is required
//	default:"5s"                     what a setting that is left out means, written as in the file
//	unit:"bytes"                     the value is a size ("128M"), "percent": a percentage ("50%"); a time.Duration is always a string with a unit ("5s")
//	oneof:"a,b"                      the only words allowed
//	min:"1" max:"4096"               the range, both ends included, written as in the file
//
// A field without an hcl tag is no setting: validation fills it in.
package config

//go:generate go run ./internal/reference ../docs/config.md
