package fcgi

import (
	"net/http"
	"testing"
	"time"
)

func TestHeaderTimeout(t *testing.T) {
	const limit = 50 * time.Millisecond
	l := scripted(t, 1, echo)
	path := listen(t, &Proxy{Pick: l.pick, Limits: Limits{HeaderTimeout: limit}})
	c := dial(t, path)
	c.send(begin(1, Responder, flagKeep), rec(recParams, 1, "x"))
	c.want(answer(1, http.StatusRequestTimeout))
	c.wantClosed()
	c = dial(t, path)
	c.send([]byte{1, 1, 0})
	c.wantClosed()
	// At rest there is no limit, before the first request and behind it. What has come in time is in time, however late the thread looks: only where
	// this test itself was too late, it begins anew.
	for inTime := false; !inTime; {
		c = dial(t, path)
		time.Sleep(2 * limit)
		c.send(get(1, flagKeep))
		c.want(page(1, "ok"))
		time.Sleep(2 * limit)
		began := time.Now()
		c.send(get(1, flagKeep)[:20])
		dial(t, path).wantOpen() // by then the thread has seen the first piece
		c.send(get(1, flagKeep)[20:])
		if inTime = time.Since(began) < limit; inTime {
			c.want(page(1, "ok"))
		}
	}
}
