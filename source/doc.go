// Package source is Jobwright's data model and the contract of its drivers. A source contains tables, a table contains records,
// and a schema describes the columns of a record, in the source's native types and in the standard types that all sources
// share.
//
// The package does no I/O. The drivers in the packages below it do; they implement [Source] and those of [Reader], [Querier],
// [Writer] and the other interfaces that their kind of source supports.
package source
