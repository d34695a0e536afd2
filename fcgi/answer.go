package fcgi

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"go.uber.org/zap"
)

// appendAnswer appends a whole response of our own: a real HTTP answer in STDOUT and a plain end, because web servers take an
// END_REQUEST with OVERLOADED for anything from a 502 to an empty 200.
func appendAnswer(b []byte, id uint16, status int, retryAfter time.Duration) []byte {
	text := http.StatusText(status)
	if text == "" {
		text = "Error"
	}
	line := strconv.Itoa(status) + " " + text
	content := make([]byte, 0, 256)
	content = append(content, "Status: "+line+"\r\nContent-Type: text/plain; charset=utf-8\r\nCache-Control: no-store\r\n"...)
	if retryAfter > 0 {
		seconds := int64((retryAfter + time.Second - 1) / time.Second)
		content = append(content, "Retry-After: "+strconv.FormatInt(seconds, 10)+"\r\n"...)
	}
	content = append(content, "\r\n"+line+"\n"...)
	b = appendRecord(b, recStdout, id, content)
	b = appendHeader(b, recStdout, id, 0)
	return appendEnd(b, id, 0, statusComplete)
}

// conclude tells the client how its request ended, if the worker's answer did not. It is false when the connection is over.
func (c *client) conclude(err error) bool {
	res := &c.res
	if err == nil {
		return !res.ClientGone
	}
	status, retryAfter := http.StatusBadGateway, time.Duration(0)
	var refusal *Refusal
	switch {
	case errors.Is(err, errGone), errors.As(err, &clientError{}):
		res.ClientGone, res.Err = true, nil
		return false
	case errors.Is(err, errAborted):
		res.ClientGone, res.Err = true, nil
		c.answer = appendEnd(c.answer[:0], c.req.ID, 0, statusComplete)
		return c.out.write(c.answer) == nil
	case errors.As(err, &refusal):
		status, retryAfter = refusal.Status, refusal.RetryAfter
	case errors.Is(err, ErrTimeout):
		status = http.StatusGatewayTimeout
	case errors.Is(err, errBody):
		status = http.StatusRequestEntityTooLarge
	case errors.Is(err, errShutdown):
		status = http.StatusServiceUnavailable
	case errors.Is(err, errVersion), errors.Is(err, errRecord), errors.Is(err, errSize):
		c.proxy.Log.Warn("client broke the protocol", zap.Error(err))
		res.Err = err
		return false
	}
	res.Err = err
	if c.begun {
		res.Status = c.resp.header.status
		c.log("answer broken off", res.Status, err)
		return c.breakOff()
	}
	res.Status = status
	c.log("request failed", status, err)
	c.answer = appendAnswer(c.answer[:0], c.req.ID, status, retryAfter)
	if c.out.write(c.answer) != nil {
		res.ClientGone = true
		return false
	}
	return true
}

// log writes one line for a request that failed, if nobody else is told. Overload is no failure and would flood the log.
func (c *client) log(message string, status int, err error) {
	if c.proxy.Account != nil || status == http.StatusServiceUnavailable {
		return
	}
	c.proxy.Log.Warn(message, append(c.req.fields(), zap.Int("status", status), zap.Error(err))...)
}

// breakOff ends an answer that cannot be completed so that the client notices. A close alone does not do: nginx takes it for the end of a
// whole answer where it does not keep connections, and also where it does but fastcgi_buffering is off. A record of another version is an error
// to it always. It is a whole header, because HAProxy waits for the rest of a piece of one and does not see the close; and all of it is zero, so that
// it means nothing either to a client that does not look at the version.
func (c *client) breakOff() bool {
	_ = c.out.write(make([]byte, headerLen))
	return false
}
