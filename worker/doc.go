// Package worker runs jobs: a Temporal worker with Jobwright's workflows and activities, and the drivers of every kind of
// source.
package worker
