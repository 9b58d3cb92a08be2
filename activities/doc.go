// Package activities holds what touches the world: each data operation is one Temporal activity of the same name, in a
// file of its own. An activity gets the operation's parameters with every expression evaluated.
package activities
