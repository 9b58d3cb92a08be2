package source

import (
	"context"
	"fmt"
	"io"
)

// The limits of a record. They keep a query, a file or a response of a few bytes from taking the memory of a worker, so
// sources check them before they read the record.
const (
	MaxRecord  = 64 << 20 // The bytes of a record.
	MaxColumns = 16_384   // The columns of a record: as many as a worksheet has. Databases have lower limits.
)

// RecordTooLarge returns the error of a record of more than [MaxRecord] bytes. location is the record's location, "record 17"
// for example. The error lacks the source's name.
func RecordTooLarge(location string) *Error {
	return &Error{
		Code:    CodeLimitExceeded,
		Message: fmt.Sprintf("%s has more than %d MiB, the limit of a record", location, MaxRecord>>20),
		Hint:    "read fewer columns or parts of the values, or store large values as files",
	}
}

// TooManyColumns returns the error of records with more than [MaxColumns] columns. The error lacks the source's name.
func TooManyColumns() *Error {
	return &Error{
		Code:    CodeLimitExceeded,
		Message: fmt.Sprintf("the records have more than %d columns, the limit of a record", MaxColumns),
		Hint:    "check the separator and the form of the data, or write the values as rows",
	}
}

// Limit returns at most the first limit records of rows.
func Limit(rows Rows, limit int64) Rows { return &limited{Rows: rows, limit: limit} }

type limited struct {
	Rows

	limit, count int64
}

func (l *limited) Next(ctx context.Context) (Record, error) {
	if l.count == l.limit {
		return nil, io.EOF
	}

	l.count++

	return l.Rows.Next(ctx)
}

// Location returns the location of the last record.
func (l *limited) Location() string { return Location(l.Rows, l.count) }
