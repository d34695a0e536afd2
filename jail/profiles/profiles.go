// Package profiles holds the system call profiles as reviewed text; package jail/internal/seccomp describes their language.
//
//	php        a worker that is one process: php-cgi, or any FastCGI program with threads and without children
//	php-exec   php, and programs from the paths in jail.exec
//	generic    workers of other kinds, with processes of their own; they execute nothing
//	proxy      jpm's own proxy: relays between descriptors it was given, opens nothing
//	init       PID 1 of a jail: waits
//	tripwires  what no honest worker calls: the kill class. Included by the others, and no profile may allow any of it
package profiles

import (
	"embed"
	"fmt"
)

//go:embed *.seccomp
var files embed.FS

// Text is the text of the profile called name.
func Text(name string) (string, error) {
	b, err := files.ReadFile(name + ".seccomp")
	if err != nil {
		return "", fmt.Errorf("no profile %q", name)
	}
	return string(b), nil
}
