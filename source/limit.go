package source

import (
	"context"
	"io"
)

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
