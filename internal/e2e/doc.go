// Package e2e tests Jobwright end to end: over HTTP, and with processes that are started and killed.
package e2e
