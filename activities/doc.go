// Package activities implements the data operations: each one is a Temporal activity of the same name, which receives the
// operation's parameters with every expression evaluated. It is the only package that reads and writes the sources of apps
// on behalf of jobs.
//
// An activity runs in attempts (attempt.go). An attempt opens each source once, heartbeats its progress and ends with an
// error that states its code and whether Temporal retries it. A write to a transactional target carries an idempotency key
// (idempotency.go), so that it takes effect once, however many attempts there are.
package activities
