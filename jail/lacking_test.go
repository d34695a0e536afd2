package jail

import (
	"os"
	"testing"
)

// The jail without what a kernel may refuse keeps its other promises.
func TestOldKernels(t *testing.T) {
	h := needRoot(t)
	off := Feature{Why: "a test"}
	read := site(t, map[string]string{"file": "mine", "index.php": "<?php echo 6*7;"})
	for name, change := range map[string]func(*Host){
		"no user namespace": func(h *Host) { h.UserNS = off },
		"no proc":           func(h *Host) { h.Proc = off },
		"no landlock":       func(h *Host) { h.Landlock, h.LandlockABI = off, 0 },
		"first landlock":    func(h *Host) { h.LandlockABI = min(h.LandlockABI, 1) },
		"neither": func(h *Host) {
			h.UserNS, h.Proc, h.NoSymFollow, h.MDWE = off, off, off, off
		},
	} {
		t.Run(name, func(t *testing.T) {
			no := *h
			change(&no)
			p := workerPool()
			p.Jail.Read = []string{read}
			p.Env = map[string]string{"JPM_READ": read}
			s := newSpawner(t, Options{})
			j := compile(t, p, &no)
			if err := s.AddPool(j); err != nil {
				t.Fatal(err)
			}
			w := start(t, s, j)
			want := map[string]string{"nothing": "ok", "threads": "ok", "read-own": "ok", "write-tmp": "ok", "read-shadow": "ENOENT",
				"write-read": "EROFS", "write-root": "EROFS", "proc-1": "ENOENT", "self-mem": "EROFS", "fork": "EPERM", "setuid-0": "EPERM",
				"kill-init": "EPERM", "connect-ip": "EAFNOSUPPORT"}
			if !no.Proc.On {
				want["self-mem"] = "ENOENT"
			}
			for probe, want := range want {
				if got := body(t, w, "", "try="+probe); got != want {
					t.Errorf("%s: %s, want %s", probe, got, want)
				}
			}
			needPHP(t)
			php := phpPool(read)
			j = compile(t, php, &no)
			if err := s.AddPool(j); err != nil {
				t.Fatal(err)
			}
			if got := body(t, start(t, s, j), read+"/index.php", ""); got != "42" {
				t.Errorf("php answers %q, want 42", got)
			}
		})
	}
}

// With the filter left out the other layers hold by themselves, and what the filter hides from the other tests can be asked.
func TestWithoutSeccomp(t *testing.T) {
	h := needRoot(t)
	write := site(t, nil)
	os.Chown(write, siteUID, siteUID)
	p := workerPool()
	p.Jail.Write = []string{write}
	p.Env = map[string]string{"JPM_WRITE": write, "JPM_TCP": "127.0.0.1:1", "JPM_ABSTRACT": "nobody"}
	s := newSpawner(t, Options{skipStep: "seccomp", skipVerify: true})
	j := compile(t, p, h)
	if err := s.AddPool(j); err != nil {
		t.Fatal(err)
	}
	w := start(t, s, j)
	mknod := "EPERM"
	if h.Landlock.On {
		mknod = "EACCES" // asked before the capability is
	}
	mdwe := "ok"
	if !h.MDWE.On {
		mdwe = "EINVAL"
	}
	for probe, want := range map[string]string{
		"securebits-locked": "ok", "mdwe-set": mdwe, "own-keyring": "ok",
		"fork": "ok", "socket-netlink": "ok", // the filter's own work
		"memory-exec": memoryExec(h), "mount-denied": "EPERM", "chroot": "EPERM", "mknod": mknod, "chown": "EPERM",
		"setuid-0": "EPERM", "setgroups": "EPERM", "raise-nofile": "EPERM", "kill-init": "EPERM", "kill-parent": "EPERM",
		"connect-ip": noTCP(h), "self-mem": "EROFS", "write-root": "EROFS", "write-usr": "EROFS", "exec-write": "EACCES", "map-exec-tmp": "EPERM", "socket-raw": "EPERM",
	} {
		if got := body(t, w, "", "try="+probe); got != want {
			t.Errorf("%s: %s, want %s", probe, got, want)
		}
	}
}
