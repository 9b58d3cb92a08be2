package source

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"
)

// Record is one row: a value for each column of its [Schema], in the Go type that the column's [Type] documents, or nil for NULL.
type Record []any

// Size returns the size of the record's values in bytes: the length of texts, binary values and exact numbers, the size in
// memory of other values, and 0 for NULL.
func (r Record) Size() int64 {
	size := 0

	for _, value := range r {
		switch v := value.(type) {
		case nil:
		case string:
			size += len(v)
		case Number:
			size += len(v)
		case []byte:
			size += len(v)
		case json.RawMessage:
			size += len(v)
		case bool:
			size++
		case uuid.UUID:
			size += len(v)
		case []any:
			size += int(Record(v).Size())
		default: // Integers, floats and times of any kind.
			size += 8
		}
	}

	return int64(size)
}

// Rows is a stream of records, to be read by one goroutine.
type Rows interface {
	// Schema describes the records. It may be called before the first record is read.
	Schema() Schema

	// Next returns the next record, or io.EOF itself after the last one, also if it is called again. The cause of another error
	// may be io.EOF too, if a connection was lost for example, so callers compare with ==, as callers of io.Reader do, and not
	// with errors.Is. The record is valid until the next call.
	Next(ctx context.Context) (Record, error)

	// Close releases the resources of the stream. It may be called at any time, and more than once.
	Close() error
}

// Parts is implemented by [Rows] of a table that consists of several files, because its name is a pattern.
type Parts interface {
	// Len returns the number of files.
	Len() int
}

// Locator is implemented by [Rows] that can locate the last record in their source, for messages about its values. Location
// returns "line 17", for example.
type Locator interface {
	Location() string
}

// Location returns the location of the last record of rows: as rows report it, if they are a [Locator], and as its number
// otherwise. count is the number of records that have been read.
func Location(rows Rows, count int64) string {
	if locator, ok := rows.(Locator); ok {
		return locator.Location()
	}

	return fmt.Sprintf("record %d", count)
}
