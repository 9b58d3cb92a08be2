// Package job is what those who start jobs and those who run them agree on: the names under which Temporal knows
// things, the input of a job's workflow, its status while it runs, and its outcome.
//
// What these types look like in JSON is part of every running job's history. A change must be one that older histories
// can be read with; the golden histories hold it.
package job
