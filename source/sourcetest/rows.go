package sourcetest

import (
	"context"
	"errors"
	"io"
	"slices"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
)

// T is the part of testing.TB that the helpers require.
type T interface {
	require.TestingT
	Helper()
	Context() context.Context
}

// Rows are records in memory.
type Rows struct {
	Columns source.Schema
	Records []source.Record
	Failure error // The error at the end of the records, instead of io.EOF.

	next int
}

// NewRows returns records with columns of those names and types.
func NewRows(columns source.Schema, records ...source.Record) *Rows {
	return &Rows{Columns: columns, Records: records}
}

// Column returns a column of that name and type.
func Column(name string, of source.Standard) source.Column {
	return source.Column{
		Name: name, Native: source.NativeType{Name: of.String(), TypeStr: of.String(), Precision: -1}, Standard: of,
	}
}

// Schema describes the records.
func (r *Rows) Schema() source.Schema { return r.Columns }

// Next returns the next record.
func (r *Rows) Next(ctx context.Context) (source.Record, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}

	if r.next == len(r.Records) {
		if r.Failure != nil {
			return nil, r.Failure
		}

		return nil, io.EOF
	}

	r.next++

	return slices.Clone(r.Records[r.next-1]), nil
}

// Close does nothing.
func (r *Rows) Close() error { return nil }

// ReadAll reads rows to their end and closes them.
func ReadAll(t T, rows source.Rows) []source.Record {
	t.Helper()

	records, err := readAll(t.Context(), rows)
	require.NoError(t, err)

	return records
}

func readAll(ctx context.Context, rows source.Rows) (records []source.Record, err error) {
	defer func() { err = errors.Join(err, rows.Close()) }()

	for {
		record, err := rows.Next(ctx)
		if err == io.EOF {
			return records, nil
		}

		if err != nil {
			return records, err
		}

		records = append(records, slices.Clone(record))
	}
}
