package fcgi

import "sync"

// bufferSize holds what a response needs at most: a header block of one full record that is not complete and a whole record behind it.
// The rest makes it a multiple of a page.
const bufferSize = (2*maxRecord + 4095) &^ 4095

type buffer = [bufferSize]byte

// buffers are free. A pointer to an array goes in and out of an interface without an allocation.
var buffers = sync.Pool{New: func() any { return new(buffer) }}

func getBuffer() *buffer  { return buffers.Get().(*buffer) }
func putBuffer(b *buffer) { buffers.Put(b) }
