// Package sqltext splits SQL scripts into statements and finds the :name parameters of statements, in the dialects of the
// supported databases. It parses only the tokens that this requires; the database validates the statements.
package sqltext
