// Package database contains what the drivers of SQL databases share, independently of the database: the encoders of values, the
// rows that are written, scripts and their parameters, and lists of names.
package database
