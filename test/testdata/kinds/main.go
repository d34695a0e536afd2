// Command kinds is a FastCGI worker of Go's own package, as its users write them.
package main

import (
	"fmt"
	"log"
	"net/http"
	"net/http/fcgi"
	"os/exec"
)

func main() {
	log.Fatal(fcgi.Serve(nil, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RawQuery == "exec" {
			out, err := exec.Command("/usr/bin/id").CombinedOutput()
			fmt.Fprintf(w, "%s%v", out, err)
			return
		}
		page := make(chan string)
		go func() { page <- "a page" }()
		fmt.Fprint(w, <-page)
	})))
}
