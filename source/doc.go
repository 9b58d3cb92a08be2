// Package source is Jobwright's data model: a source holds tables, a table holds records, and a
// schema says what the columns of a record are, both in the source's native types and in the
// standard types that every source shares.
//
// The package does no I/O. The drivers that do live below it, one folder a kind, and implement
// [Source] and whichever of [Reader], [Querier] and [Writer] their kind can keep.
package source
