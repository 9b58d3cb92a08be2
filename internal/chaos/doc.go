// Package chaos tests the guarantees of a whole Jobwright under random faults. The test runs jobs while it kills, suspends
// and disconnects processes, and then verifies each guarantee. docs/guarantees.md lists the guarantees and shows the table
// that a long run printed.
//
//	go test ./internal/chaos -count=1 -v -timeout 0 -args -duration 30m -seed 1
package chaos
