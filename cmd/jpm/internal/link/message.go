package link

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"syscall"
)

// Kind says what a message means.
type Kind uint8

// The kinds, in the order of the picture in the package comment.
const (
	Config Kind = 1 + iota
	Listener
	StatusListener
	Begin
	Ready
	Start
	Started
	StartFailed
	Dial
	Dialed
	DialFailed
	Term
	Kill
	Exited
	Denied
	LogFile
	IncidentFile
	Drain
	numKinds
)

// Side is one end of the link.
type Side uint8

// The two ends.
const (
	Master Side = 1 + iota
	Proxy
)

// rule says who may send a kind and what comes with it.
type rule struct {
	name   string
	from   Side
	files  int  // without gauges
	worker bool // Pool, Slot and Gen name a worker
	pool   bool // Pool names a pool
	values bool // A, B and C are used
	text   bool
}

var rules = [numKinds]rule{
	Config:         {name: "config", from: Master, files: 1},
	Listener:       {name: "listener", from: Master, files: 1, pool: true},
	StatusListener: {name: "status listener", from: Master, files: 1},
	Begin:          {name: "begin", from: Master},
	Ready:          {name: "ready", from: Proxy},
	Start:          {name: "start", from: Proxy, worker: true},
	Started:        {name: "started", from: Master, worker: true, files: 2, values: true},
	StartFailed:    {name: "start failed", from: Master, worker: true, text: true},
	Dial:           {name: "dial", from: Proxy, worker: true},
	Dialed:         {name: "dialed", from: Master, worker: true, files: 1},
	DialFailed:     {name: "dial failed", from: Master, worker: true, text: true},
	Term:           {name: "term", from: Proxy, worker: true},
	Kill:           {name: "kill", from: Proxy, worker: true},
	Exited:         {name: "exited", from: Master, worker: true, values: true, text: true},
	Denied:         {name: "denied", from: Master, worker: true, values: true, text: true},
	LogFile:        {name: "log file", from: Master, files: 1},
	IncidentFile:   {name: "incident file", from: Master, files: 1},
	Drain:          {name: "drain", from: Master},
}

// String returns the kind's name as logs show it.
func (k Kind) String() string {
	if k == 0 || k >= numKinds {
		return fmt.Sprintf("kind %d", uint8(k))
	}
	return rules[k].name
}

// Worker names one life of one worker: the pool's place in the configuration, the slot in the pool, and the
// generation, which grows with every start in that slot.
type Worker struct {
	Pool uint16
	Slot uint16
	Gen  uint64
}

// Message is one message without its descriptors. Which fields mean something depends on Kind; the others are zero.
type Message struct {
	Kind   Kind
	Worker Worker
	// Pid is the worker's process id in the master's pid namespace. Started only.
	Pid int
	// Code, Signal and Core are how the worker ended: exit code if Signal is 0. Exited only.
	Code   int
	Signal syscall.Signal
	Core   bool
	// OOM says that memory ran out, and Refused how often a limit of processes was met. Exited only.
	OOM     bool
	Refused uint32
	// Gauges says which descriptors follow the connection and the log. Started only.
	Gauges Gauges
	// Denial is a system call of the worker's that was denied. Denied only.
	Denial Denial
	// Text is an error for people, at most MaxText bytes, of StartFailed and DialFailed; and of Exited the system call that the worker
	// was killed for, if that is known.
	Text string
}

// Gauges are files of the kernel that tell what a worker uses, each open for reading, in this order. Only the master can open them.
type Gauges uint8

// The gauges.
const (
	Statm      Gauges = 1 << iota // /proc/PID/statm
	PidsEvents                    // pids.events of the worker's cgroup
	PoolPids                      // the same of what the pool's limit refused to all its workers
	allGauges  = Statm | PidsEvents | PoolPids
)

const (
	headSize = 25
	// MaxText is the most bytes of Text; the rest is cut off.
	MaxText   = 2048
	maxPacket = headSize + MaxText
)

// ErrMalformed is wrapped by every error about a packet that no honest peer sends.
var ErrMalformed = errors.New("malformed message")

// append adds m's packet to b.
func (m *Message) append(b []byte) []byte {
	v := [3]uint32{}
	text := m.Text
	switch m.Kind {
	case Denied:
		v, text = m.Denial.encode()
	case Started:
		v[0], v[1] = uint32(m.Pid), uint32(m.Gauges)
	case Exited:
		v[0], v[1], v[2] = uint32(m.Code), uint32(m.Signal), m.Refused<<2
		if m.Core {
			v[2] |= 1
		}
		if m.OOM {
			v[2] |= 2
		}
	}
	b = append(b, byte(m.Kind))
	b = binary.BigEndian.AppendUint16(b, m.Worker.Pool)
	b = binary.BigEndian.AppendUint16(b, m.Worker.Slot)
	b = binary.BigEndian.AppendUint64(b, m.Worker.Gen)
	for _, x := range v {
		b = binary.BigEndian.AppendUint32(b, x)
	}
	return append(b, text[:min(len(text), MaxText)]...)
}

// decode reads one packet that came from side from with nfiles descriptors.
func decode(b []byte, nfiles int, from Side) (Message, error) {
	var m Message
	if len(b) < headSize || len(b) > maxPacket {
		return m, fmt.Errorf("%w: %d bytes", ErrMalformed, len(b))
	}
	m.Kind = Kind(b[0])
	if m.Kind == 0 || m.Kind >= numKinds || rules[m.Kind].from != from {
		return m, fmt.Errorf("%w: %v from the wrong side", ErrMalformed, m.Kind)
	}
	r := rules[m.Kind]
	m.Worker = Worker{binary.BigEndian.Uint16(b[1:]), binary.BigEndian.Uint16(b[3:]), binary.BigEndian.Uint64(b[5:])}
	v := [3]uint32{binary.BigEndian.Uint32(b[13:]), binary.BigEndian.Uint32(b[17:]), binary.BigEndian.Uint32(b[21:])}
	m.Text = string(b[headSize:])
	if m.Kind == Started && v[1] <= uint32(allGauges) {
		m.Gauges = Gauges(v[1])
		r.files += bits.OnesCount8(uint8(m.Gauges))
	}
	switch {
	case nfiles != r.files:
		return m, fmt.Errorf("%w: %v with %d descriptors instead of %d", ErrMalformed, m.Kind, nfiles, r.files)
	case !r.worker && (m.Worker.Slot != 0 || m.Worker.Gen != 0), !r.worker && !r.pool && m.Worker.Pool != 0:
		return m, fmt.Errorf("%w: %v names a worker", ErrMalformed, m.Kind)
	case !r.values && v != [3]uint32{}:
		return m, fmt.Errorf("%w: %v with values", ErrMalformed, m.Kind)
	case !r.text && m.Text != "":
		return m, fmt.Errorf("%w: %v with text", ErrMalformed, m.Kind)
	}
	switch m.Kind {
	case Started:
		if v[1] != uint32(m.Gauges) || v[2] != 0 {
			return m, fmt.Errorf("%w: %v with values", ErrMalformed, m.Kind)
		}
		m.Pid = int(int32(v[0]))
	case Denied:
		var ok bool
		if m.Denial, ok = decodeDenial(v, m.Text); !ok {
			return m, fmt.Errorf("%w: %v that is none", ErrMalformed, m.Kind)
		}
		m.Text = ""
	case Exited:
		m.Code, m.Signal, m.Core = int(int32(v[0])), syscall.Signal(v[1]), v[2]&1 != 0
		m.OOM, m.Refused = v[2]&2 != 0, v[2]>>2
	}
	return m, nil
}
