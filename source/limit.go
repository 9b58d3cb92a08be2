package source

import (
	"context"
	"io"
)

// Limit returns the first most records of rows.
func Limit(rows Rows, most int64) Rows { return &limited{Rows: rows, most: most} }

type limited struct {
	Rows

	most, count int64
}

func (l *limited) Next(ctx context.Context) (Record, error) {
	if l.count == l.most {
		return nil, io.EOF
	}

	l.count++

	return l.Rows.Next(ctx)
}

// Location tells where the last record stood.
func (l *limited) Location() string { return Location(l.Rows, l.count) }
