package source

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"
)

// Record is one row: a value for each column of its [Schema], in the Go type that the column's [Type] names, or nil.
type Record []any

// Size tells how many bytes the record's values are: texts, bytes and exact numbers as many as they are long, all else as many
// as Go holds them in, and NULL none.
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

// Rows is a stream of records. It is read by one goroutine.
type Rows interface {
	// Schema describes the records. It is known before the first of them is read.
	Schema() Schema

	// Next returns the next record, or io.EOF itself after the last one, also if it is called again. The cause of another error
	// may be io.EOF too, if a connection was lost for example, so callers compare with ==, as callers of io.Reader do, and not
	// with errors.Is. The record is valid until the next call.
	Next(ctx context.Context) (Record, error)

	// Close frees what the stream holds. It may be called at any time, more than once.
	Close() error
}

// Parts is implemented by [Rows] of a table that several others make up, such as the files that a pattern names.
type Parts interface {
	// Len is how many parts there are.
	Len() int
}

// Locator is implemented by [Rows] that know where in their source the last record stood, "line 17" for example, so
// that an error about its values can name the place.
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
