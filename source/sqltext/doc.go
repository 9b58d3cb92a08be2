// Package sqltext reads SQL as text, as far as a driver must before its database does: where one statement of a script
// ends and the next begins, and where the parameters stand.
package sqltext
