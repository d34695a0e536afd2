package fcgi

import (
	"net/http"
	"strconv"
	"time"
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
