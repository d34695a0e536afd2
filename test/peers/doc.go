// Package peers tests the relay with the real programs it meets: web servers on one side, workers on the other, as Debian packages them. The
// workers are not jailed; package test has the jails, with nginx and php-cgi.
//
// The tests need the build tag integration and what test/setup installs. A test whose programs are missing is skipped, or fails if
// JPM_TEST_MUST_RUN is 1.
package peers
