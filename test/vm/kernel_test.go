package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"testing"
)

func TestPayload(t *testing.T) {
	image := make([]byte, 3*512+100)
	image[0x1f1] = 2 // sectors of the part before
	copy(image[0x202:], "HdrS")
	binary.LittleEndian.PutUint32(image[0x248:], 10)
	binary.LittleEndian.PutUint32(image[0x24c:], 9)
	copy(image[3*512+10:], "kernel....")
	got, err := payload(image)
	if err != nil || string(got) != "kerne" {
		t.Errorf("payload() = %q, %v, want what is before the length", got, err)
	}
	for name, broken := range map[string][]byte{
		"empty": nil, "no header": make([]byte, 2048), "cut off": image[:3*512+12],
	} {
		if got, err := payload(broken); err == nil {
			t.Errorf("%s: payload() = %q, want an error", name, got)
		}
	}
}

func TestUnpack(t *testing.T) {
	for name, packed := range map[string][]byte{
		"empty": nil, "another packer's": []byte("\x1f\x8b\x08 gzip"), "xz, cut off": []byte("\xfd7zXZ\x00"), "zstd, cut off": []byte("\x28\xb5\x2f\xfd"),
	} {
		if got, err := unpack(packed); err == nil {
			t.Errorf("%s: unpack() = %q, want an error", name, got)
		}
	}
	if _, packed := packer([]byte("\x7fELF")); packed {
		t.Error("a module that is not packed is taken for a packed one")
	}
}

func TestLoadOrder(t *testing.T) {
	below := map[string][]string{
		"9p": {"9pnet", "fscache"}, "fscache": {"netfs"}, "9pnet_virtio": {"virtio", "9pnet", "virtio_ring"}, "virtio": {"virtio_ring"},
	}
	read := 0
	got, err := loadOrder([]string{"9pnet_virtio", "9p", "overlay"}, func(name string) ([]string, error) { read++; return below[name], nil })
	want := []string{"virtio_ring", "virtio", "9pnet", "9pnet_virtio", "netfs", "fscache", "9p", "overlay"}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("loadOrder() = %q, %v, want %q", got, err, want)
	}
	broken := errors.New("broken")
	if _, err := loadOrder([]string{"9p"}, func(name string) ([]string, error) {
		if name == "netfs" {
			return nil, broken
		}
		return below[name], nil
	}); !errors.Is(err, broken) {
		t.Errorf("loadOrder() = %v, want the error of a module two below", err)
	}
	if _, err := needs(bytes.NewReader([]byte("no ELF"))); err == nil {
		t.Error("needs of what is no module: no error")
	}
}
