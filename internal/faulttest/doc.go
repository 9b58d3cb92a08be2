// Package faulttest has what the tests that kill processes share: the processes, scenarios whose jobs write records, and the
// check that each job has written its records exactly once.
package faulttest
