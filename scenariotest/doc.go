// Package scenariotest runs the tests that authors write beside their scenarios, in Temporal's test environment, which
// skips time: a scenario that waits for three days is tested in milliseconds. What touches data is stood in for by what a
// test says of it.
package scenariotest
