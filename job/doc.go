// Package job defines the contract between the processes that start jobs and those that run them: the names of workflows,
// activities and messages in Temporal, the input of a job's workflow, its status while it runs, and its outcome.
//
// The JSON of these types is part of every running job's history, so a change must read the histories that exist. The
// golden histories in package workflows verify it.
package job
