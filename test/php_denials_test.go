//go:build integration

package test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"jpm/pool"
	"jpm/status"
)

// tryingPHP does what sites do and what intruders do, and prints what came of it.
const tryingPHP = `<?php
switch ($_GET['do']) {
case 'honest':
	session_save_path('/tmp');
	session_start();
	$_SESSION['n'] = 1;
	session_write_close();
	file_put_contents('/tmp/x', date('r'), LOCK_EX);
	@gethostbyname('example.com');
	$s = @fsockopen('127.0.0.1', 25, $e, $m, 1);
	echo preg_match('/h(o+)nest/', 'hooonest'), strlen(password_hash('x', PASSWORD_DEFAULT)), bin2hex(random_bytes(2));
	echo json_encode(array_map('trim', file(__FILE__)));
	phpinfo();
	usleep(1000);
	break;
case 'kill': var_dump(posix_kill(1, 9)); break;
case 'exec': var_dump(@exec('/bin/id')); break;
case 'mail': var_dump(@mail('a@example.com', 's', 'b')); break;
case 'proc_open': var_dump(@proc_open(['/bin/id'], [], $p)); break;
case 'chown': var_dump(@chown('/tmp/x', 0)); break;
case 'setsid': var_dump(posix_setsid()); break;
}
`

// TestPHPDenials: what a script tries is in the log and in the status with its request; what a benign one does is not, so that
// recycling at the first denied call is usable.
func TestPHPDenials(t *testing.T) {
	j := newJPM(t, site{workers: "max = 1", pool: "recycle {\ndenials = 1\n}"})
	if err := os.WriteFile(filepath.Join(j.dir, "site", "try.php"), []byte(tryingPHP), 0o644); err != nil {
		t.Fatal(err)
	}
	j.start()
	ask := func(do string) string {
		return j.exchange(simple(1, false, "SCRIPT_FILENAME", filepath.Join(j.dir, "site", "try.php"), "REQUEST_METHOD", "GET",
			"QUERY_STRING", "do="+do, "REQUEST_URI", "/try.php?do="+do, "REMOTE_ADDR", "192.0.2.7", "REQUEST_ID", "id-of-"+do, "SERVER_PROTOCOL", "HTTP/1.1")).stdout
	}
	for range 3 {
		if out := ask("honest"); !strings.Contains(out, "phpinfo") {
			t.Errorf("an honest script got %q", clip(out))
		}
	}
	if all := j.incidents(); len(all) != 0 || j.pool().Recycles[pool.ReasonDenied] != 0 {
		t.Fatalf("incidents of an honest script: %+v", all)
	}
	for _, c := range []struct{ do, answer, call string }{
		{"kill", "false", "kill"}, {"exec", "false", ""}, {"mail", "false", ""}, {"proc_open", "false", ""}, {"chown", "false", "chown"},
		{"setsid", "-1", "setsid"},
	} {
		t.Run(c.do, func(t *testing.T) {
			j.waitIdle()
			mark := j.log.mark()
			if out := ask(c.do); !strings.Contains(out, c.answer) {
				t.Errorf("it got %q, want %s", clip(out), c.answer)
			}
			j.log.wait(t, mark, line{"msg": "incident", "layer": "seccomp", "action": "denied", "uri": "/try.php?do=" + c.do, "method": "GET",
				"script": "/site/try.php", "client": "192.0.2.7", "request_id": "id-of-" + c.do, "syscall": c.call})
			if all := j.incidents(); len(all) == 0 || all[0].Layer != status.Seccomp || all[0].Request == nil || all[0].URI != "/try.php?do="+c.do {
				t.Errorf("status shows %+v", all)
			}
			j.log.wait(t, mark, line{"msg": "worker", "to": "down", "reason": "denied"})
		})
	}
}
