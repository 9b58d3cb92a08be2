package csv_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/format/csv"
)

// outcome is everything that reading a file returns.
type outcome struct {
	Records   []string
	Locations []string
	Rejects   []source.Reject
	Err       error
}

func (o *outcome) add(record source.Record, location string) {
	o.Records = append(o.Records, fmt.Sprintf("%#v", record)) // Distinguishes -0 from 0.
	o.Locations = append(o.Locations, location)
}

// fragments generates parts of files. Many of them are wrong somewhere.
func fragments() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.SampledFrom([]string{
			"\n", "\r\n", "\r", ",", ",", "\t", "\"", "\"\"", "'", "''", "a", "é", "→", "\xff", "\\N", "x", " ", "\ufeff", "1.50", "-0", "007",
			"2024-02-29", "2023-02-29", "true", "\n\n", "\r\n\r\n", "\"a,\nb\"", "\"\r\"", "\"say \"\"x\"\"\"",
		}),
		rapid.SampledFrom([]string{"1,2024-02-29\n", "2,\r\n", "\"3\",\"2024-01-01\"\n", "x,y\n", "1,2,3\n", ",\n", "4,2024-02-28\r"}),
	)
}

// comparison is one way to read a file, record by record and in batches.
type comparison struct {
	file    string
	read    source.Read
	size    int // The size of a chunk.
	single  int // The number of records that are read before the batches.
	rejects int // The number of records that are rejected before an error: 0 for none, and 4 for all.
}

func drawComparison(r *rapid.T) *comparison {
	types := []map[string]source.Standard{
		nil,
		{"a": {Type: source.Integer}, "b": {Type: source.Date}},
		{"column1": {Type: source.Float}, "a": {Type: source.Decimal, Precision: 3, Scale: 2}, "b": {Type: source.Boolean}},
	}
	formats := append(formats(), source.Format{Quote: "'"}, source.Format{Notation: source.Notation{Trim: true}},
		source.Format{Notation: source.Notation{DecimalSeparator: "."}, Null: "x"})

	header := rapid.SampledFrom([]string{"a,b\n", "a,b\r\n", "a\n", "a\tb\n", ""}).Draw(r, "header")

	return &comparison{
		file:    header + strings.Join(rapid.SliceOf(fragments()).Draw(r, "file"), ""),
		size:    rapid.IntRange(1, 60).Draw(r, "size"),
		single:  rapid.IntRange(0, 3).Draw(r, "single"),
		rejects: rapid.IntRange(0, 4).Draw(r, "rejects"),
		read: source.Read{
			Format: rapid.SampledFrom(formats).Draw(r, "format"), Types: rapid.SampledFrom(types).Draw(r, "types"),
		},
	}
}

func (c *comparison) open(r *rapid.T, o *outcome) (*csv.Rows, error) {
	read := c.read
	if c.rejects > 0 {
		read.Reject = func(reject source.Reject) error {
			o.Rejects = append(o.Rejects, reject)
			if c.rejects < 4 && len(o.Rejects) == c.rejects {
				return errors.New("too many")
			}

			return nil
		}
	}

	var from io.Reader = strings.NewReader(c.file)
	if rapid.Bool().Draw(r, "slow") {
		from = iotest.OneByteReader(from)
	}

	return csv.NewReader(from, read)
}

// next adds the next record of rows, or the error.
func (o *outcome) next(ctx context.Context, rows *csv.Rows) {
	var record source.Record
	if record, o.Err = rows.Next(ctx); o.Err == nil {
		o.add(record, rows.Location())
	}
}

// addBatches adds the records of batches, and the error after them.
func (o *outcome) addBatches(r *rapid.T, batches source.Batches) {
	for o.Err == nil {
		var batch *source.Batch
		if batch, o.Err = batches.NextBatch(r.Context()); o.Err != nil {
			break
		}

		require.Positive(r, batch.Len)

		for _, column := range batch.Columns {
			require.Equal(r, batch.Len, column.Len())
		}

		for i := range batch.Len {
			o.add(batch.Record(i, nil), batch.Location(i, 0))
		}

		batch.Release()
	}
}

func TestBatchesAgreeWithNext(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(r *rapid.T) {
		check := drawComparison(r)

		var expected, actual outcome

		rows, err := check.open(r, &expected)
		if err != nil {
			return
		}

		for expected.Err == nil {
			expected.next(r.Context(), rows)
		}

		rows, err = check.open(r, &actual)
		require.NoError(r, err)

		for range check.single {
			actual.next(r.Context(), rows)
		}

		if check.read.Format.Separator == "→" || check.read.Format.Quote == "→" {
			require.Nil(r, rows.Batches())

			return
		}

		batches := rows.BatchesOfChunks(check.size)
		actual.addBatches(r, batches)

		_, again := batches.NextBatch(r.Context())
		require.Equal(r, actual.Err, again)
		require.Equal(r, expected, actual)
	})
}
