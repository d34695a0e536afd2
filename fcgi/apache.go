package fcgi

import (
	"bytes"
	"encoding/binary"
)

// Apache's mod_proxy_fcgi names a script by the address it proxies to, proxy:fcgi://host:port/srv/a.php, unless it is told ProxyFCGIBackendType
// GENERIC. php-fpm knows that, php-cgi and other workers do not. Only the web server writes the begin of a SCRIPT_FILENAME, so it is plain what is meant.
var apachePrefixes = [...][]byte{[]byte("proxy:fcgi://"), []byte("proxy:balancer://")}

// localPath gives the part of a script's name behind Apache's address, and the name itself if there is no such address or no path behind it.
func localPath(script []byte) []byte {
	for _, prefix := range apachePrefixes {
		if rest, ok := bytes.CutPrefix(script, prefix); ok {
			if i := bytes.IndexByte(rest, '/'); i >= 0 {
				return rest[i:]
			}
		}
	}
	return script
}

// localScript takes Apache's address off SCRIPT_FILENAME, in place, and returns the parameters that are left: whoever judges the script and the worker
// that runs it see the same path. Parameters that cannot be read are left to be refused.
func localScript(params []byte) []byte {
	if !bytes.Contains(params, []byte("proxy:")) {
		return params // nearly always, and cheaper to find out than to read the pairs
	}
	for at := 0; at < len(params); {
		name, value, rest, err := nextPair(params[at:])
		if err != nil {
			return params
		}
		next := len(params) - len(rest)
		if string(name) == ScriptFilename.String() {
			path := localPath(value)
			if cut := len(value) - len(path); cut > 0 {
				length := at + 1
				if params[at] >= 0x80 {
					length = at + 4
				}
				// It stays in the encoding that it is in: four bytes may hold a small one too.
				if params[length] < 0x80 {
					params[length] = byte(len(path))
				} else {
					binary.BigEndian.PutUint32(params[length:], uint32(len(path))|0x80000000)
				}
				from := next - len(value)
				params = append(params[:from], params[from+cut:]...)
				next -= cut
			}
		}
		at = next
	}
	return params
}
