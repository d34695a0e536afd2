package main

import (
	"strings"
	"testing"
)

const (
	withLength = "HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\nhello"
	inChunks   = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nhello\n\r\n1a;x=y\r\nabcdefghijklmnopqrstuvw\r\n0\r\n0\r\n\r\n"
	trailer    = "HTTP/1.1 302 Found\r\ntransfer-encoding: Chunked\r\nCONNECTION: close\r\n\r\n0\r\nChecksum: 0\r\n\r\n"
	noBody     = "HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n"
)

// TestAnswerInPieces: cut anywhere, a response ends with its last byte and not before.
func TestAnswerInPieces(t *testing.T) {
	for _, response := range []string{withLength, inChunks, trailer, noBody} {
		for cut := range len(response) {
			var a answer
			for i, piece := range []string{response[:cut], response[cut:]} {
				done, err := a.feed([]byte(piece))
				if err != nil || done != (i == 1) {
					t.Fatalf("%q cut at %d: piece %d: %v, %v", response, cut, i, done, err)
				}
			}
			if a.closing != (response == trailer) {
				t.Errorf("%q: closing = %v", response, a.closing)
			}
			a.reset()
			if done, err := a.feed([]byte(withLength)); !done || err != nil {
				t.Errorf("the response after %q: %v, %v", response, done, err)
			}
		}
	}
}

func TestAnswerByteByByte(t *testing.T) {
	var a answer
	for i := range len(inChunks) {
		done, err := a.feed([]byte(inChunks[i : i+1]))
		if err != nil || done != (i == len(inChunks)-1) {
			t.Fatalf("byte %d of %q: %v, %v", i, inChunks, done, err)
		}
	}
}

func TestAnswerRefuses(t *testing.T) {
	replaced := func(response, old, new string) string { return strings.Replace(response, old, new, 1) }
	tests := []struct{ name, response, want string }{
		{"bad gateway", replaced(withLength, "200 OK", "502 Bad Gateway"), "502 Bad Gateway"},
		{"not found", replaced(inChunks, "200 OK", "404 Not Found"), "404"},
		{"no HTTP", "SSH-2.0-x\r\n\r\n", "SSH"},
		{"no status", "HTTP/1.1\r\n\r\n", "no response"},
		{"no length", "HTTP/1.1 200 OK\r\n\r\n", "neither"},
		{"length is none", replaced(withLength, "5", "five"), "five"},
		{"negative length", replaced(withLength, "5", "-5"), "-5"},
		{"chunk size is none", replaced(inChunks, "6\r\n", "six\r\n"), "six"},
		{"chunk too long", replaced(inChunks, "6\r\n", "5\r\n"), "behind a chunk"},
		{"surplus", withLength + "!", errSurplus.Error()},
		{"two responses", withLength + withLength, errSurplus.Error()},
		{"endless header", "HTTP/1.1 200 OK\r\n" + strings.Repeat("X: y\r\n", maxHead), "without end"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var a answer
			if done, err := a.feed([]byte(tt.response)); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("feed = %v, %v, want an error with %q", done, err, tt.want)
			}
		})
	}
}
