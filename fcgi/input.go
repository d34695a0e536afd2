package fcgi

// input makes unpadded records of the STDIN and DATA content that lies in a buffer between the headers and paddings it came with, in
// place: a header goes right in front of the first piece of content, and later pieces move down only if padding left a gap. The buffer must have
// headerLen free bytes in front of what was read, for content that goes on a record of the read before. The records are buf[from:to].
type input struct {
	buf      []byte
	from, to int
}

// reset starts with an empty buffer.
func (in *input) reset(buf []byte) { *in = input{buf: buf} }

// records are what was put together so far.
func (in *input) records() []byte { return in.buf[in.from:in.to] }

// add makes a record of buf[from:to]; empty content ends the stream. The pieces must be added in order.
func (in *input) add(kind uint8, id uint16, from, to int) {
	if in.from == in.to {
		in.from = from - headerLen
		in.to = in.from
	}
	putHeader(in.buf[in.to:], kind, id, to-from)
	in.to += headerLen
	if in.to != from {
		copy(in.buf[in.to:], in.buf[from:to])
	}
	in.to += to - from
}
