// Command worker is a FastCGI program that does what its requests say, however wrong. The integration tests run it in a
// jail, in place of php-cgi. It serves one connection at a time, as php-cgi does.
//
// The request's parameter DO names the deed; what they are is in deeds.go.
package main

import (
	"bufio"
	"encoding/binary"
	"io"
	"log"
	"net"
	"os"
)

func main() {
	ln, err := net.FileListener(os.Stdin)
	if err != nil {
		log.Fatal(err)
	}
	for {
		c, err := ln.Accept()
		if err != nil {
			log.Fatal(err)
		}
		serve(c)
		c.Close()
	}
}

// serve answers the requests of one connection until it breaks or a deed ends it.
func serve(c net.Conn) {
	r := bufio.NewReader(c)
	for {
		id, params, ok := read(r)
		if !ok {
			return
		}
		do, known := deeds[params["DO"]]
		if !known {
			do = hello
		}
		if !do(&request{conn: c, id: id, params: params}) {
			return
		}
	}
}

// read reads a whole request, its body included.
func read(r io.Reader) (id uint16, params map[string]string, ok bool) {
	var encoded []byte
	for {
		h := make([]byte, 8)
		if _, err := io.ReadFull(r, h); err != nil {
			return 0, nil, false
		}
		content := make([]byte, binary.BigEndian.Uint16(h[4:]))
		if _, err := io.ReadFull(r, content); err != nil {
			return 0, nil, false
		}
		if _, err := io.CopyN(io.Discard, r, int64(h[6])); err != nil {
			return 0, nil, false
		}
		switch h[1] {
		case typeParams:
			encoded = append(encoded, content...)
		case typeStdin:
			if len(content) == 0 {
				return binary.BigEndian.Uint16(h[2:]), decode(encoded), true
			}
		}
	}
}

// decode reads name-value pairs.
func decode(b []byte) map[string]string {
	params := map[string]string{}
	length := func() int {
		if len(b) == 0 {
			return 0
		}
		if b[0] < 128 {
			n := int(b[0])
			b = b[1:]
			return n
		}
		n := int(binary.BigEndian.Uint32(b) & (1<<31 - 1))
		b = b[4:]
		return n
	}
	for len(b) > 0 {
		n, v := length(), length()
		params[string(b[:n])] = string(b[n : n+v])
		b = b[n+v:]
	}
	return params
}
