package fcgi

import "sync"

// bufferSize holds what a response needs at most: a header block of one full record that is not complete and a whole record behind it.
// The rest makes it a multiple of a page.
const bufferSize = (2*maxRecord + 4095) &^ 4095

// frameSize holds most requests, and what comes of a body with the head. Larger parameters take memory of their own.
const frameSize = 32 << 10

type (
	buffer      = [bufferSize]byte
	frameBuffer = [frameSize]byte
)

// The free ones. A pointer to an array goes in and out of an interface without an allocation.
var (
	buffers      = sync.Pool{New: func() any { return new(buffer) }}
	frameBuffers = sync.Pool{New: func() any { return new(frameBuffer) }}
)

func getBuffer() *buffer  { return buffers.Get().(*buffer) }
func putBuffer(b *buffer) { buffers.Put(b) }
