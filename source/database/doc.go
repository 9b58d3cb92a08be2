// Package database contains what the drivers of SQL databases share, independently of the database: encoders of values, quoted
// names, cancelling queries, and the interfaces that each driver implements.
package database
