package link

import (
	"strings"
	"time"
)

// Denial is a system call that a worker's jail has denied, or several that were only counted. All but Time and Count are for people.
type Denial struct {
	// Time is nanoseconds since 1970, when the call was made.
	Time int64
	// Count is how many calls this is about, at least 1.
	Count uint32
	// Errno, Call and Args are the error's name, the system call's, and its arguments: "" where calls were only counted. They hold no
	// NUL, and the first two are short; what is too long of the last is cut.
	Errno, Call, Args string
}

// When is Time as the rest of Go has it.
func (d Denial) When() time.Time { return time.Unix(0, d.Time) }

// encode makes d the values and the text of a message.
func (d *Denial) encode() ([3]uint32, string) {
	return [3]uint32{uint32(uint64(d.Time) >> 32), uint32(d.Time), d.Count}, d.Errno + "\x00" + d.Call + "\x00" + d.Args
}

func decodeDenial(v [3]uint32, text string) (Denial, bool) {
	f := strings.Split(text, "\x00")
	if len(f) != 3 || v[2] == 0 {
		return Denial{}, false
	}
	return Denial{Time: int64(uint64(v[0])<<32 | uint64(v[1])), Count: v[2], Errno: f[0], Call: f[1], Args: f[2]}, true
}
