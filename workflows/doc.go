// Package workflows is the interpreter of the scenario language as a Temporal workflow. Its code is deterministic: it
// looks at no clock but the workflow's, at no chance, at no map's order, and does no I/O. Data operations are activities,
// which it calls by the operation's name.
//
// A change to it must replay every history of the golden ones, or be versioned with workflow.GetVersion.
package workflows
