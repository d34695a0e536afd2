// Package pool keeps a site's workers alive and lends them to requests.
package pool
