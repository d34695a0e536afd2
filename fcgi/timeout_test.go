package fcgi

import (
	"net/http"
	"testing"
	"time"
)

func TestHeaderTimeout(t *testing.T) {
	l := scripted(t, 1, echo)
	path := listen(t, &Proxy{Pick: l.pick, Limits: Limits{HeaderTimeout: 50 * time.Millisecond}})
	c := dial(t, path)
	c.send(begin(1, Responder, flagKeep), rec(recParams, 1, "x"))
	c.want(answer(1, http.StatusRequestTimeout))
	c.wantClosed()
	c = dial(t, path)
	c.send([]byte{1, 1, 0})
	c.wantClosed()
	// At rest there is no limit, before the first request and behind it.
	c = dial(t, path)
	time.Sleep(100 * time.Millisecond)
	c.send(get(1, flagKeep))
	c.want(page(1, "ok"))
	time.Sleep(100 * time.Millisecond)
	c.send(get(1, flagKeep)[:20])
	time.Sleep(10 * time.Millisecond)
	c.send(get(1, flagKeep)[20:])
	c.want(page(1, "ok"))
}
