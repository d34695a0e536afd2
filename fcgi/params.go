package fcgi

import (
	"encoding/binary"
	"errors"
)

// errPair says that a length in a name-value stream reaches beyond its end.
var errPair = errors.New("name-value pair: length beyond the end")

// nextPair splits the first name-value pair off b, which is the content of all PARAMS records, or of one GET_VALUES record, joined.
// The slices share b's memory. Both encodings of a length are taken in any mix; a length is compared with what is there
// before it is used, so that one of 2^31-1 costs nothing.
func nextPair(b []byte) (name, value, rest []byte, err error) {
	nameLen, b, ok := pairLength(b)
	if !ok {
		return nil, nil, nil, errPair
	}
	valueLen, b, ok := pairLength(b)
	if !ok {
		return nil, nil, nil, errPair
	}
	// One by one: the sum of two such lengths does not fit everywhere.
	if nameLen > uint64(len(b)) || valueLen > uint64(len(b))-nameLen {
		return nil, nil, nil, errPair
	}
	return b[:nameLen:nameLen], b[nameLen : nameLen+valueLen : nameLen+valueLen], b[nameLen+valueLen:], nil
}

// pairLength decodes one length of one or four bytes.
func pairLength(b []byte) (n uint64, rest []byte, ok bool) {
	if len(b) == 0 {
		return 0, nil, false
	}
	if b[0] < 0x80 {
		return uint64(b[0]), b[1:], true
	}
	if len(b) < 4 {
		return 0, nil, false
	}
	return uint64(binary.BigEndian.Uint32(b) & 0x7fffffff), b[4:], true
}

// appendPair appends one name-value pair in its shortest encoding.
func appendPair(b []byte, name, value string) []byte {
	b = appendLength(b, len(name))
	b = appendLength(b, len(value))
	b = append(b, name...)
	return append(b, value...)
}

func appendLength(b []byte, n int) []byte {
	if n < 0x80 {
		return append(b, byte(n))
	}
	return binary.BigEndian.AppendUint32(b, uint32(n)|0x80000000)
}
