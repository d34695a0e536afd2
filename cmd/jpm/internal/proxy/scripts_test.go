package proxy

import "testing"

func TestScriptRule(t *testing.T) {
	r := scriptRule{root: "/srv/shop/public", extensions: []string{".php"}, writable: []string{"/srv/shop/public/uploads", "/srv/shop/var"}}
	for _, tt := range []struct{ script, want string }{
		{"/srv/shop/public/index.php", ""},
		{"/srv/shop/public//a/./b.php", ""},
		{"/srv/shop/public/a/../index.php", ""},
		{"", "no SCRIPT_FILENAME"},
		{"index.php", "script is not an absolute path"},
		{"proxy:fcgi://127.0.0.1:9000/srv/shop/public/index.php", "script is not an absolute path"},
		{"/srv/shop/public", "script outside scripts.root"},
		{"/srv/shop/public/../secret.php", "script outside scripts.root"},
		{"/srv/shop/publicity/x.php", "script outside scripts.root"},
		{"/srv/other/index.php", "script outside scripts.root"},
		{"/srv/shop/public/uploads/shell.php", "script under a writable path"},
		{"/srv/shop/public/a/../uploads/shell.php", "script under a writable path"},
		{"/srv/shop/public/uploads/evil.jpg/x.php", "script under a writable path"},
		{"/srv/shop/public/uploads", "script extension not allowed"},
		{"/srv/shop/public/logo.png", "script extension not allowed"},
		{"/srv/shop/public/index.php\x00.png", "script has a NUL byte"},
		{"/srv/shop/public/index.phpx", "script extension not allowed"},
	} {
		if got := r.refuse(tt.script); got != tt.want {
			t.Errorf("refuse(%q) = %q, want %q", tt.script, got, tt.want)
		}
	}
	if got := (&scriptRule{}).refuse(""); got != "" {
		t.Errorf("refuse without a root = %q, want none", got)
	}
}
