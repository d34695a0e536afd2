package fcgi

import "encoding/binary"

// Record types, section 8 of the specification.
const (
	recBeginRequest    = 1
	recAbortRequest    = 2
	recEndRequest      = 3
	recParams          = 4
	recStdin           = 5
	recStdout          = 6
	recStderr          = 7
	recData            = 8
	recGetValues       = 9
	recGetValuesResult = 10
	recUnknownType     = 11
)

// Role is what a request asks the application to be.
type Role uint16

// The roles of the specification, section 6.
const (
	Responder  Role = 1
	Authorizer Role = 2
	Filter     Role = 3
)

// Protocol status of an END_REQUEST record, section 5.5.
const (
	statusComplete    = 0
	statusCantMpxConn = 1
	statusUnknownRole = 3
)

const (
	version1    = 1
	flagKeep    = 1 // FCGI_KEEP_CONN, the only flag there is
	headerLen   = 8
	bodyLen     = 8 // content of BEGIN_REQUEST, END_REQUEST and UNKNOWN_TYPE
	maxContent  = 65535
	maxRecord   = headerLen + maxContent + 255
	beginLen    = headerLen + bodyLen
	endLen      = headerLen + bodyLen
	offVersion  = 0
	offReserved = 7
)

// header is the eight bytes in front of every record.
type header struct {
	version uint8
	kind    uint8
	id      uint16
	length  uint16 // bytes of content
	padding uint8  // bytes behind the content that mean nothing
}

// readHeader decodes the first eight bytes of b.
func readHeader(b []byte) header {
	_ = b[headerLen-1]
	return header{
		version: b[0],
		kind:    b[1],
		id:      binary.BigEndian.Uint16(b[2:]),
		length:  binary.BigEndian.Uint16(b[4:]),
		padding: b[6],
	}
}

// size is the record's length in bytes: header, content and padding.
func (h header) size() int {
	return headerLen + int(h.length) + int(h.padding)
}

// putHeader encodes the header of an unpadded record into the first eight bytes of b. length is at most maxContent.
func putHeader(b []byte, kind uint8, id uint16, length int) {
	_ = b[headerLen-1]
	b[0] = version1
	b[1] = kind
	binary.BigEndian.PutUint16(b[2:], id)
	binary.BigEndian.PutUint16(b[4:], uint16(length))
	b[6] = 0
	b[7] = 0
}

// appendHeader appends the header of an unpadded record.
func appendHeader(b []byte, kind uint8, id uint16, length int) []byte {
	var h [headerLen]byte
	putHeader(h[:], kind, id, length)
	return append(b, h[:]...)
}

// appendRecord appends one unpadded record. content is at most maxContent bytes.
func appendRecord(b []byte, kind uint8, id uint16, content []byte) []byte {
	return append(appendHeader(b, kind, id, len(content)), content...)
}

// putBegin encodes a BEGIN_REQUEST record into the first sixteen bytes of b.
func putBegin(b []byte, id uint16, role Role, flags uint8) {
	putHeader(b, recBeginRequest, id, bodyLen)
	binary.BigEndian.PutUint16(b[headerLen:], uint16(role))
	b[headerLen+2] = flags
	clear(b[headerLen+3 : beginLen])
}

// appendEnd appends an END_REQUEST record.
func appendEnd(b []byte, id uint16, appStatus uint32, protocolStatus uint8) []byte {
	b = appendHeader(b, recEndRequest, id, bodyLen)
	b = binary.BigEndian.AppendUint32(b, appStatus)
	return append(b, protocolStatus, 0, 0, 0)
}

// appendUnknownType appends the answer to a management record of a type that is not known.
func appendUnknownType(b []byte, kind uint8) []byte {
	b = appendHeader(b, recUnknownType, 0, bodyLen)
	return append(b, kind, 0, 0, 0, 0, 0, 0, 0)
}
