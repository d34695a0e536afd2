// Package test drives the built jpm as its users do: behind a real nginx, in front of real php-cgi, in real jails, as root.
//
// Its tests need the build tag integration (make integration). Each starts a jpm of its own from a configuration written
// for it, and at its end checks that nothing is left: no process, mount, socket file or directory, and no descriptor that
// was not there when jpm began to serve.
package test
