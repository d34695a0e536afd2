package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"jpm/test/vm/task"
)

func TestHardware(t *testing.T) {
	for cpuinfo, want := range map[string]bool{
		"processor\t: 0\nflags\t\t: fpu vme vmx sse\n":             true,
		"processor\t: 0\nflags\t\t: fpu svm\nbugs\t\t: sysret\n":   true,
		"processor\t: 0\nflags\t\t: fpu vme sse\nmodel\t\t: vmx\n": false,
		"flags\t\t: svmx vmxoff\n":                                 false,
		"":                                                         false,
	} {
		if got := hardware([]byte(cpuinfo)); got != want {
			t.Errorf("hardware(%q) = %v, want %v", cpuinfo, got, want)
		}
	}
	for hardware, want := range map[bool][]string{true: {"-accel", "kvm", "-accel", "tcg,thread=multi"}, false: {"-accel", "tcg,thread=multi"}} {
		if args := (&machine{hardware: hardware}).arguments(); !slices.Equal(args[:len(want)], want) {
			t.Errorf("hardware %v: %q, want %q", hardware, args[:len(want)], want)
		}
	}
}

// Every number of an entry has eight digits, and names and contents begin at multiples of four.
func TestInitramfs(t *testing.T) {
	got, err := initramfs([]byte("program"), []module{{"virtio", []byte("one")}, {"9p", []byte("three")}}, []task.Task{{Name: "first"}})
	if err != nil {
		t.Fatal(err)
	}
	type entry struct{ name, mode, text string }
	var entries []entry
	number := func(at int) (n int) {
		for _, d := range got[at : at+8] {
			n = n<<4 + strings.IndexByte("0123456789abcdef", d)
		}
		return n
	}
	for at := 0; at < len(got); {
		if string(got[at:at+6]) != "070701" {
			t.Fatalf("no entry begins at %d: %q", at, got[at:])
		}
		size, length := number(at+54), number(at+94)
		name := at + 110
		text := (name + length + 3) &^ 3
		entries = append(entries, entry{string(got[name : name+length-1]), string(got[at+14 : at+22]), string(got[text : text+size])})
		at = (text + size + 3) &^ 3
	}
	list, err := json.Marshal([]task.Task{{Name: "first"}})
	if err != nil {
		t.Fatal(err)
	}
	want := []entry{
		{"dev", "000041ed", ""}, {"dev/console", "00002180", ""}, {"init", "000081ed", "program"}, {"tasks", "000081a4", string(list)},
		{"modules", "000041ed", ""}, {"modules/00-virtio.ko", "000081a4", "one"}, {"modules/01-9p.ko", "000081a4", "three"}, {"TRAILER!!!", "00000000", ""},
	}
	if !slices.Equal(entries, want) {
		t.Errorf("entries\n%q\nwant\n%q", entries, want)
	}
}
