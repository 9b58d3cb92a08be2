package source

import "context"

// Record is one row: a value for each column of its [Schema], in the Go type that the column's [Type] names, or nil.
type Record []any

// Rows is a stream of records. It is read by one goroutine.
type Rows interface {
	// Schema describes the records. It is known before the first of them is read.
	Schema() Schema

	// Next returns the next record, or io.EOF after the last one. The record is the reader's until the next call.
	Next(ctx context.Context) (Record, error)

	// Close frees what the stream holds. It may be called at any time, more than once.
	Close() error
}

// Locator is implemented by [Rows] that know where in their source the last record stood, "line 17" for example, so
// that an error about its values can name the place.
type Locator interface {
	Location() string
}
