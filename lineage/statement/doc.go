// Package statement finds the tables and columns that statements of SQL read and write. It parses the text with the parsers of
// the databases themselves where there are any, connects to no database, and reports what the text does not say.
package statement
