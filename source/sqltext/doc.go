// Package sqltext splits SQL scripts into statements and finds the :name parameters of statements, in the dialects of the
// supported databases. It does not parse SQL any further; the databases do.
package sqltext
