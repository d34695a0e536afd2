package fcgi

// walk is what a walker found.
type walk uint8

const (
	walkMore    walk = iota // all of the bytes are used, the record goes on
	walkHeader              // the header is complete, the walker's fields hold it
	walkContent             // the bytes are content of the record
	walkEnd                 // the record is over, its padding skipped
)

// walker finds the records in a stream of bytes that arrives in pieces of any size. It does no I/O and keeps no bytes but those of a
// header that is not complete, so that any reader, a goroutine or an event loop, can feed it. The zero value is at the start of a record.
type walker struct {
	header // of the record in hand, from walkHeader to walkEnd

	at   walk // what is being read: walkMore means a header
	have int  // bytes of raw that are in
	raw  [headerLen]byte
	left int // bytes of content to come
	pad  int // bytes of padding to come
}

// next looks at the front of b and says what it is and how many bytes it takes. It is called until it answers walkMore: the end of a
// record without padding is found in no bytes at all.
func (w *walker) next(b []byte) (walk, int) {
	switch w.at {
	case walkMore:
		n := copy(w.raw[w.have:], b)
		w.have += n
		if w.have < headerLen {
			return walkMore, n
		}
		w.header = readHeader(w.raw[:])
		w.left, w.pad = int(w.length), int(w.padding)
		w.at = walkContent
		return walkHeader, n
	case walkContent:
		if w.left > 0 {
			n := min(len(b), w.left)
			if n == 0 {
				return walkMore, 0
			}
			w.left -= n
			return walkContent, n
		}
		w.at = walkEnd
	}
	n := min(len(b), w.pad)
	w.pad -= n
	if w.pad > 0 {
		return walkMore, n
	}
	w.at, w.have = walkMore, 0
	return walkEnd, n
}

// between says whether the stream stands between two records.
func (w *walker) between() bool {
	return w.at == walkMore && w.have == 0
}
