package sourcetest

import (
	"fmt"
	"time"

	"github.com/jobwright/jobwright/source"
)

// Orders returns a table with typical columns.
func Orders(records int) (source.Schema, []source.Record) {
	schema := source.Schema{
		Column("id", source.Standard{Type: source.Integer}),
		Column("customer", source.Standard{Type: source.Text}),
		Column("city", source.Standard{Type: source.Text}),
		Column("price", source.Standard{Type: source.Decimal}),
		Column("paid", source.Standard{Type: source.Boolean}),
		Column("placed", source.Standard{Type: source.Timestamp}),
		Column("note", source.Standard{Type: source.Text}),
	}

	var all []source.Record

	for i := range records {
		all = append(all, source.Record{
			int64(i), fmt.Sprintf("customer %d", i%997), []any{"Köln", "Paris", "Rome"}[i%3],
			source.Number(fmt.Sprintf("%d.%02d", i%1_000, i%100)), i%2 == 0,
			time.Date(2024, 2, 29, 12, 30, i%60, 0, time.UTC), nil,
		})
	}

	return schema, all
}

// Endless is content that repeats itself, and counts the bytes that were read.
type Endless struct {
	Begin, Repeat string
	Count         int64
	next          int
}

// Read reads the content.
func (e *Endless) Read(to []byte) (int, error) {
	n := copy(to, e.Begin)
	e.Begin = e.Begin[n:]

	for n < len(to) && e.Begin == "" {
		copied := copy(to[n:], e.Repeat[e.next:])
		n += copied
		e.next = (e.next + copied) % len(e.Repeat)
	}

	e.Count += int64(n)

	return n, nil
}
