// Package chaos has a test that breaks a whole Jobwright again and again while it works, and then looks whether each of its
// guarantees held: docs/guarantees.md says which, and prints a long run's table.
//
//	go test ./internal/chaos -count=1 -v -timeout 0 -args -duration 30m -seed 1
package chaos
