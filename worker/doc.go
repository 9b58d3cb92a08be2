// Package worker runs jobs: it is a Temporal worker with Jobwright's workflows and activities, and the drivers of all kinds of
// sources. It also serves health checks, and removes the results of jobs that Temporal no longer has.
package worker
