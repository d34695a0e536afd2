package fcgi

import (
	"fmt"
	"strconv"
)

// values answers GET_VALUES with those of the known names that are asked for.
func (p *parser) values() (step, error) {
	p.reply = append(p.reply[:0], make([]byte, headerLen)...)
	var told [3]bool
	for rest := p.query; len(rest) > 0; {
		var name []byte
		var err error
		if name, _, rest, err = nextPair(rest); err != nil {
			return stepMore, fmt.Errorf("GET_VALUES: %w", err)
		}
		i, value := 0, 0
		switch string(name) {
		case "FCGI_MAX_CONNS":
			i, value = 0, p.maxConns
		case "FCGI_MAX_REQS":
			i, value = 1, p.maxReqs
		case "FCGI_MPXS_CONNS":
			i, value = 2, 1
		default:
			continue
		}
		if !told[i] {
			told[i] = true
			p.reply = appendPair(p.reply, string(name), strconv.Itoa(value))
		}
	}
	putHeader(p.reply, recGetValuesResult, 0, len(p.reply)-headerLen)
	return stepReply, nil
}
