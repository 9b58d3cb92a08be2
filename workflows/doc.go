// Package workflows interprets scenarios as Temporal workflows. Its code is deterministic: it reads no clock but the
// workflow's, no random numbers and no map in its own order, and does no I/O. Data operations are activities, which it
// calls by the operation's name.
//
// A job's state is a [Checkpoint]: a tree of frames, one for each step that has begun and not ended. Long jobs
// periodically continue in a new workflow run, which receives the checkpoint. Running steps finish first.
//
// A change to this package must replay every golden history, or be versioned with workflow.GetVersion.
package workflows
