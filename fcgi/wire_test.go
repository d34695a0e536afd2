package fcgi

import "fmt"

func appendShow(b []byte, h header, content []byte) []byte {
	return fmt.Appendf(b, "version=%d type=%d id=%d pad=%d len=%d %q", h.version, h.kind, h.id, h.padding, h.length, content)
}

func appendQuoted(b, c []byte) []byte { return fmt.Appendf(b, "%q", c) }

// oneByOne is a stream in records of one byte.
func oneByOne(kind uint8, id uint16, content string) []byte {
	var b []byte
	for i := range content {
		b = append(b, rec(kind, id, content[i:i+1], i%3)...)
	}
	return b
}

// long is a pair whose lengths are encoded in four bytes.
func long(name, value string) string {
	l := func(n int) string { return string([]byte{0x80, 0, byte(n >> 8), byte(n)}) }
	return l(len(name)) + l(len(value)) + name + value
}
