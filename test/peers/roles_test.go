//go:build integration

package peers

import (
	"fmt"
	"net/http"
	"testing"
)

// authorizerWorker is a relay to a worker that allows what is not for "deny", and knows one password.
func authorizerWorker(t *testing.T) (*relay, *workers) {
	t.Helper()
	socket := socketPath(openDir(t), 0)
	w := lend(t, map[string]int{socket: onStdin(t, socket, libfcgi(t))})
	return serve(t, w), w
}

// TestLighttpdAuthorizer: lighttpd serves a file if a worker in the role of an Authorizer allows it, and the worker's answer if not.
func TestLighttpdAuthorizer(t *testing.T) {
	need(t, "lighttpd")
	root := site(t)
	write(t, root, "inside.txt", "inside")
	r, w := authorizerWorker(t)
	b := &browser{t: t, url: lighttpd(t, root, 0,
		fmt.Sprintf(`fastcgi.server = ( "/" => (( "socket" => "%s", "mode" => "authorizer", "check-local" => "disable", "docroot" => "%s" )) )`, r.unix, root))}
	for range 3 {
		b.get("/inside.txt").want(200, "inside")
		b.get("/inside.txt?deny").want(403, "denied")
	}
	w.wantNoHarm(t)
	if n := len(w.outcomes()); n != 6 {
		t.Errorf("the Authorizer was asked %d times, want 6", n)
	}
}

// TestApacheAuthorizer: Apache's mod_authnz_fcgi asks a worker whether a password is right.
func TestApacheAuthorizer(t *testing.T) {
	need(t, "apache2")
	root := site(t)
	write(t, root, "inside.txt", "inside")
	r, w := authorizerWorker(t)
	b := &browser{t: t, url: apache(t, root, fmt.Sprintf(`
LoadModule authn_core_module %[1]s/mod_authn_core.so
LoadModule authz_user_module %[1]s/mod_authz_user.so
LoadModule auth_basic_module %[1]s/mod_auth_basic.so
LoadModule authnz_fcgi_module %[1]s/mod_authnz_fcgi.so
AuthnzFcgiDefineProvider authn jpm fcgi://%[2]s/
<Location "/inside.txt">
	AuthType Basic
	AuthName "inside"
	AuthBasicProvider jpm
	Require valid-user
</Location>`, apacheModules, r.tcp))}
	for password, status := range map[string]int{"secret": 200, "wrong": 401} {
		for range 3 {
			req, err := http.NewRequest(http.MethodGet, b.url+"/inside.txt", nil)
			if err != nil {
				t.Fatal(err)
			}
			req.SetBasicAuth("somebody", password)
			if a := b.do(req); a.err != nil || a.status != status || status == 200 && a.body != "inside" {
				t.Errorf("with the password %q: %d %q, error %v; want %d", password, a.status, clip(a.body), a.err, status)
			}
		}
	}
	w.wantNoHarm(t)
	if n := len(w.outcomes()); n < 6 {
		t.Errorf("the Authorizer was asked %d times, want 6", n)
	}
}
