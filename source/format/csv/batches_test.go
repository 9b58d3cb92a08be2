package csv_test

import (
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

func TestBatchesAgreeWithNext(t *testing.T) {
	t.Parallel()

	types := []map[string]source.Standard{
		nil,
		{"a": {Type: source.Integer}, "b": {Type: source.Date}},
		{"column1": {Type: source.Float}, "a": {Type: source.Decimal, Precision: 3, Scale: 2}, "b": {Type: source.Boolean}},
	}
	formats := append(formats(), source.Format{Quote: "'"}, source.Format{Notation: source.Notation{Trim: true}},
		source.Format{Notation: source.Notation{DecimalSeparator: "."}, Null: "x"})

	rapid.Check(t, func(r *rapid.T) {
		header := rapid.SampledFrom([]string{"a,b\n", "a,b\r\n", "a\n", "a\tb\n", ""}).Draw(r, "header")
		file := header + strings.Join(rapid.SliceOf(fragments()).Draw(r, "file"), "")
		size := rapid.IntRange(1, 60).Draw(r, "size")
		single := rapid.IntRange(0, 3).Draw(r, "single")
		rejects := rapid.IntRange(0, 4).Draw(r, "rejects") // 0 rejects none, and 4 all.
		read := source.Read{
			Format: rapid.SampledFrom(formats).Draw(r, "format"), Types: rapid.SampledFrom(types).Draw(r, "types"),
		}

		open := func(o *outcome) (*csv.Rows, error) {
			if rejects > 0 {
				read.Reject = func(reject source.Reject) error {
					o.Rejects = append(o.Rejects, reject)
					if rejects < 4 && len(o.Rejects) == rejects {
						return errors.New("too many")
					}

					return nil
				}
			}

			var from io.Reader = strings.NewReader(file)
			if rapid.Bool().Draw(r, "slow") {
				from = iotest.OneByteReader(from)
			}

			return csv.NewReader(from, read)
		}

		var expected, actual outcome

		rows, err := open(&expected)
		if err != nil {
			return
		}

		for expected.Err == nil {
			var record source.Record
			if record, expected.Err = rows.Next(t.Context()); expected.Err == nil {
				expected.add(record, rows.Location())
			}
		}

		rows, err = open(&actual)
		require.NoError(r, err)

		for range single {
			var record source.Record
			if record, actual.Err = rows.Next(t.Context()); actual.Err == nil {
				actual.add(record, rows.Location())
			}
		}

		if read.Format.Separator == "→" || read.Format.Quote == "→" {
			require.Nil(r, rows.Batches())

			return
		}

		batches := rows.BatchesOfChunks(size)

		for actual.Err == nil {
			var batch *source.Batch
			if batch, actual.Err = batches.NextBatch(t.Context()); actual.Err != nil {
				continue
			}

			require.Positive(r, batch.Len)

			for _, column := range batch.Columns {
				require.Equal(r, batch.Len, column.Len())
			}

			for i := range batch.Len {
				actual.add(batch.Record(i, nil), batch.Location(i, 0))
			}

			batch.Release()
		}

		_, again := batches.NextBatch(t.Context())
		require.Equal(r, actual.Err, again)
		require.Equal(r, expected, actual)
	})
}
