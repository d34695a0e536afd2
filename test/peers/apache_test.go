//go:build integration

package peers

import (
	"fmt"
	"testing"
)

const apacheModules = "/usr/lib/apache2/modules"

// apache starts one process of it with these directives, and the defaults but for the names of files.
func apache(t *testing.T, root, directives string) string {
	t.Helper()
	need(t, "apache2")
	dir, addr := openDir(t), freeAddr(t)
	conf := write(t, dir, "apache.conf", fmt.Sprintf(`
ServerRoot %[1]s
DefaultRuntimeDir %[1]s
PidFile %[1]s/pid
ErrorLog /dev/stderr
LogLevel warn
LoadModule mpm_event_module %[5]s/mod_mpm_event.so
LoadModule authz_core_module %[5]s/mod_authz_core.so
LoadModule proxy_module %[5]s/mod_proxy.so
LoadModule proxy_fcgi_module %[5]s/mod_proxy_fcgi.so
User www-data
Group www-data
ServerLimit 1
StartServers 1
ThreadsPerChild 16
MaxRequestWorkers 16
KeepAliveTimeout 1
Listen %[2]s
ServerName site.test
DocumentRoot %[3]s
<Directory %[3]s>
	Require all granted
	AcceptPathInfo on
</Directory>
%[4]s
`, dir, addr, root, directives, apacheModules))
	start(t, nil, nil, "apache2", "-X", "-f", conf)
	waitListening(t, "tcp", addr)
	return "http://" + addr
}

// apacheFiles hands PHP files to a socket, the way Apache's documentation recommends. options are those of the worker's <Proxy> block.
func apacheFiles(socket, options string) string {
	address := "unix:" + socket + "|fcgi://app"
	directives := fmt.Sprintf("<FilesMatch \"\\.php$\">\n\tSetHandler \"proxy:%s\"\n</FilesMatch>\n", address)
	if options != "" {
		directives += fmt.Sprintf("<Proxy \"fcgi://app\" %s>\n</Proxy>\n", options)
	}
	return directives
}
