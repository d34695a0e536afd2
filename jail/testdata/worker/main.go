// Command worker is an ordinary multi-threaded Go FastCGI program. Tests run it in jails and ask it to try things.
package main

import (
	"fmt"
	"net/http"
	"net/http/fcgi"
	"os"
)

func main() {
	if err := fcgi.Serve(nil, http.HandlerFunc(serve)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve(w http.ResponseWriter, r *http.Request) {
	fmt.Fprintln(w, "hello")
}
