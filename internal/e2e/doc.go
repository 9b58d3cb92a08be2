// Package e2e holds the tests that use Jobwright from outside: over HTTP, and as processes that are started and killed.
package e2e
